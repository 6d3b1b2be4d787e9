//! Ten thousand instances of one function.

use cache_memoize::cache_memoize;

use crate::Call;

#[cache_memoize(ttl = 3600, capacity = 20_000)]
fn instance<const NUMBER: usize>(key: u64) -> u64 {
    key + NUMBER as u64
}

macro_rules! ten {
    ($into:ident, $base:expr) => {
        $into.push(instance::<{ $base + 0 }>);
        $into.push(instance::<{ $base + 1 }>);
        $into.push(instance::<{ $base + 2 }>);
        $into.push(instance::<{ $base + 3 }>);
        $into.push(instance::<{ $base + 4 }>);
        $into.push(instance::<{ $base + 5 }>);
        $into.push(instance::<{ $base + 6 }>);
        $into.push(instance::<{ $base + 7 }>);
        $into.push(instance::<{ $base + 8 }>);
        $into.push(instance::<{ $base + 9 }>);
    };
}
macro_rules! hundred {
    ($into:ident, $base:expr) => {
        ten!($into, $base + 0);
        ten!($into, $base + 10);
        ten!($into, $base + 20);
        ten!($into, $base + 30);
        ten!($into, $base + 40);
        ten!($into, $base + 50);
        ten!($into, $base + 60);
        ten!($into, $base + 70);
        ten!($into, $base + 80);
        ten!($into, $base + 90);
    };
}
macro_rules! thousand {
    ($into:ident, $base:expr) => {
        hundred!($into, $base + 0);
        hundred!($into, $base + 100);
        hundred!($into, $base + 200);
        hundred!($into, $base + 300);
        hundred!($into, $base + 400);
        hundred!($into, $base + 500);
        hundred!($into, $base + 600);
        hundred!($into, $base + 700);
        hundred!($into, $base + 800);
        hundred!($into, $base + 900);
    };
}
macro_rules! ten_thousand {
    ($into:ident, $base:expr) => {
        thousand!($into, $base + 0);
        thousand!($into, $base + 1000);
        thousand!($into, $base + 2000);
        thousand!($into, $base + 3000);
        thousand!($into, $base + 4000);
        thousand!($into, $base + 5000);
        thousand!($into, $base + 6000);
        thousand!($into, $base + 7000);
        thousand!($into, $base + 8000);
        thousand!($into, $base + 9000);
    };
}

/// All of them.
pub(crate) fn all() -> Vec<Call> {
    let mut all: Vec<Call> = Vec::new();
    ten_thousand!(all, 0);
    all
}
