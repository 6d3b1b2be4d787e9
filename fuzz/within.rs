//! Counts the memory that reading takes.

pub fn within(limit: u64, run: &mut dyn FnMut()) {
    let memory = allocation_counter::measure(run);
    assert!(memory.bytes_max <= limit, "{memory:?}, but at most {limit} bytes");
}
