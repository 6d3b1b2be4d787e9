//! What a cache costs, and what it spares: measured beside named peers, in one run. See `goals`.

pub mod contestants;
pub mod measure;
pub mod print;
pub mod themes;
