//! What is stored.

use serde::{Deserialize, Serialize};

/// A row of some table.
#[derive(Clone, Serialize, Deserialize)]
pub struct Post {
    id: u64,
    author: String,
    title: String,
    text: String,
    tags: Vec<String>,
    votes: i64,
    hidden: bool,
}

impl Post {
    /// 300 bytes or so.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            author: "Ursula K. Le Guin".into(),
            title: "The Dispossessed".into(),
            text: "There was a wall. It did not look important. ".repeat(4),
            tags: vec!["utopia".into(), "physics".into(), "walls".into()],
            votes: -7,
            hidden: false,
        }
    }

    /// As our default codec does.
    pub fn encode(&self) -> Vec<u8> {
        bincode::serde::encode_to_vec(self, bincode::config::standard()).expect("a post can be encoded")
    }

    /// With the bound that ours has.
    pub fn decode(bytes: &[u8]) -> Self {
        let limited = bincode::config::standard().with_limit::<{ 1 << 20 }>();
        bincode::serde::decode_from_slice(bytes, limited).expect("what was encoded").0
    }
}
