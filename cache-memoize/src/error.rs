//! Why a companion could not do its work.

use std::fmt;
use std::sync::Arc;

/// Why a companion of a function with a `backend` could not do its work.
///
/// The function itself never returns this: it computes when the cache cannot answer.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    /// Shared, for every call gets a copy while a backend is down.
    context: Arc<str>,
}

/// What kind of failure an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting that cannot work, such as a malformed URL.
    Setting,
    /// The backend could not be reached, or is in no state to serve.
    Unavailable,
    /// The backend did not answer in time.
    Timeout,
    /// The backend answered with an error.
    Backend,
    /// A key or a value could not be encoded or decoded.
    Codec,
}

impl Error {
    /// An error of the given kind; `context` names the thing, the value and the cure.
    ///
    /// ```
    /// use cache_memoize::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::Unavailable, "connecting to 127.0.0.1:6379: connection refused");
    /// assert_eq!(error.kind(), ErrorKind::Unavailable);
    /// ```
    pub fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into().into() }
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl std::error::Error for Error {}
