//! Contestants take turns, and are compared with those who had theirs at about the same time.

use std::time::Instant;

use super::{Effort, threads};
use crate::contestants::Contestant;

/// What each contestant took in each round.
pub struct Times {
    names: Vec<&'static str>,
    rounds: Vec<Vec<f64>>,
}

/// Two contestants in the same rounds.
#[derive(Clone, Copy)]
pub struct Ratio {
    /// The quotient of the lowest of each: what is left when nobody disturbs either. (The lowest quotient of all rounds
    /// would tell who was disturbed most.)
    pub lowest: f64,
    /// Of the quotients of all rounds, half were below. This is the one to quote.
    pub median: f64,
}

/// So many rounds of all contestants; `turn` gives what the contestant of that index took.
pub fn paired(names: Vec<&'static str>, rounds: usize, mut turn: impl FnMut(usize) -> f64) -> Times {
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let mut row = vec![0.0; names.len()];
        // Whoever comes next may find a warmer machine: each is the first in some round.
        for place in 0..names.len() {
            let contestant = (round + place) % names.len();
            row[contestant] = turn(contestant);
        }
        times.push(row);
    }
    Times { names, rounds: times }
}

/// Nanoseconds for a hit: contestants with a list of keys for each thread, all of them stored before.
pub fn hits(contestants: &[Contestant], lists: &[Vec<u64>], effort: Effort) -> Times {
    let passes: Vec<usize> = contestants
        .iter()
        .map(|contestant| {
            lists.iter().for_each(|list| (contestant.run)(list));
            let began = Instant::now();
            (contestant.run)(&lists[0]);
            let once = began.elapsed().as_secs_f64();
            // Several threads need some time until all are at work.
            let turn = if lists.len() > 1 { effort.turn() * 4 } else { effort.turn() };
            ((turn.as_secs_f64() / once) as usize).max(1)
        })
        .collect();
    let names = contestants.iter().map(|contestant| contestant.name).collect();
    paired(names, effort.rounds(), |index| threads::nanoseconds(contestants[index].run, lists, passes[index]))
}

impl Times {
    /// Everybody, in the order of their turns.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }

    fn index(&self, name: &str) -> usize {
        self.names.iter().position(|other| *other == name).unwrap_or_else(|| panic!("{name} takes part"))
    }

    /// The least that it took: what is left when nobody disturbs.
    pub fn lowest(&self, name: &str) -> f64 {
        let index = self.index(name);
        self.rounds.iter().map(|round| round[index]).fold(f64::MAX, f64::min)
    }

    /// One of them, beside another.
    pub fn ratio(&self, one: &str, other: &str) -> Ratio {
        let lowest = self.lowest(one) / self.lowest(other);
        let (one, other) = (self.index(one), self.index(other));
        let mut quotients: Vec<f64> = self.rounds.iter().map(|round| round[one] / round[other]).collect();
        quotients.sort_by(f64::total_cmp);
        Ratio { lowest, median: quotients[quotients.len() / 2] }
    }

    /// One of them, beside itself in other rounds. Those were not at the same time, so only the lowest say anything.
    pub fn beside(&self, name: &str, before: &Self) -> f64 {
        self.lowest(name) / before.lowest(name)
    }

    /// Of those who are there by one of these names, the fastest.
    pub fn fastest(&self, names: &[&'static str]) -> &'static str {
        let there = names.iter().copied().filter(|name| self.names.contains(name));
        there.min_by(|one, other| self.lowest(one).total_cmp(&self.lowest(other))).expect("somebody is there")
    }
}
