//! What is never used twice.

use std::hash::{BuildHasher, RandomState};

/// 128 random bits, new for each use.
pub type Token = [u8; 16];

/// Random bits of the operating system, which are others in a forked process.
pub(crate) fn token() -> Token {
    let mut token = Token::default();
    if getrandom::fill(&mut token).is_err() {
        // There is no such system among those that have processes. A hash with random keys is unique as well.
        for (at, half) in token.chunks_mut(8).enumerate() {
            half.copy_from_slice(&RandomState::new().hash_one(at).to_le_bytes());
        }
    }
    token
}
