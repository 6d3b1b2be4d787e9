//! The marks of tags for a backend in one process: nothing of them is ever lost while it lives.

use std::collections::HashMap;

use crate::backend::token;
use crate::backend::{Bucket, Mark, Marks, Token};

/// The marks of all namespaces.
#[derive(Default)]
pub(super) struct Tags(HashMap<String, Marked>);

struct Marked {
    epoch: Token,
    clock: u64,
    buckets: HashMap<Bucket, Mark>,
}

impl Tags {
    fn of(&mut self, namespace: &str) -> &mut Marked {
        // Another epoch in each process: entries may outlive it, and what was marked there is not known here.
        let begin = || Marked { epoch: token(), clock: 0, buckets: HashMap::new() };
        self.0.entry(namespace.to_owned()).or_insert_with(begin)
    }

    pub(super) fn marks(&mut self, namespace: &str, buckets: &[Bucket]) -> Marks {
        let marked = self.of(namespace);
        let marks = buckets.iter().map(|bucket| marked.buckets.get(bucket).copied()).collect();
        Marks::new(marked.epoch, marked.clock, marks)
    }

    pub(super) fn mark(&mut self, namespace: &str, buckets: &[Bucket]) {
        let marked = self.of(namespace);
        marked.clock += 1;
        let [a, b, c, d, e, f, g, h, ..] = token();
        let mark = Mark::new(marked.clock, [a, b, c, d, e, f, g, h]);
        marked.buckets.extend(buckets.iter().map(|&bucket| (bucket, mark)));
    }
}
