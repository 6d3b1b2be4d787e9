//! Choices that can be made again: a seed gives the same ones each time.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

/// Marsaglia's xorshift, 64 bits.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        // Seeds that are near each other give numbers that are not.
        let mixed = (seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mut random = Self((mixed ^ mixed >> 31) | 1);
        for _ in 0..4 {
            random.next();
        }
        random
    }

    /// Any number but zero.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below that one.
    ///
    /// # Panics
    /// When there is none.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high bits are the better ones, and a bias this small does no harm here.
        (self.next() >> 11) % bound
    }

    /// True once in so many times.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of them, by weight.
    ///
    /// # Panics
    /// When the weights add up to nothing.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *choice,
            }
        }
        unreachable!("less than the sum")
    }

    /// A number below `bound`, the small ones much more often: about as 1/(n+1).
    pub fn zipf(&mut self, bound: u64) -> u64 {
        let uniform = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        (((bound as f64 + 1.0).powf(uniform) - 1.0) as u64).min(bound - 1)
    }
}

thread_local! {
    static LOCAL: RefCell<Random> = RefCell::new(Random::new(0));
}

/// Seeds the choices of bodies that run on this thread.
pub fn seed_thread(seed: u64) {
    LOCAL.set(Random::new(seed));
}

/// Makes a choice in a body.
pub fn locally<R>(choose: impl FnOnce(&mut Random) -> R) -> R {
    LOCAL.with_borrow_mut(choose)
}

/// From the environment variable, or another one each time.
///
/// # Panics
/// When it is no number.
pub fn seed(variable: &str) -> u64 {
    match std::env::var(variable) {
        Ok(seed) => seed.parse().unwrap_or_else(|_| panic!("{variable}={seed} is no number")),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |time| time.as_nanos() as u64 % 1_000_000_007),
    }
}
