//! The policy of a function, the attribute's options as data: whether a result is stored, for how long, and with which
//! weight.

use std::time::Duration;

use crate::hooks;
use crate::shape::Shape;

/// The lifetime of entries.
pub enum Lifetime<T> {
    /// Without an end.
    Forever,
    /// The same for every value.
    Fixed(fn() -> Duration),
    /// A function of the value.
    By(fn(&T) -> Duration),
}

impl<T> Lifetime<T> {
    fn of(&self, value: &T) -> Option<Duration> {
        match self {
            Self::Forever => None,
            Self::Fixed(lifetime) => Some(lifetime()),
            Self::By(lifetime) => Some(lifetime(value)),
        }
    }
}

/// The options that decide about a result. Closures come as function pointers: none of them sees the arguments,
/// so none may capture.
pub struct Policy<K, S: Shape> {
    /// Lifetime of a value.
    pub ttl: Lifetime<S::Value>,
    /// Which errors are stored.
    pub cache_err: Option<fn(&S::Error) -> bool>,
    /// Lifetime of a stored error.
    pub err_ttl: Lifetime<S::Error>,
    /// Recognises a `None` that is not to be stored.
    pub is_none: Option<fn(&S::Return) -> bool>,
    /// The user's own condition.
    pub cache_if: Option<fn(&S::Return) -> bool>,
    /// The weight of an entry.
    pub weigher: Option<fn(&K, &S::Value) -> u32>,
    /// Decides all but the weight, in the place of the fields above: a generated function with the user's expressions.
    pub judge: Option<fn(&S::Return) -> Judgement>,
}

/// The judgement of a result by a policy, but for its weight.
pub enum Judgement {
    /// The result is stored, for this lifetime; without one, for ever.
    Store(Option<Duration>),
    /// A value that is not stored.
    Refuse,
    /// An error that is not stored.
    Fail,
}

/// Judges a result. The shape is the first argument, so that the types of the policy's closures are known.
pub fn judgement<S: Shape>(_: S, policy: Policy<(), S>, returned: &S::Return) -> Judgement {
    policy.judgement(returned)
}

impl<K, S: Shape> Policy<K, S> {
    /// Stores every value and no error, for ever.
    #[allow(clippy::new_without_default, reason = "only generated code makes one")]
    pub const fn new() -> Self {
        Self {
            ttl: Lifetime::Forever,
            cache_err: None,
            err_ttl: Lifetime::Forever,
            is_none: None,
            cache_if: None,
            weigher: None,
            judge: None,
        }
    }

    /// Decides about a result. All user code that decides runs here, before anything has changed.
    pub(crate) fn judge(&self, key: &K, returned: &S::Return) -> Verdict {
        if hooks::is_off() {
            return S::inspect(returned).map_or(Verdict::Fail, |_| Verdict::Refuse);
        }
        let lifetime = match self.judge.map_or_else(|| self.judgement(returned), |judge| judge(returned)) {
            Judgement::Store(lifetime) => lifetime,
            Judgement::Refuse => return Verdict::Refuse,
            Judgement::Fail => return Verdict::Fail,
        };
        let weight = match (self.weigher, S::inspect(returned)) {
            (Some(weigher), Ok(value)) => weigher(key, value),
            _ => 1,
        };
        Verdict::Store { lifetime, weight }
    }

    fn judgement(&self, returned: &S::Return) -> Judgement {
        let lifetime = match S::inspect(returned) {
            Err(error) => match self.cache_err {
                Some(cache_err) if cache_err(error) => self.err_ttl.of(error),
                _ => return Judgement::Fail,
            },
            Ok(_) if self.is_none.is_some_and(|is_none| is_none(returned)) => return Judgement::Refuse,
            Ok(value) => self.ttl.of(value),
        };
        if lifetime == Some(Duration::ZERO) || self.cache_if.is_some_and(|cache_if| !cache_if(returned)) {
            return Judgement::Refuse;
        }
        Judgement::Store(lifetime)
    }
}

/// The verdict on a result, weight included.
pub(crate) enum Verdict {
    Store {
        lifetime: Option<Duration>,
        weight: u32,
    },
    /// A value that is not to be stored.
    Refuse,
    /// An error that is not to be stored.
    Fail,
}

/// The types that `capacity = …` accepts: any integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a capacity",
    label = "expected an integer, or the word `unbounded`",
    note = "a capacity is a number of entries, or a weight with `weigher = |key, value| …`"
)]
pub trait IntoCapacity {
    /// The number; a negative one is zero.
    fn into_capacity(self) -> u64;
}

/// The question *which capacity is this?*, asked by autoref specialization. A type that is no capacity is no error
/// here, since another expression reports it.
pub struct CapacityOf<T>(pub T);

/// First answer: a number.
pub trait ViaCapacity {
    /// Answers.
    fn __capacity(&self) -> u64;
}

impl<T: IntoCapacity + Copy> ViaCapacity for &CapacityOf<T> {
    fn __capacity(&self) -> u64 {
        self.0.into_capacity()
    }
}

/// Last answer: none.
pub trait ViaNoCapacity {
    /// Answers.
    fn __capacity(&self) -> u64;
}

impl<T> ViaNoCapacity for CapacityOf<T> {
    fn __capacity(&self) -> u64 {
        0
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoCapacity for $integer {
            #[allow(clippy::allow_attributes, unused_comparisons, reason = "one body for all integers")]
            fn into_capacity(self) -> u64 {
                u64::try_from(self).unwrap_or(if self < 0 { 0 } else { u64::MAX })
            }
        }
    )*};
}
integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
