//! What a function returns, as bytes for a shared backend.
//!
//! The shape is the same as in memory. Whether its value can be written and read is a question for
//! [`storing`](super::storing).

use serde_core::Serialize;
use serde_core::de::DeserializeOwned;

use super::{Cacheable, Copying, OwnedResult, Plain, Shape, SharedResult, Split};
use crate::codec::Codec;
use crate::codec::fingerprint::Fingerprint;
use crate::codec::stored::{self, Bounds, Unread};
use crate::{Error, ErrorKind};

/// A shape whose results become bytes and come back.
pub trait SharedShape: Shape {
    /// Appends what is to be stored of a result; whether it is an error.
    ///
    /// Only what the policy stores comes here, so no error of a function that does not store errors. What could not be
    /// read back is an error. `types` are those of this shape.
    fn encode(
        returned: &Self::Return,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error>;

    /// The way back. `is_error` is what `encode` said.
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
    ) -> Result<Self::Shared, Unread>;

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
    pub(crate) fn of(&self, is_error: bool) -> Fingerprint {
        match (is_error, self.error) {
            (true, Some(error)) => error,
            _ => self.value,
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
    bounds: Bounds,
) -> Result<T, Unread> {
    match is_error {
        false => stored::read(bytes, codec, types.value, bounds),
        true => Err(Unread::Payload),
    }
}

fn no_errors() -> Error {
    Error::new(ErrorKind::Codec, "this function does not store errors, and here is one")
}

fn of_value<T: Storable>() -> Fingerprints {
    Fingerprints { value: Fingerprint::of::<T>(), error: None }
}

impl<R: Cacheable + Storable, C: Copying<R>> SharedShape for Plain<R, C> {
    fn encode(
        returned: &R,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        stored::write(returned, codec, types.value, bounds, out).map(|()| false)
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
    ) -> Result<R, Unread> {
        decode_value(bytes, is_error, codec, types, bounds)
    }
    fn fingerprints() -> Fingerprints {
        of_value::<R>()
    }
}

impl<T: Cacheable + Storable, E: Cacheable, C: Copying<T>> SharedShape for SharedResult<T, E, C> {
    fn encode(
        returned: &Result<T, E>,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let value = returned.as_ref().map_err(|_| no_errors())?;
        stored::write(value, codec, types.value, bounds, out).map(|()| false)
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
    ) -> Result<Result<T, E>, Unread> {
        decode_value(bytes, is_error, codec, types, bounds).map(Ok)
    }
    fn fingerprints() -> Fingerprints {
        of_value::<T>()
    }
}

impl<T: Cacheable + Storable, E, C: Copying<T>> SharedShape for OwnedResult<T, E, C> {
    fn encode(
        returned: &Result<T, E>,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let value = returned.as_ref().map_err(|_| no_errors())?;
        stored::write(value, codec, types.value, bounds, out).map(|()| false)
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
    ) -> Result<T, Unread> {
        decode_value(bytes, is_error, codec, types, bounds)
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
            fn shared(returned: &S::Return) -> Option<&S::Shared> {
                S::shared(returned)
            }
            fn keep(returned: S::Return) -> Result<S::Shared, S::Return> {
                S::keep(returned)
            }
            fn restore(shared: S::Shared) -> S::Return {
                S::restore(shared)
            }
            fn copy_out(shared: &S::Shared) -> S::Return {
                S::copy_out(shared)
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
    fn encode(
        returned: &Result<T, E>,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        match (returned, types.error) {
            (Ok(value), _) => stored::write(value, codec, types.value, bounds, out).map(|()| false),
            (Err(error), Some(of)) => stored::write(error, codec, of, bounds, out).map(|()| true),
            (Err(_), None) => Err(no_errors()),
        }
    }
    fn decode(
        bytes: &[u8],
        is_error: bool,
        codec: &Codec,
        types: &Fingerprints,
        bounds: Bounds,
    ) -> Result<Result<T, E>, Unread> {
        match (is_error, types.error) {
            (true, Some(error)) => stored::read(bytes, codec, error, bounds).map(Err),
            _ => decode_value(bytes, is_error, codec, types, bounds).map(Ok),
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
            fn encode(
                _: &S::Return,
                _: &Codec,
                _: &Fingerprints,
                _: Bounds,
                _: &mut Vec<u8>,
            ) -> Result<bool, Error> {
                Err(no_errors())
            }
            fn decode(
                _: &[u8],
                _: bool,
                _: &Codec,
                _: &Fingerprints,
                _: Bounds,
            ) -> Result<S::Shared, Unread> {
                Err(Unread::Payload)
            }
            fn fingerprints() -> Fingerprints {
                of_value::<()>()
            }
        }
    )*};
}
refused!(Unstored UnstoredError);
