//! What a function returns, as bytes for a shared backend.
//!
//! The shape is the same as in memory. Whether its value can be written and read is a question for
//! [`storing`](super::storing).

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::{Cacheable, Copying, OwnedResult, Plain, Shape, SharedResult, Split};
use crate::shared::codec::{Codec, Parts};
use crate::shared::fingerprint::Fingerprint;
use crate::{Error, ErrorKind};

/// A shape whose results become bytes and come back.
pub trait SharedShape: Shape {
    /// Appends what is to be stored of a result; whether it is an error, and how many parts it has.
    ///
    /// Only what the policy stores comes here, so no error of a function that does not store errors.
    fn encode(returned: &Self::Return, codec: &Codec, out: &mut Vec<u8>) -> Result<(bool, Parts), Error>;

    /// The way back. `is_error` is what `encode` said, `types` those of this shape. See [`Codec::decode_within`] for
    /// `most`.
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        most: usize,
    ) -> Result<Self::Shared, Error>;

    /// The types that are stored. Finding it out takes microseconds; keep it.
    fn fingerprints() -> Fingerprints;
}

/// The types that a function stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// That of values.
    pub(crate) value: Fingerprint,
    /// That of errors, if they are stored.
    pub(crate) error: Option<Fingerprint>,
}

impl Fingerprints {
    /// That of what `is_error` says is stored. Errors that are not stored have none that matters.
    pub(crate) fn of(&self, is_error: bool) -> u64 {
        match (is_error, self.error) {
            (true, Some(error)) => error.hash,
            _ => self.value.hash,
        }
    }
}

/// What a codec can write and read.
pub trait Storable: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Storable for T {}

fn decode_value<T: Storable>(
    bytes: &[u8],
    is_error: bool,
    codec: &Codec,
    types: &Fingerprints,
    most: usize,
) -> Result<T, Error> {
    match is_error {
        false => codec.decode_within(bytes, types.value, most),
        true => Err(no_errors()),
    }
}

fn no_errors() -> Error {
    Error::new(ErrorKind::Codec, "this function does not store errors, and here is one")
}

fn of_value<T: Storable>() -> Fingerprints {
    Fingerprints { value: Fingerprint::of::<T>(), error: None }
}

impl<R: Cacheable + Storable, C: Copying<R>> SharedShape for Plain<R, C> {
    fn encode(returned: &R, codec: &Codec, out: &mut Vec<u8>) -> Result<(bool, Parts), Error> {
        codec.encode_parts(returned, out).map(|parts| (false, parts))
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        most: usize,
    ) -> Result<R, Error> {
        decode_value(bytes, is_error, codec, types, most)
    }
    fn fingerprints() -> Fingerprints {
        of_value::<R>()
    }
}

impl<T: Cacheable + Storable, E: Cacheable, C: Copying<T>> SharedShape for SharedResult<T, E, C> {
    fn encode(returned: &Result<T, E>, codec: &Codec, out: &mut Vec<u8>) -> Result<(bool, Parts), Error> {
        let value = returned.as_ref().map_err(|_| no_errors())?;
        codec.encode_parts(value, out).map(|parts| (false, parts))
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        most: usize,
    ) -> Result<Result<T, E>, Error> {
        decode_value(bytes, is_error, codec, types, most).map(Ok)
    }
    fn fingerprints() -> Fingerprints {
        of_value::<T>()
    }
}

impl<T: Cacheable + Storable, E, C: Copying<T>> SharedShape for OwnedResult<T, E, C> {
    fn encode(returned: &Result<T, E>, codec: &Codec, out: &mut Vec<u8>) -> Result<(bool, Parts), Error> {
        let value = returned.as_ref().map_err(|_| no_errors())?;
        codec.encode_parts(value, out).map(|parts| (false, parts))
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        most: usize,
    ) -> Result<T, Error> {
        decode_value(bytes, is_error, codec, types, most)
    }
    fn fingerprints() -> Fingerprints {
        of_value::<T>()
    }
}

macro_rules! wrapper {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<S>(pub(super) S);

        impl<S: Split> Split for $name<S> {
            type Return = S::Return;
            type Value = S::Value;
            type Error = S::Error;
            type Shared = S::Shared;

            fn inspect(returned: &S::Return) -> Result<&S::Value, &S::Error> {
                S::inspect(returned)
            }
            fn share(returned: &S::Return) -> Option<S::Shared> {
                S::share(returned)
            }
            fn keep(returned: S::Return) -> Result<S::Shared, S::Return> {
                S::keep(returned)
            }
            fn restore(shared: S::Shared) -> S::Return {
                S::restore(shared)
            }
        }
    };
}

wrapper!(
    /// A `Result` of which errors are stored as well.
    WithErrors
);
wrapper!(
    /// A shape whose value cannot be stored.
    Unstored
);
wrapper!(
    /// A `Result` whose value can be stored and whose error cannot.
    UnstoredError
);

impl<T: Cacheable + Storable, E: Cacheable + Storable, C: Copying<T>> SharedShape
    for WithErrors<SharedResult<T, E, C>>
{
    fn encode(returned: &Result<T, E>, codec: &Codec, out: &mut Vec<u8>) -> Result<(bool, Parts), Error> {
        match returned {
            Ok(value) => codec.encode_parts(value, out).map(|parts| (false, parts)),
            Err(error) => codec.encode_parts(error, out).map(|parts| (true, parts)),
        }
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        most: usize,
    ) -> Result<Result<T, E>, Error> {
        match (is_error, types.error) {
            (true, Some(error)) => codec.decode_within(bytes, error, most).map(Err),
            _ => decode_value(bytes, is_error, codec, types, most).map(Ok),
        }
    }
    fn fingerprints() -> Fingerprints {
        Fingerprints { value: Fingerprint::of::<T>(), error: Some(Fingerprint::of::<E>()) }
    }
}

/// Of a program that does not compile.
macro_rules! refused {
    ($($name:ident)*) => {$(
        impl<S: Shape> SharedShape for $name<S> {
            fn encode(_: &S::Return, _: &Codec, _: &mut Vec<u8>) -> Result<(bool, Parts), Error> {
                Err(no_errors())
            }
            fn decode(_: &[u8], _: bool, _: &Codec, _: &Fingerprints, _: usize) -> Result<S::Shared, Error> {
                Err(no_errors())
            }
            fn fingerprints() -> Fingerprints {
                of_value::<()>()
            }
        }
    )*};
}
refused!(Unstored UnstoredError);
