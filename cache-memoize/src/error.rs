//! Why a companion could not do its work.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// Why a companion of a function with a `backend` could not do its work.
///
/// The function itself never returns this: it computes when the cache cannot answer. With a `Memory` that is named by an
/// expression there is never one.
///
/// [`kind`](Self::kind) is for programs, `Display` for people: which backend, its task, its answer. A login is quoted
/// nowhere.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    /// Shared, for every call gets a copy while a backend is down.
    context: Arc<str>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kind of failure that an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting that cannot work, such as a malformed URL, or a name that was never registered. Look at the start-up.
    Setting,
    /// The backend could not be reached, or is in no state to serve: it loads, has no master, refuses the login. Repeat
    /// the operation later.
    Unavailable,
    /// The backend did not answer in time. The operation may have happened; repeat it.
    Timeout,
    /// The backend answered with an error: `READONLY`, `OOM`, `NOPERM`. Look at the server.
    Backend,
    /// A key or a value could not be encoded or decoded, or is larger than `max_value_size` or `max_decoded_size`. Look at
    /// the type.
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
        Self { kind, context: context.into().into(), source: None }
    }

    /// With the error that caused it, which [`source`](StdError::source) returns. `Display` does not repeat it.
    ///
    /// It is meant for backends of your own. Errors of `Redis` have no source, since the client's
    /// errors may quote a login.
    ///
    /// ```
    /// use cache_memoize::{Error, ErrorKind};
    /// use std::{error::Error as _, io};
    ///
    /// let cause = io::Error::other("no space left on device");
    /// let error = Error::new(ErrorKind::Backend, "writing to pages.cache").with_source(cause);
    /// assert_eq!(error.to_string(), "writing to pages.cache");
    /// assert_eq!(error.source().unwrap().to_string(), "no space left on device");
    /// ```
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: Some(Arc::from(source.into())), ..self }
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

// It is only read.
impl UnwindSafe for Error {}
impl RefUnwindSafe for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
