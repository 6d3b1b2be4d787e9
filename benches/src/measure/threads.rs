//! Threads that do the same at the same time.

use std::hint::spin_loop;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;
use std::time::Instant;

/// Nanoseconds for one of `operations`: of the thread that was done last, from the moment when all began.
///
/// Each thread has one of `lists`, goes through it twice first, for what it may keep for itself, and then `passes` times.
pub fn nanoseconds(run: fn(&[u64]), lists: &[Vec<u64>], passes: usize) -> f64 {
    if let [list] = lists {
        return alone(run, list, passes);
    }
    let ready = AtomicUsize::new(0);
    // Of all threads together: one that has no processor until the others are done was not beside them.
    let began = OnceLock::new();
    let ended = thread::scope(|scope| {
        let threads: Vec<_> = lists
            .iter()
            .map(|list| {
                let (ready, began) = (&ready, &began);
                scope.spawn(move || {
                    run(list);
                    run(list);
                    ready.fetch_add(1, Release);
                    // Sleeping threads would wake up one after the other.
                    let mut spins = 0_u32;
                    while ready.load(Acquire) < lists.len() {
                        spins += 1;
                        if spins.is_multiple_of(4096) {
                            thread::yield_now();
                        } else {
                            spin_loop();
                        }
                    }
                    began.get_or_init(Instant::now);
                    alone(run, list, passes);
                    Instant::now()
                })
            })
            .collect();
        let ends = threads.into_iter().map(|thread| thread.join().expect("no contestant panics"));
        ends.max().expect("there are threads")
    });
    let took = ended.duration_since(*began.get().expect("they began"));
    took.as_nanos() as f64 / (passes * lists[0].len()) as f64
}

fn alone(run: fn(&[u64]), list: &[u64], passes: usize) -> f64 {
    let began = Instant::now();
    for _ in 0..passes {
        run(list);
    }
    began.elapsed().as_nanos() as f64 / (passes * list.len()) as f64
}

/// One thread, two, and as many as there are processors.
pub fn counts() -> Vec<usize> {
    let all = thread::available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, 2, all];
    counts.dedup();
    counts.retain(|&count| count <= all.max(2));
    counts
}
