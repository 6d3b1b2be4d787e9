//! Allocations and live bytes, counted when asked for: a counter that is always on would be a lock that all share.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

impl Counting {
    fn count(allocations: u64, bytes: i64) {
        if ON.load(Relaxed) {
            ALLOCATIONS.fetch_add(allocations, Relaxed);
            LIVE.fetch_add(bytes, Relaxed);
        }
    }
}

// SAFETY: forwards to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(1, layout.size() as i64);
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(1, layout.size() as i64);
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::count(1, size as i64 - layout.size() as i64);
        unsafe { System.realloc(pointer, layout, size) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::count(0, -(layout.size() as i64));
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How often anybody allocated meanwhile.
pub fn allocations(work: impl FnOnce()) -> u64 {
    ON.store(true, Relaxed);
    let before = ALLOCATIONS.load(Relaxed);
    work();
    let after = ALLOCATIONS.load(Relaxed);
    ON.store(false, Relaxed);
    after - before
}

/// Counts from here on: for a process that does nothing else.
pub fn watch() {
    ON.store(true, Relaxed);
}

/// How many allocations there were since [`watch`].
pub fn watched() -> u64 {
    ALLOCATIONS.load(Relaxed)
}

/// Bytes that were asked for and not given back, since [`watch`].
pub fn live() -> i64 {
    LIVE.load(Relaxed)
}

/// The most memory that this process ever had, in bytes, where the system tells.
pub fn peak_resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
