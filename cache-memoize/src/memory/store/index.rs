//! In which slot a hash is. IdPool of slots lie in groups of a cache line each, with so much of the hash that what does
//! not match is seldom asked: one look at the memory. In a table with control bytes and numbers apart it would be two,
//! each of which waits for the one before, and with a million entries that is what a look costs.

use super::one_of;

/// A cache line: places, and how many entries went further because there was none.
#[repr(align(64))]
#[derive(Clone)]
struct Group([u32; PLACES + 1]);

const PLACES: usize = 15;
const PASSED: usize = PLACES;

/// What no place with an entry holds: its number would be too large.
const VACANT: u32 = u32::MAX;

pub(super) struct Index {
    groups: Vec<Group>,
    /// The bits of a place that are the number; the others are of the hash.
    number: u32,
}

impl Index {
    /// The most numbers that there can be.
    pub(super) const MOST: usize = (1 << 31) - 2;

    pub(super) const EMPTY: Self = Self { groups: Vec::new(), number: 0 };

    /// For numbers below `room`.
    pub(super) fn with_room(room: usize) -> Self {
        // Then no more than six of ten places are in use, and few entries have to go further.
        let groups = (room * 5).div_ceil(PLACES * 3);
        let mut empty = [VACANT; PLACES + 1];
        empty[PASSED] = 0;
        Self { groups: vec![Group(empty); groups], number: (room + 1).next_power_of_two() as u32 - 1 }
    }

    /// The first under that hash that `is_it`.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let tag = self.place(hash, 0);
        let home = self.home(hash);
        let mut at = home;
        loop {
            let Group(places) = self.groups.get(at)?;
            let mut candidates = matching(places, !self.number, tag);
            while candidates != 0 {
                let place = places[candidates.trailing_zeros() as usize % places.len()];
                // What is vacant matches where all bits of the hash are set.
                let number = (place & self.number) as usize;
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

    /// There has to be room.
    pub(super) fn insert(&mut self, hash: u64, number: usize) {
        let new = self.place(hash, number);
        self.replace(hash, VACANT, new, 1);
    }

    /// It has to be there.
    pub(super) fn remove(&mut self, hash: u64, number: usize) {
        let old = self.place(hash, number);
        self.replace(hash, old, VACANT, u32::MAX);
    }

    /// In the first group that has the `old`. To those before it `more` is added: so many went further.
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

    /// The shards are told apart by the bits from 48 on, places by those from 47 down, and groups by those from 31 down.
    #[inline]
    fn place(&self, hash: u64, number: usize) -> u32 {
        (hash >> 16) as u32 & !self.number | number as u32
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        one_of(self.groups.len(), hash)
    }
}

/// A bit for each place, set where it matches. In this way compilers compare several at once.
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

    /// Few groups, few marks, and all bits set among them.
    fn hash() -> impl Strategy<Value = u64> {
        (0..4_u64, 0..3_u64).prop_map(|(home, tag)| home << 30 | (u64::MAX << (40 + 8 * tag)))
    }

    proptest! {
        /// Also where many go further than the group that they should be in.
        #[test]
        fn it_finds_what_is_in_it(hashes in prop::collection::vec(hash(), 1..200), gone in prop::collection::vec(any::<prop::sample::Index>(), 0..200)) {
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
    fn what_is_vacant_matches_nothing() {
        let index = Index::with_room(1);
        assert_eq!(index.find(u64::MAX, |_| true), None);
    }
}
