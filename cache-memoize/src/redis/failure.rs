//! What can go wrong between us and a server, and how that is told to the cache.

use std::fmt;
use std::io;
use std::time::Duration;

use ::redis::{ErrorKind as Kind, RedisError, ServerError, Value};

use super::secrets::Secrets;
use crate::{Error, ErrorKind};

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) what: What,
    /// In the server's own words, where it said any. Only [`into_error`](Self::into_error) shows them.
    words: String,
}

/// What is said instead of a server's own words.
const REFUSED_LOGIN: &str =
    "the server refused the login; is it the right user name and password, and does it want one?";

/// Codes that say why a login was refused, and are the server's own.
const LEGIBLE: [&str; 6] = ["WRONGPASS", "NOAUTH", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "BUSY"];

/// What a failure means for the connection and for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The deadline is over.
    Timeout,
    /// A connection that existed has ended.
    Dropped,
    /// There is no connection and cannot be one now.
    Unreachable,
    /// The server is in no state to serve: it loads, has no master, or a script keeps it busy.
    Unfit,
    /// The server refuses writes because it is a replica.
    ReadOnly,
    /// The server does not know the script.
    NoScript,
    /// Something else is stored under the key.
    WrongType,
    /// A key of a slot that moves is there, and one beside it is not.
    TryAgain,
    /// The server answered with another error, or with something that is no answer.
    Refused,
}

impl Failure {
    pub(super) fn new(what: What, words: impl Into<String>) -> Self {
        Self { what, words: words.into() }
    }

    pub(super) fn timeout() -> Self {
        Self::new(What::Timeout, "no answer in time")
    }

    /// An answer that the scripts do not give.
    pub(super) fn strange(value: &Value) -> Self {
        // The answer may hold a value, which is nobody's business.
        let kind = match value {
            Value::Nil => "nil",
            Value::Int(_) => "a number",
            Value::BulkString(_) | Value::SimpleString(_) => "a string",
            Value::Array(_) => "an array of another shape",
            _ => "something else",
        };
        Self::new(What::Refused, format!("the server answered with {kind}; is it a Redis?"))
    }

    /// Whether a fresh connection may do better at once.
    pub(super) fn is_dropped(&self) -> bool {
        self.what == What::Dropped
    }

    /// Whether the server should be looked for again: it moved, or is no master any more.
    pub(super) fn wants_another_connection(&self) -> bool {
        matches!(self.what, What::ReadOnly | What::Unfit)
    }

    /// While connecting: there was nothing to be dropped.
    pub(super) fn while_connecting(self) -> Self {
        let what = if self.what == What::Dropped { What::Unreachable } else { self.what };
        Self { what, words: format!("connecting: {}", self.words) }
    }

    /// The answer to a login is never quoted: it may quote the login.
    pub(super) fn of_login(self) -> Self {
        match self.what {
            What::Timeout | What::Dropped | What::Unreachable => self,
            What::Unfit if LEGIBLE.iter().any(|code| self.words.split(' ').next() == Some(code)) => {
                let code = self.words.split(' ').next().unwrap_or_default();
                Self::new(What::Unfit, format!("{code}: the server refused the login"))
            }
            _ => Self::new(What::Unreachable, REFUSED_LOGIN),
        }
    }

    /// As the cache sees it.
    pub(super) fn into_error(self, name: &str, doing: &str, limit: Duration, secrets: &Secrets) -> Error {
        let kind = match self.what {
            What::Timeout => ErrorKind::Timeout,
            What::Dropped | What::Unreachable | What::Unfit => ErrorKind::Unavailable,
            What::ReadOnly | What::NoScript | What::WrongType | What::TryAgain | What::Refused => {
                ErrorKind::Backend
            }
        };
        let limit = if self.what == What::Timeout { format!(" ({limit:?})") } else { String::new() };
        Error::new(kind, format!("{name}: {doing}: {}{limit}", secrets.cleared(self.words)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Self::timeout(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
                Self::new(What::Unreachable, error.to_string())
            }
            _ => Self::new(What::Dropped, error.to_string()),
        }
    }
}

impl From<&ServerError> for Failure {
    fn from(error: &ServerError) -> Self {
        let code = error.code();
        let words = error.details().map(unscripted).unwrap_or_default();
        let what = match code {
            "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "BUSY" | "NOAUTH" | "WRONGPASS" | "MOVED" | "ASK" => {
                What::Unfit
            }
            "ERR" if words.starts_with("max number of clients") => What::Unfit,
            // What a server without our password says to a long request; it ends the connection then.
            "ERR" if words.starts_with("Protocol error") => What::Unfit,
            "READONLY" => What::ReadOnly,
            "NOSCRIPT" => What::NoScript,
            "WRONGTYPE" => What::WrongType,
            "TRYAGAIN" => What::TryAgain,
            _ => What::Refused,
        };
        Self::new(what, format!("{code} {words}"))
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::timeout();
        }
        if error.is_connection_refusal() {
            return Self::new(What::Unreachable, error.to_string());
        }
        let what = match error.kind() {
            Kind::Server(_) | Kind::Extension => match ServerError::try_from(error.clone()) {
                Ok(error) => return Self::from(&error),
                Err(_) => What::Refused,
            },
            Kind::AuthenticationFailed => {
                return Self::new(What::Unreachable, REFUSED_LOGIN);
            }
            // After garbage the connection is of no use.
            Kind::Parse | Kind::Io => What::Dropped,
            Kind::ClusterConnectionNotFound
            | Kind::MasterNameNotFoundBySentinel
            | Kind::NoValidReplicasFoundBySentinel => What::Unreachable,
            _ => What::Refused,
        };
        Self::new(what, error.to_string())
    }
}

/// The server's words without the name and line of our script, which mean nothing to a reader.
fn unscripted(words: &str) -> &str {
    words.split_once(" script: ").map_or(words, |(words, _)| words)
}

/// An answer, where errors of the server are errors.
pub(super) fn settle(answer: Result<Value, RedisError>) -> Result<Value, Failure> {
    match answer {
        Ok(Value::ServerError(error)) => Err(Failure::from(&error)),
        Ok(value) => Ok(value),
        Err(error) => Err(error.into()),
    }
}
