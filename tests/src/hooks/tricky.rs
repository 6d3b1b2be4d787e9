//! An argument and a result that tell whenever the cache runs code of theirs.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Hook, at};

/// An argument.
#[derive(Debug)]
pub struct Key(pub u64);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        at(Hook::EqKey);
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        at(Hook::HashKey);
        self.0.hash(state);
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        at(Hook::CloneKey);
        Self(self.0)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        at(Hook::DropKey);
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        at(Hook::SerializeArgument);
        serializer.serialize_u64(self.0)
    }
}

/// What a function returns.
#[derive(Debug)]
pub struct Value(pub u64);

impl Clone for Value {
    fn clone(&self) -> Self {
        at(Hook::CloneValue);
        Self(self.0)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        at(Hook::DropValue);
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        at(Hook::SerializeValue);
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        at(Hook::DeserializeValue);
        u64::deserialize(deserializer).map(Self)
    }
}

/// The reached hook, and then the value.
pub fn passing<T>(hook: Hook, value: T) -> T {
    at(hook);
    value
}
