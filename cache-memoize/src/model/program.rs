//! Programs: the operations that the threads of a model carry out.

use super::operation::Op;

/// A step: an operation at its place in a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) op: Op,
    pub(super) key: usize,
    /// The value that it would compute or set.
    pub(super) value: u64,
}

/// An operation and its key.
pub(super) type Act = (Op, usize);

/// A program: the steps that a few threads carry out at the same time.
#[derive(Clone)]
pub(super) struct Program {
    /// The steps before the threads begin.
    pub(super) before: Vec<Step>,
    pub(super) threads: Vec<Vec<Step>>,
    /// The steps after the threads have ended.
    pub(super) after: Vec<Step>,
    /// Whether all keys have the same hash.
    pub(super) colliding: bool,
}

impl Program {
    pub(super) fn new(before: &[Act], threads: &[Vec<Act>]) -> Self {
        let mut value = 0;
        let mut steps = |acts: &[Act]| -> Vec<Step> {
            let step = |&(op, key): &Act| {
                value += 1;
                Step { op, key, value }
            };
            acts.iter().map(step).collect()
        };
        Self {
            before: steps(before),
            threads: threads.iter().map(|acts| steps(acts)).collect(),
            after: steps(&[(Op::Peek, 0), (Op::Call, 0), (Op::Peek, 0)]),
            colliding: false,
        }
    }

    /// Every program whose threads have `lengths` operations, out of `acts`. The order of threads with equally many
    /// operations does not matter, so one order stands for all.
    pub(super) fn all(before: &[Act], acts: &[Act], lengths: &[usize]) -> Vec<Self> {
        let mut found: Vec<Vec<Vec<Act>>> = vec![Vec::new()];
        for (index, &length) in lengths.iter().enumerate() {
            let sequences = sequences(acts, length);
            let extend = |threads: Vec<Vec<Act>>| {
                let from = match threads.last() {
                    Some(last) if lengths[index - 1] == length => {
                        sequences.iter().position(|sequence| sequence == last).unwrap_or(0)
                    }
                    _ => 0,
                };
                let with = move |sequence: &Vec<Act>| {
                    let mut threads = threads.clone();
                    threads.push(sequence.clone());
                    threads
                };
                sequences[from..].iter().map(with).collect::<Vec<_>>()
            };
            found = found.into_iter().flat_map(extend).collect();
        }
        let is_worthwhile = |threads: &Vec<Vec<Act>>| {
            let all = || before.iter().chain(threads.iter().flatten());
            all().any(|&(op, _)| op.is_call() || op.stores())
        };
        found
            .iter()
            .filter(|threads| is_worthwhile(threads))
            .map(|threads| Self::new(before, threads))
            .collect()
    }

    /// This program with keys that all have one hash.
    pub(super) fn colliding(self) -> Self {
        Self { colliding: true, ..self }
    }

    /// The program in one line.
    pub(super) fn text(&self) -> String {
        let thread = |steps: &Vec<Step>| -> String {
            let words = steps.iter().map(|Step { op, key, value }| format!("{op:?}({key})={value}"));
            words.collect::<Vec<_>>().join("; ")
        };
        let threads: Vec<_> = self.threads.iter().map(thread).collect();
        format!("[{}] {}", thread(&self.before), threads.join(" | "))
    }
}

fn sequences(acts: &[Act], length: usize) -> Vec<Vec<Act>> {
    let mut found = vec![Vec::new()];
    for _ in 0..length {
        let longer = |sequence: &Vec<Act>| {
            acts.iter().map(|act| [sequence.clone(), vec![*act]].concat()).collect::<Vec<_>>()
        };
        found = found.iter().flat_map(longer).collect();
    }
    found
}
