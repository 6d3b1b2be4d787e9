//! How long things took, and the rows of the table in `cache-memoize/docs/redis.md`.

use std::time::{Duration, Instant};

use cache_memoize::{Error, ErrorKind};

/// A row: a fault, and what it cost.
pub(crate) struct Row {
    pub(crate) fault: String,
    pub(crate) first: Duration,
    /// Of a thousand calls: the median and the longest.
    pub(crate) open: Option<(Duration, Duration)>,
    /// What `f_invalidate` answered.
    pub(crate) invalidated: Result<bool, Error>,
    pub(crate) recovered: Duration,
}

impl Row {
    /// `| fault | what the caller saw | first call | breaker open | recovered after |`
    pub(crate) fn print(&self) {
        let open = self.open.map_or("–".to_owned(), |(median, worst)| {
            format!("{} (longest {})", show(median), show(worst))
        });
        let invalidated = match &self.invalidated {
            Ok(there) => format!("Ok({there})"),
            Err(error) => format!("{:?}: {}", error.kind(), words(error)),
        };
        let (fault, first, recovered) = (&self.fault, show(self.first), show(self.recovered));
        // On a line of its own, whatever the test runner has printed.
        println!("\n| {fault} | the value; `f_invalidate`: {invalidated} | {first} | {open} | {recovered} |");
    }
}

/// A reason to give up, rather than a refusal or a mistake.
pub(crate) fn is_outage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout)
}

/// The message without the address, in one line.
fn words(error: &Error) -> String {
    let message = error.to_string();
    message.splitn(3, ": ").last().unwrap_or_default().trim().replace('\n', " ")
}

pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

/// The median and the longest of a thousand.
pub(crate) fn thousand(mut work: impl FnMut()) -> (Duration, Duration) {
    let mut times: Vec<_> = (0..1000).map(|_| timed(&mut work).1).collect();
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() - 1])
}

fn show(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..100_000 => format!("{:.1} ms", micros as f64 / 1e3),
        micros @ 100_000..1_000_000 => format!("{} ms", micros / 1_000),
        micros => format!("{:.1} s", micros as f64 / 1e6),
    }
}
