//! What is told apart by `Hash` and not by `Serialize`: two arguments that are written alike are one call on a shared
//! backend, also if what differs was left out by a `#[serde(skip)]`, or by a `Serialize` that keeps a secret.
//!
//! In a build with debug assertions a key carries a *witness* beside its text: what those arguments that are `Hash + Eq`
//! feed to a hasher. Equal arguments feed the same, so two witnesses for one text are two calls for one entry. In any
//! other build there is none, and nothing is hashed.

#[cfg(debug_assertions)]
use std::hash::DefaultHasher;
use std::hash::Hasher;

/// What the arguments of a call feed to a hasher, in 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Witness(#[cfg(debug_assertions)] Option<[u64; 2]>);

impl Witness {
    /// Of what `feed` feeds, unless that panics: then there is none, for a check must not end the call.
    #[cfg(debug_assertions)]
    pub(crate) fn of(feed: impl Fn(&mut dyn Hasher)) -> Self {
        use std::panic::{AssertUnwindSafe, catch_unwind};

        // The keys of this hasher are the same everywhere, and what it is begun with tells the halves apart.
        let half = |start: u8| {
            let mut state = DefaultHasher::new();
            state.write_u8(start);
            feed(&mut state);
            state.finish()
        };
        Self(catch_unwind(AssertUnwindSafe(|| [half(0), half(1)])).ok())
    }

    #[cfg(not(debug_assertions))]
    pub(crate) fn of(_: impl Fn(&mut dyn Hasher)) -> Self {
        Self()
    }
}

/// The calls that were seen lately, by the text of their keys: so many places, one for each hash of a text.
#[derive(Default)]
pub(crate) struct Witnesses(#[cfg(debug_assertions)] std::sync::Mutex<Seen>);

#[cfg(debug_assertions)]
#[derive(Default)]
struct Seen {
    /// The 128-bit hash of a text, and the witness of its call.
    places: Vec<([u8; 16], [u64; 2])>,
    /// One function, one complaint.
    has_told: bool,
}

#[cfg(debug_assertions)]
const PLACES: usize = 1024;

impl Witnesses {
    /// Sees a call whose key has a text of this hash. Whether it is the first to be found that is written like another
    /// one.
    #[cfg(debug_assertions)]
    pub(crate) fn is_news(&self, text: [u8; 16], witness: Witness) -> bool {
        let Witness(Some(witness)) = witness else { return false };
        let mut seen = crate::sync::lock(&self.0);
        if seen.has_told {
            return false;
        }
        if seen.places.is_empty() {
            seen.places = vec![Default::default(); PLACES];
        }
        let at = usize::from(u16::from_le_bytes([text[0], text[1]])) % PLACES;
        let (before, of_it) = seen.places[at];
        if before != text {
            seen.places[at] = (text, witness);
            return false;
        }
        seen.has_told = of_it != witness;
        seen.has_told
    }

    #[cfg(not(debug_assertions))]
    pub(crate) fn is_news(&self, _: [u8; 16], _: Witness) -> bool {
        false
    }
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;
    use std::hash::Hash;

    fn of(value: impl Hash) -> Witness {
        Witness::of(|mut state| value.hash(&mut state))
    }

    #[test]
    fn one_text_and_two_values_are_news_once() {
        let seen = Witnesses::default();
        assert!(!seen.is_news([1; 16], of(1)) && !seen.is_news([1; 16], of(1)));
        assert!(!seen.is_news([2; 16], of(2)) && !seen.is_news([3; 16], of(1)));
        // One value with two texts is no loss.
        assert!(!seen.is_news([4; 16], of(1)));
        assert!(seen.is_news([1; 16], of(3)));
        assert!(!seen.is_news([1; 16], of(1)) && !seen.is_news([2; 16], of(7)));
    }

    #[test]
    fn texts_that_share_a_place_take_turns() {
        let seen = Witnesses::default();
        let (one, mut other) = ([1; 16], [1; 16]);
        other[15] = 2;
        for _ in 0..3 {
            assert!(!seen.is_news(one, of(1)) && !seen.is_news(other, of(2)));
        }
        assert_eq!(lock_len(&seen), PLACES);
    }

    fn lock_len(seen: &Witnesses) -> usize {
        crate::sync::lock(&seen.0).places.len()
    }

    #[test]
    fn a_hash_that_panics_is_no_witness() {
        struct Faulty;
        impl Hash for Faulty {
            fn hash<H: Hasher>(&self, _: &mut H) {
                std::panic::resume_unwind(Box::new("faulty"));
            }
        }
        let seen = Witnesses::default();
        assert!(!seen.is_news([1; 16], of(1)) && !seen.is_news([1; 16], of(Faulty)));
    }
}
