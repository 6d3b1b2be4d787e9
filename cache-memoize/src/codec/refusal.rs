//! Refusals: the reasons of ours for which a value is not written, or a payload not read.
//!
//! A refusal is kept beside the error that goes through the format, since some formats drop the text of an error.

use std::fmt;

/// The most levels that a value may nest. `serde_json` allows as many. Each level is a few frames on the stack.
pub(super) const DEEPEST: u32 = 127;

/// A limit that was met, or a loss that was avoided.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    TooDeep,
    TooMany,
    TooLarge { held: usize, most: usize },
    NestedNull,
    NotFinite,
    SkippedField(&'static str),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "it nests more than {DEEPEST} levels"),
            Self::TooMany => f.write_str("it holds more elements than its bytes can; store the number of those that are written as nothing"),
            Self::TooLarge { held, most } => write!(
                f,
                "it takes {held} bytes of memory or more when it is read, and `max_decoded_size` is {most}; store less, \
                 or allow more"
            ),
            Self::NestedNull => f.write_str("it has a `Some` of nothing, which would be read as `None`"),
            Self::NotFinite => f.write_str("it has a number that is not finite, for which there is no form"),
            Self::SkippedField(name) => write!(
                f,
                "its field `{name}` is skipped, but fields are found by their place; use a codec with names, \
                 such as MessagePack"
            ),
        }
    }
}
