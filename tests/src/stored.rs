//! What Redis calls the keys of a function, in the namespace that a backend has unless it is given another one.

/// Where the value of a call is whose `f_cache_key` is this.
pub fn value(text: &str) -> String {
    format!("memo:{text}")
}

/// Where its fence is.
pub fn fence(text: &str) -> String {
    format!("memo{{memo:{text}}}:fence")
}

/// Where the generation of a group is: of a function's path, or its `prefix`.
pub fn generation(group: &str) -> String {
    format!("memo:\u{1f}{{{group}}}")
}

/// Whether a key is that of a generation.
pub fn is_generation(key: &str) -> bool {
    key.contains(":\u{1f}{")
}
