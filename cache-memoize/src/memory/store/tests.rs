//! Tests: the store by itself, compared with a map.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::entry::{AnyEntry, Entry, Freshness, Generation, Windows};
use crate::entry::{FunctionState, StateCore};

fn generation() -> Arc<Generation> {
    FunctionState::new("", Arc::default()).generation()
}

/// A copier that refuses odd values, as others refuse errors.
fn even(&key: &u64, &value: &u64) -> Option<(u64, u64)> {
    (value % 2 == 0).then_some((key, value))
}

/// A store with all that is needed to fill it. A key's hash is the key, spread over the shards.
struct Filled {
    store: Store,
    generation: Arc<Generation>,
    tickets: u64,
}

impl Filled {
    fn new(capacity: Capacity) -> Self {
        Self { store: Store::new(capacity), generation: generation(), tickets: 0 }
    }

    fn put(&mut self, key: u64, value: u64, weight: u32) -> Vec<u64> {
        self.tickets += 1;
        let entry = Arc::new(Entry { ident: 0, key, value: OnceLock::from(value) });
        let new = New {
            hash: hash(key),
            ticket: self.tickets,
            generation: &self.generation,
            life: Life::new(None, Windows::default(), weight),
            entry: &(entry.clone() as Arc<dyn AnyEntry>),
            pair: Some(&(&*entry, even as Copier<u64, u64>)),
            replaces: self.store.here(hash(key), |_| true).map(|here| here.slot().ticket),
        };
        self.store.insert(new).iter().map(|gone| gone.ticket).collect()
    }

    fn get(&self, key: u64) -> Option<(u64, u64)> {
        match self.store.look::<u64, u64>(hash(key), true)?.content {
            Content::Pair(key, value) => Some((key, value)),
            Content::Entry(entry) => {
                let entry = entry.typed::<u64, u64>()?;
                Some((entry.key, *entry.value.get()?))
            }
            Content::Foreign => None,
        }
    }

    fn remove(&self, key: u64) -> bool {
        self.store.remove_if(hash(key), |_| true).is_some()
    }

    fn count(&self) -> usize {
        let mut count = 0;
        self.store.for_each(|_| count += 1);
        count
    }
}

fn hash(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[derive(Clone, Debug)]
enum Op {
    Put(u64, u64, u32),
    Get(u64),
    Remove(u64),
    Shrink,
}

fn op(keys: u64) -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..keys, any::<u64>(), 0..4_u32).prop_map(|(key, value, weight)| Op::Put(key, value, weight)),
        3 => (0..keys).prop_map(Op::Get),
        1 => (0..keys).prop_map(Op::Remove),
        1 => Just(Op::Shrink),
    ]
}

fn capacity() -> impl Strategy<Value = Capacity> {
    let bound = prop_oneof![1..8_u64, 60..90_u64];
    prop_oneof![
        bound.clone().prop_map(Capacity::Entries),
        bound.prop_map(Capacity::Weight),
        Just(Capacity::Unbounded),
    ]
}

proptest! {
    /// A value that is found was stored last; a key that is not found was removed or displaced; the bound holds.
    #[test]
    fn the_store_is_a_map_within_its_bound(capacity in capacity(), ops in prop::collection::vec(op(100), 1..400)) {
        let mut filled = Filled::new(capacity);
        // By key: value, weight, ticket.
        let mut map: HashMap<u64, (u64, u32, u64)> = HashMap::new();
        for op in ops {
            match op {
                Op::Put(key, value, weight) => {
                    let weight = if let Capacity::Weight(_) = capacity { weight.max(1) } else { 1 };
                    let gone = filled.put(key, value, weight);
                    map.insert(key, (value, weight, filled.tickets));
                    map.retain(|_, (_, _, ticket)| !gone.contains(ticket));
                }
                Op::Get(key) => {
                    let expected = map.get(&key).map(|&(value, ..)| (key, value));
                    prop_assert_eq!(filled.get(key), expected);
                }
                Op::Remove(key) => prop_assert_eq!(filled.remove(key), map.remove(&key).is_some()),
                // Also where a shard is not sparse.
                Op::Shrink => filled.store.shards.iter().for_each(|shard| write(shard).shrink()),
            }
            prop_assert_eq!(filled.count(), map.len());
            let weight: u64 = map.values().map(|&(_, weight, _)| u64::from(weight)).sum();
            prop_assert!(weight <= capacity.number().unwrap_or(u64::MAX));
        }
        for (&key, &(value, ..)) in &map {
            prop_assert_eq!(filled.get(key), Some((key, value)));
        }
    }
}

#[test]
fn used_entries_survive_a_scan() {
    let mut filled = Filled::new(Capacity::Entries(100));
    for key in 0..50 {
        filled.put(key, key, 1);
        filled.get(key);
    }
    (1_000..2_000).for_each(|key| drop(filled.put(key, key, 1)));
    assert!((0..50).all(|key| filled.get(key) == Some((key, key))));
}

#[test]
fn an_entry_that_is_stored_again_soon_after_eviction_stays() {
    let mut filled = Filled::new(Capacity::Entries(100));
    (0..101).for_each(|key| drop(filled.put(key, key, 1)));
    assert_eq!(filled.get(0), None, "the first entry had to make room");
    filled.put(0, 0, 1);
    // It is not asked for, and yet is not among the first to go.
    (1_000..1_150).for_each(|key| drop(filled.put(key, key, 1)));
    assert_eq!(filled.get(0), Some((0, 0)));
}

#[test]
fn an_entry_heavier_than_the_bound_is_not_stored() {
    let mut filled = Filled::new(Capacity::Weight(10));
    assert_eq!(filled.put(1, 2, 10), [0; 0]);
    assert_eq!(filled.put(2, 2, 11), [2], "itself");
    assert_eq!(filled.get(1), Some((1, 2)));
    assert_eq!(filled.put(1, 2, 11), [1, 3], "the entry that it would have replaced is gone, too");
    assert_eq!(filled.count(), 0);
}

#[test]
fn memory_is_given_back() {
    let mut filled = Filled::new(Capacity::Unbounded);
    (0..10_000).for_each(|key| drop(filled.put(key, 2 * key, 1)));
    assert!(filled.store.room() >= 10_000);
    (100..10_000).for_each(|key| assert!(filled.remove(key)));
    filled.store.shrink();
    assert!(filled.store.room() < 1_000, "{}", filled.store.room());
    assert!((0..100).all(|key| filled.get(key) == Some((key, 2 * key))));
}

#[test]
fn weights_stay_with_their_entries() {
    let mut filled = Filled::new(Capacity::Weight(20));
    (0..10).for_each(|key| drop(filled.put(key, key, 1)));
    // The heavy entry gets the slot of the removed one, between entries that weigh one.
    assert!(filled.remove(3));
    filled.put(100, 2, 11);
    filled.store.shards.iter().for_each(|shard| write(shard).shrink());
    assert_ne!(filled.put(101, 2, 1), [0; 0], "all of the bound is in use");
}

#[test]
fn a_slot_is_small() {
    assert_eq!(size_of::<Slot>(), 40);
}

#[test]
fn sweeps_come_within_half_a_lifetime() {
    for lifetime in [Duration::from_millis(40), Duration::from_secs(1), Duration::from_secs(3600)] {
        let life = Life::new(Some(lifetime), Windows::default(), 1);
        let slot = Slot::new(0, 0, generation(), life, slot::Queued::Small);
        let (at, deadline) = (life.sweep_after().unwrap(), slot.lifespan().fresh_until.milliseconds());
        assert!(at.abs_diff(slot.sweep_after().unwrap()) <= 1);
        assert!(
            (deadline + 7..=deadline + 1 + lifetime.as_millis() as u64 / 2).contains(&at),
            "{lifetime:?}"
        );
    }
    assert_eq!(Life::new(None, Windows::default(), 1).sweep_after(), None);
}

#[test]
fn an_entry_without_a_lifetime_stays_fresh() {
    let slot = Slot::new(0, 0, generation(), Life::new(None, Windows::default(), 1), slot::Queued::Main);
    slot.note_use();
    assert_eq!(slot.freshness(), Freshness::Fresh);
    assert_eq!(slot.lifespan().kept_until, crate::time::Deadline::NEVER);
    let _: &StateCore = &slot.generation().of;
}
