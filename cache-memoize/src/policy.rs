//! Whether a result is stored, for how long, and how heavy it is: the options of the attribute, as data.

use std::time::Duration;

use crate::hooks;
use crate::shape::Shape;

/// How long an entry lives.
pub enum Lifetime<T> {
    /// It never expires.
    Forever,
    /// The same for every value.
    Fixed(fn() -> Duration),
    /// By the value.
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
        }
    }

    /// Decides about a result. All user code that decides runs here, before anything has changed.
    pub(crate) fn judge(&self, key: &K, returned: &S::Return) -> Verdict {
        if hooks::is_off() {
            return S::inspect(returned).map_or(Verdict::Fail, |_| Verdict::Refuse);
        }
        let (lifetime, weight) = match S::inspect(returned) {
            Err(error) => match self.cache_err {
                Some(cache_err) if cache_err(error) => (self.err_ttl.of(error), 1),
                _ => return Verdict::Fail,
            },
            Ok(_) if self.is_none.is_some_and(|is_none| is_none(returned)) => return Verdict::Refuse,
            Ok(value) => (self.ttl.of(value), self.weigher.map_or(1, |weigher| weigher(key, value))),
        };
        if lifetime == Some(Duration::ZERO) || self.cache_if.is_some_and(|cache_if| !cache_if(returned)) {
            return Verdict::Refuse;
        }
        Verdict::Store { lifetime, weight }
    }
}

/// What becomes of a result.
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

/// What `capacity = …` accepts: any integer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a capacity",
    label = "expected an integer, or the word `unbounded`",
    note = "a capacity is a number of entries, or a weight with `weigher = |key, value| …`"
)]
pub trait IntoCapacity {
    /// The number; a negative one is zero.
    fn into_capacity(self) -> u64;
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
