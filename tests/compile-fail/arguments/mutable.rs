//! What the function may change does not identify a call.

use cache_memoize::cache_memoize;

#[cache_memoize(ttl = 5)]
fn not_skipped(connection: &mut Vec<u8>, id: u64) -> u64 {
    connection.push(0);
    id
}

#[cache_memoize(ttl = 5)]
fn without_name((id, _): &mut (u64, u64)) -> u64 {
    *id
}

struct Counter(u64);

impl Counter {
    #[cache_memoize(ttl = 5)]
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[cache_memoize(ttl = 5)]
    fn spelt_out(self: &mut Self, by: u64) -> u64 {
        self.0 += by;
        self.0
    }
}

fn main() {}
