//! 64 threads ask for one cold key, and others meanwhile for other keys.

use std::sync::Barrier;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use crate::contestants::OURS;
use crate::contestants::slow::{ALL, LONG, RUNS, SLOW, Slow};
use crate::measure::Effort;
use crate::print::{Goal, Report, Table};

const CALLERS: usize = 64;
/// Whoever takes longer waited for the slow body, and not for a processor.
const DELAYED: Duration = Duration::from_millis(100);
const THEME: &str = "stampede";

/// Executions, and who was delayed.
pub fn run(_: Effort) -> Report {
    let mut table = Table::new(
        format!("{CALLERS} callers of one cold key, a body of {} ms", LONG.as_millis()),
        [
            "",
            "executions",
            "hits on 256 other keys: delayed",
            "slowest",
            "misses on 256 other keys: delayed",
            "slowest",
        ],
    );
    let mut goals = Vec::new();
    for contestant in &ALL {
        let executions = executions(contestant);
        let (hits, slowest_hit) = others(contestant, 1, true);
        let (misses, slowest_miss) = others(contestant, 2, false);
        if contestant.name == OURS {
            let one = executions == 1;
            let what = format!("executions for {CALLERS} callers");
            goals.push(Goal::plain(THEME, what, executions.to_string(), "", "1", one));
            let delayed = format!("{hits} hits, {misses} misses");
            let nobody = hits + misses == 0;
            goals.push(Goal::plain(
                THEME,
                "others delayed, of 256 hits and 256 misses",
                delayed,
                "",
                "0",
                nobody,
            ));
        }
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        table.row([
            contestant.name.to_owned(),
            executions.to_string(),
            hits.to_string(),
            milliseconds(slowest_hit),
            misses.to_string(),
            milliseconds(slowest_miss),
        ]);
    }
    Report { goals, tables: vec![table], ..Report::default() }
}

fn executions(contestant: &Slow) -> u64 {
    let before = RUNS.load(Relaxed);
    let barrier = Barrier::new(CALLERS);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                barrier.wait();
                (contestant.call)(SLOW);
            });
        }
    });
    RUNS.load(Relaxed) - before
}

/// While the body runs for another key: how many calls of two threads took too long, and the slowest.
fn others(contestant: &Slow, slow: u64, warm: bool) -> (usize, Duration) {
    let key = |n: u64| if warm { n } else { (slow << 20) + n };
    if warm {
        for n in 0..256 {
            (contestant.call)(key(n));
        }
    }
    let before = RUNS.load(Relaxed);
    let times: Vec<Duration> = thread::scope(|scope| {
        scope.spawn(|| (contestant.call)(SLOW + slow));
        while RUNS.load(Relaxed) == before {
            thread::yield_now();
        }
        let callers: Vec<_> = (0..2)
            .map(|caller| {
                scope.spawn(move || {
                    let mine = (0..256).filter(move |n| n % 2 == caller);
                    let timed = mine.map(|n| {
                        let began = Instant::now();
                        (contestant.call)(key(n));
                        began.elapsed()
                    });
                    timed.collect::<Vec<_>>()
                })
            })
            .collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("no contestant panics")).collect()
    });
    (times.iter().filter(|time| **time >= DELAYED).count(), times.into_iter().max().unwrap_or_default())
}
