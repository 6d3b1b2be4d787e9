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

/// Least and most in a part of the time.
struct Part {
    name: &'static str,
    least: Gauges,
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
            let by = |fold: fn(u64, u64) -> u64, from: u64| {
                part.iter().fold(Gauges { rss: from, threads: from, files: from }, |sum, (_, now)| Gauges {
                    rss: fold(sum.rss, now.rss),
                    threads: fold(sum.threads, now.threads),
                    files: fold(sum.files, now.files),
                })
            };
            Part { name, least: by(u64::min, u64::MAX), most: by(u64::max, 0) }
        })
    }

    pub(crate) fn table(&self, time: Duration) -> String {
        let rows = self.parts().map(|Part { name, least, most }| {
            format!(
                "| {name} | {}–{} | {}–{} | {}–{} |\n",
                least.rss, most.rss, least.threads, most.threads, least.files, most.files
            )
        });
        format!(
            "| of {} s | RSS, KiB | threads | files |\n|---|---|---|---|\n{}",
            time.as_secs(),
            rows.concat()
        )
    }

    /// Noise of the allocator is allowed for, and a leak of a byte for a thousand operations is not.
    pub(crate) fn assert_none(&self) {
        let [_, before, _, after] = self.parts();
        let (then, now) = (before.most, after.most);
        let allowed = then.rss + then.rss / 10 + 4_096;
        assert!(now.rss <= allowed, "memory grew from {} KiB to {} KiB", then.rss, now.rss);
        assert!(now.threads <= then.threads + 2, "threads: {} became {}", then.threads, now.threads);
        assert!(now.files <= then.files + 8, "files: {} became {}", then.files, now.files);
    }
}
