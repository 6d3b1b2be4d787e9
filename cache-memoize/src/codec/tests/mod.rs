//! What the formats promise, one beside the other, and the bytes that must not change.

mod golden;

// They compare the formats, so they need all of them.
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod damage;
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod held;
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod hostile;
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod roundtrip;
