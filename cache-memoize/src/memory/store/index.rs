//! The index of a shard: leads from a hash to the numbers of slots.
//!
//! Numbers lie in groups of one cache line, each with as many bits of its hash as fit beside it. So slots with other
//! hashes are seldom asked, and a lookup costs one cache miss here. In a table that keeps control bytes apart from
//! numbers it would cost two, the second waiting for the first, and with a million entries cache misses are the cost of
//! a lookup.
//!
//! An entry whose *home* group is full goes to the next group with room. Each group counts the entries that passed it,
//! so a search ends at the first group that none has passed.

use super::one_of;

/// A group, in one cache line: its places, and the number of entries that passed it because it was full.
#[repr(align(64))]
#[derive(Clone)]
struct Group([u32; PLACES + 1]);

const PLACES: usize = 15;
const PASSED: usize = PLACES;

/// The content of a vacant place. No place in use holds it, since the number would be too large.
const VACANT: u32 = u32::MAX;

pub(super) struct Index {
    groups: Vec<Group>,
    /// The bits of a place that are the number. The others are of the hash.
    number_bits: u32,
}

impl Index {
    /// The most numbers that an index can have.
    pub(super) const MOST: usize = (1 << 31) - 2;

    pub(super) const EMPTY: Self = Self { groups: Vec::new(), number_bits: 0 };

    /// An index for numbers below `room`.
    pub(super) fn with_room(room: usize) -> Self {
        // At most six of ten places are in use, so that few entries pass their home.
        let groups = (room * 5).div_ceil(PLACES * 3);
        let mut empty = [VACANT; PLACES + 1];
        empty[PASSED] = 0;
        let number_bits = (room + 1).next_power_of_two() as u32 - 1;
        Self { groups: vec![Group(empty); groups], number_bits }
    }

    /// The first number under this hash that `is_it` accepts.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let tag = self.place(hash, 0);
        let home = self.home(hash);
        let mut at = home;
        loop {
            let Group(places) = self.groups.get(at)?;
            let mut candidates = matching(places, !self.number_bits, tag);
            while candidates != 0 {
                let place = places[candidates.trailing_zeros() as usize % places.len()];
                // A vacant place matches a hash with all bits set.
                let number = (place & self.number_bits) as usize;
                if place != VACANT && is_it(number) {
                    return Some(number);
                }
                candidates &= candidates - 1;
            }
            if places[PASSED] == 0 {
                return None;
            }
            at += 1;
            if at == self.groups.len() {
                at = 0;
            }
            if at == home {
                return None;
            }
        }
    }

    /// Adds a number. The index must have room.
    pub(super) fn insert(&mut self, hash: u64, number: usize) {
        let new = self.place(hash, number);
        self.replace(hash, VACANT, new, 1);
    }

    /// Removes a number, which must be in the index under this hash.
    pub(super) fn remove(&mut self, hash: u64, number: usize) {
        let old = self.place(hash, number);
        self.replace(hash, old, VACANT, u32::MAX);
    }

    /// Replaces `old` by `new` in the first group, from the home on, that has `old`, and adds `more` to the count of
    /// passed entries of each group before that.
    fn replace(&mut self, hash: u64, old: u32, new: u32, more: u32) {
        let home = self.home(hash);
        let (before, from_home) = self.groups.split_at_mut(home);
        for Group(places) in from_home.iter_mut().chain(before) {
            let candidates = matching(places, u32::MAX, old);
            if candidates != 0 {
                places[candidates.trailing_zeros() as usize] = new;
                return;
            }
            places[PASSED] = places[PASSED].wrapping_add(more);
        }
        debug_assert!(false, "an index without room, or without that number");
    }

    /// The content of a place: the number with bits of the hash. Each level uses bits of its own: the bits from 48 on
    /// tell shards apart, those from 47 down places, and those from 31 down groups.
    #[inline]
    fn place(&self, hash: u64, number: usize) -> u32 {
        (hash >> 16) as u32 & !self.number_bits | number as u32
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        one_of(self.groups.len(), hash)
    }
}

/// A bit for each place, set where the place has this tag. Written so that compilers compare several places at once.
#[inline]
fn matching(places: &[u32; PLACES + 1], tag_bits: u32, tag: u32) -> u32 {
    let mut matches = 0;
    for (i, place) in places.iter().enumerate() {
        matches |= u32::from(place & tag_bits == tag) << i;
    }
    matches & !(1 << PASSED)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hashes with few different homes and few different tags, one of which has all bits set.
    fn hash() -> impl Strategy<Value = u64> {
        (0..4_u64, 0..3_u64).prop_map(|(home, tag)| home << 30 | (u64::MAX << (40 + 8 * tag)))
    }

    proptest! {
        /// Also where many entries pass their home.
        #[test]
        fn numbers_are_found_until_they_are_removed(hashes in prop::collection::vec(hash(), 1..200), gone in prop::collection::vec(any::<prop::sample::Index>(), 0..200)) {
            let room = hashes.len();
            let mut index = Index::with_room(room);
            let mut there: Vec<Option<u64>> = vec![None; room];
            for (number, &hash) in hashes.iter().enumerate() {
                index.insert(hash, number);
                there[number] = Some(hash);
            }
            for number in gone.iter().map(|gone| gone.index(room)) {
                match there[number].take() {
                    Some(hash) => index.remove(hash, number),
                    None => {
                        index.insert(hashes[number], number);
                        there[number] = Some(hashes[number]);
                    }
                }
                for (number, &hash) in hashes.iter().enumerate() {
                    let found = index.find(hash, |it| it == number);
                    prop_assert_eq!(found.is_some(), there[number].is_some());
                }
            }
            for (number, hash) in there.iter().enumerate() {
                if let Some(hash) = *hash {
                    index.remove(hash, number);
                }
            }
            let is_empty = |Group(places): &Group| places[..PLACES] == [VACANT; PLACES] && places[PASSED] == 0;
            prop_assert!(index.groups.iter().all(is_empty));
        }
    }

    #[test]
    fn a_vacant_place_is_never_found() {
        let index = Index::with_room(1);
        assert_eq!(index.find(u64::MAX, |_| true), None);
    }
}
