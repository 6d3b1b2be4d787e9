//! What this process takes of the machine, and whether that grows.

use std::fs;
use std::time::Duration;

use cache_memoize::testing::Summary;

/// At one moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Gauges {
    /// Resident memory, in KiB.
    rss: u64,
    threads: u64,
    files: u64,
}

impl Gauges {
    pub(crate) const HEAD: &str = "  second     RSS KiB  threads  files   operations";

    pub(crate) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("a Linux");
        let field = |name: &str| {
            let line =
                status.lines().find_map(|line| line.strip_prefix(name)).expect("a field of every process");
            line.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number")
        };
        let files = fs::read_dir("/proc/self/fd").expect("a Linux").count() as u64;
        Self { rss: field("VmRSS:"), threads: field("Threads:"), files }
    }

    pub(crate) fn line(self, at: Duration, sum: &Summary) -> String {
        let Self { rss, threads, files } = self;
        format!("{:8}  {rss:10}  {threads:7}  {files:5}  {:11}", at.as_secs(), sum.operations())
    }
}

/// All moments, to compare the second quarter with the last: in the first, caches and allocators fill.
#[derive(Default)]
pub(crate) struct Growth(Vec<(Duration, Gauges)>);

/// Least, median and most in a part of the time.
struct Part {
    name: &'static str,
    least: Gauges,
    median: Gauges,
    most: Gauges,
}

impl Growth {
    pub(crate) fn note(&mut self, at: Duration, gauges: Gauges) {
        self.0.push((at, gauges));
    }

    fn parts(&self) -> [Part; 4] {
        let quarter = self.0.len().div_ceil(4).max(1);
        let names = ["first quarter", "second quarter", "third quarter", "last quarter"];
        let mut parts = self.0.chunks(quarter);
        names.map(|name| {
            let part = parts.next().or_else(|| self.0.chunks(quarter).last()).unwrap_or_default();
            let at = |place: fn(usize) -> usize| {
                let sorted = |gauge: fn(&Gauges) -> u64| {
                    let mut all: Vec<_> = part.iter().map(|(_, now)| gauge(now)).collect();
                    all.sort_unstable();
                    all.get(place(all.len())).copied().unwrap_or_default()
                };
                Gauges {
                    rss: sorted(|now| now.rss),
                    threads: sorted(|now| now.threads),
                    files: sorted(|now| now.files),
                }
            };
            Part {
                name,
                least: at(|_| 0),
                median: at(|many| many / 2),
                most: at(|many| many.saturating_sub(1)),
            }
        })
    }

    pub(crate) fn table(&self, time: Duration) -> String {
        let rows = self.parts().map(|Part { name, least, median, most }| {
            let columns: [fn(&Gauges) -> u64; 3] = [|now| now.rss, |now| now.threads, |now| now.files];
            let columns = columns.map(|of| format!("{} · {} · {}", of(&least), of(&median), of(&most)));
            format!("| {name} | {} |\n", columns.join(" | "))
        });
        format!(
            "| of {} s: least · median · most | RSS, KiB | threads | files |\n|---|---|---|---|\n{}",
            time.as_secs(),
            rows.concat()
        )
    }

    /// Medians, for what the checks need differs from one to the next; and with room for the noise of the allocator.
    /// A leak of a byte for each operation is noticed within the hour.
    pub(crate) fn assert_none(&self) {
        let [_, before, _, after] = self.parts();
        let (then, now) = (before.median, after.median);
        let allowed = then.rss + then.rss / 10 + 4_096;
        assert!(now.rss <= allowed, "memory grew from {} KiB to {} KiB", then.rss, now.rss);
        assert!(now.threads <= then.threads + 2, "threads: {} became {}", then.threads, now.threads);
        assert!(now.files <= then.files + 8, "files: {} became {}", then.files, now.files);
    }
}
