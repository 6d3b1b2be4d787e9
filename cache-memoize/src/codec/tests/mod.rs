//! Tests of the promises that all formats keep, and of the bytes that must not change.

mod golden;

// These compare the formats, so they need all of them.
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod damage;
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod held;
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod hostile;
#[cfg(all(feature = "bincode", feature = "postcard", feature = "messagepack", feature = "json"))]
mod roundtrip;
