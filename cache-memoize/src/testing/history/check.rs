//! What no history may contain. Judges only what is certain: operations that overlap may have happened in any order.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::fmt::Debug;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};

use super::event::{Event, Op, Sight, What};
use super::verdict::{Summary, Violation};

/// What is known from events that were forgotten.
#[derive(Clone)]
pub(super) struct Floors<K> {
    values: Map<u64, Known<K>>,
    /// When the last began that made values of this key void.
    voided: Map<K, u64>,
    /// When the last began that made all values void.
    all_voided: u64,
}

/// Of a kind that can be made in a `const`.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// What is known of a value.
#[derive(Clone)]
struct Known<K> {
    key: K,
    /// Whatever began later makes it void. None for as long as it is not yet set.
    born: Option<u64>,
    /// From when on it was there for certain, if it ever was.
    there: Option<u64>,
    /// For how long at least its computation went on.
    computed_until: u64,
}

impl<K> Floors<K> {
    pub(super) const fn new() -> Self {
        Self {
            values: Map::with_hasher(BuildHasherDefault::new()),
            voided: Map::with_hasher(BuildHasherDefault::new()),
            all_voided: 0,
        }
    }
}

impl<K: Clone + Eq + Hash + Debug> Floors<K> {
    /// With these events, of which none is under way any more: what is void by now is forgotten.
    pub(super) fn raised(mut self, events: &[Event<K>]) -> Self {
        self.learn(events);
        for event in events {
            match event.voids() {
                Some(Some(key)) => {
                    let floor = self.voided.entry(key.clone()).or_default();
                    *floor = event.start.max(*floor);
                }
                Some(None) => self.all_voided = event.start.max(self.all_voided),
                None => {}
            }
        }
        let Self { values, voided, all_voided } = &mut self;
        voided.retain(|_, floor| *floor > *all_voided);
        values.retain(|_, known| {
            let floor = voided.get(&known.key).copied().unwrap_or(*all_voided);
            known.born.is_none_or(|born| born >= floor)
        });
        // Who watches the memory of a long run does not want to see that of its checks.
        values.shrink_to_fit();
        self
    }

    fn learn(&mut self, events: &[Event<K>]) {
        for event in events {
            if let What::Computed(key, value) | What::Drawn(key, value) = &event.what {
                let born = matches!(event.what, What::Computed(..)).then_some(event.start);
                let known = Known { key: key.clone(), born, there: None, computed_until: 0 };
                if let Slot::Vacant(slot) = self.values.entry(*value) {
                    slot.insert(known);
                }
            }
        }
        for event in events {
            let What::Did(op, seen) = &event.what else { continue };
            if let Op::Set(_, value) = op
                && let Some(known) = self.values.get_mut(value)
            {
                known.born = known.born.max(Some(event.end));
                if *seen != Sight::Failed {
                    known.there = Some(known.there.map_or(event.end, |there| there.min(event.end)));
                }
            }
            if let Sight::Value(value) = seen
                && let Some(known) = self.values.get_mut(value)
            {
                // Who has the value has it after it was stored, if it ever was.
                known.there = Some(known.there.map_or(event.end, |there| there.min(event.end)));
                if known.born.is_some_and(|born| event.start < born) {
                    known.computed_until = known.computed_until.max(event.end);
                }
            }
        }
    }
}

/// What made values void, by when it had returned.
struct Timeline {
    /// When it ended; when the latest of this one and those before it began, and which that is.
    ends: Vec<(u64, u64, usize)>,
}

impl Timeline {
    fn new(mut ends: Vec<(u64, u64, usize)>) -> Self {
        ends.sort_unstable();
        let mut latest = (0, 0);
        for (_, start, event) in &mut ends {
            latest = latest.max((*start, *event));
            (*start, *event) = latest;
        }
        Self { ends }
    }

    /// Among those that had returned before: when the one that began last began, and which it is.
    fn before(&self, stamp: u64) -> Option<(u64, usize)> {
        let many = self.ends.partition_point(|(end, ..)| *end < stamp);
        self.ends[..many].last().map(|(_, start, event)| (*start, *event))
    }
}

/// Timelines by key, or none for all keys; and by origin, or none for all origins.
type Timelines<'e, K> = HashMap<(Option<&'e K>, Option<u16>), Timeline>;

fn timelines<K: Eq + Hash>(events: &[Event<K>]) -> Timelines<'_, K> {
    let mut ends: HashMap<_, Vec<_>> = HashMap::new();
    for (index, event) in events.iter().enumerate() {
        let Some(key) = event.voids() else { continue };
        for origin in [None, Some(event.origin)] {
            ends.entry((key, origin)).or_default().push((event.end, event.start, index));
        }
    }
    ends.into_iter().map(|(whose, ends)| (whose, Timeline::new(ends))).collect()
}

pub(super) fn check<K: Clone + Eq + Hash + Debug>(
    strict: bool,
    cut_off: bool,
    floors: &Floors<K>,
    mut events: Vec<Event<K>>,
) -> Result<Summary, Violation> {
    events.sort_by_key(|event| (event.start, event.end));
    let mut known = floors.clone();
    known.learn(&events);
    let judge = Judge { cut_off, floors: &known, timelines: timelines(&events), events: &events };
    for event in &events {
        judge.origin_of(event)?;
        judge.freshness_of(event)?;
    }
    if strict {
        judge.returns()?;
    }
    Ok(Summary::of(&events))
}

struct Judge<'e, K> {
    cut_off: bool,
    floors: &'e Floors<K>,
    timelines: Timelines<'e, K>,
    /// In the order in which they began.
    events: &'e [Event<K>],
}

impl<K: Clone + Eq + Hash + Debug> Judge<'_, K> {
    /// Whether what was seen is a value of that key.
    fn origin_of(&self, event: &Event<K>) -> Result<(), Violation> {
        let What::Did(Op::Call(key) | Op::Peek(key) | Op::Refresh(key), Sight::Value(value)) = &event.what
        else {
            return Ok(());
        };
        match self.floors.values.get(value) {
            Some(known) if known.key == *key => Ok(()),
            Some(known) => Err(Violation::new("a value of another key")
                .show("it is of", format!("{:?}", known.key))
                .event("seen by", event)),
            None => Err(Violation::new("a value that nobody computed or set, or that was void long ago")
                .event("seen by", event)),
        }
    }

    /// Whether what was read was void when the read began.
    fn freshness_of(&self, read: &Event<K>) -> Result<(), Violation> {
        let Some((key, Some(value))) = read.read() else { return Ok(()) };
        let Some(Known { born: Some(born), computed_until, .. }) = self.floors.values.get(&value) else {
            return Ok(());
        };
        let floor = self.floors.all_voided.max(self.floors.voided.get(key).copied().unwrap_or(0));
        if *born < floor {
            return Err(Violation::new("a stale value, void since an earlier check").event("read by", read));
        }
        let of_value = (value >> super::NUMBER_BITS) as u16;
        // Whoever cannot ask the backend can hear of no other origin.
        let shared_apart = self.cut_off && of_value == read.origin && read.start <= *computed_until;
        let origin = shared_apart.then_some(read.origin);
        let latest = [Some(key), None]
            .iter()
            .filter_map(|key| self.timelines.get(&(*key, origin))?.before(read.start))
            .max();
        match latest {
            Some((start, index)) if *born < start => Err(Violation::new("a stale value")
                .show("of", format!("{key:?}, number {value}"))
                .event("its computation", self.birth(value))
                .event("made void by", &self.events[index])
                .event("and yet read by", read)
                .around(self.events, key, *born, read.end)),
            _ => Ok(()),
        }
    }

    fn birth(&self, value: u64) -> Option<&Event<K>> {
        self.events.iter().find(|event| match &event.what {
            What::Computed(_, number) | What::Drawn(_, number) => *number == value,
            What::Did(..) => false,
        })
    }

    /// Whether a value came back: somebody who began when it was there saw another or none, and somebody who began
    /// after that saw it.
    fn returns(&self) -> Result<(), Violation> {
        let mut reads: HashMap<&K, Vec<Read<'_, K>>> = HashMap::new();
        for event in self.events {
            if let Some((key, seen)) = event.read() {
                reads.entry(key).or_default().push((event, seen));
            }
        }
        for (key, reads) in reads {
            let earliest = earliest_ends(&reads);
            for (read, seen) in &reads {
                let Some(known) = seen.and_then(|value| self.floors.values.get(&value)) else { continue };
                let Some(there) = known.there else { continue };
                let after = reads.partition_point(|(other, _)| other.start <= there);
                let other = earliest[after].iter().flatten().find(|index| reads[**index].1 != *seen);
                if let Some(other) = other.map(|index| reads[*index].0)
                    && other.end < read.start
                {
                    return Err(Violation::new("a value that came back")
                        .show("of", format!("{key:?}, number {}", seen.unwrap_or_default()))
                        .show("it was there", format!("at {there}"))
                        .event("and not there for", other)
                        .event("and yet read by", *read)
                        .around(self.events, key, there, read.end));
                }
            }
        }
        Ok(())
    }
}

/// A read, and what it saw.
type Read<'e, K> = (&'e Event<K>, Option<u64>);

/// For each read, the two that end first among those that begin no earlier, which saw different things.
fn earliest_ends<K>(reads: &[Read<'_, K>]) -> Vec<[Option<usize>; 2]> {
    let mut earliest = vec![[None; 2]; reads.len() + 1];
    for index in (0..reads.len()).rev() {
        let (end, seen) = (|other: usize| reads[other].0.end, |other: usize| reads[other].1);
        let mut candidates: Vec<_> = earliest[index + 1].into_iter().flatten().chain([index]).collect();
        candidates.sort_by_key(|other| end(*other));
        let first = candidates[0];
        let second = candidates.into_iter().find(|other| seen(*other) != seen(first));
        earliest[index] = [Some(first), second];
    }
    earliest
}
