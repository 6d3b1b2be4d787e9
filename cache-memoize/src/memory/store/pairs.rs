//! Pairs: keys and values of known `Copy` types, stored side by side.

use std::any::Any;

use crate::entry::Entry;
use crate::key::parts::Key;
use crate::shape::Shape;

/// The largest size of a pair in bytes. Pairs are moved when their list grows, so larger ones are better behind a
/// pointer.
const LARGEST: usize = 128;

/// Copies a key and a value without running user code. It may refuse a value: of a `Result`, the errors.
pub(crate) type Copier<K, V> = fn(&K, &V) -> Option<(K, V)>;

/// The copier for keys and values of these types, if they may be stored as pairs.
pub(crate) const fn copier<K: Key, S: Shape>() -> Option<Copier<K::Owned, S::Shared>> {
    match (K::COPY, S::COPY) {
        (Some(_), Some(_)) if size_of::<(K::Owned, S::Shared)>() <= LARGEST => Some(copied::<K, S>),
        _ => None,
    }
}

fn copied<K: Key, S: Shape>(key: &K::Owned, value: &S::Shared) -> Option<(K::Owned, S::Shared)> {
    Some((K::COPY?(key), S::COPY?(value)?))
}

/// The pairs of a shard, by the number of the slot. At the number of an entry that is no pair there is a copy of
/// another.
struct Pairs<K, V> {
    pairs: Vec<(K, V)>,
    copier: Copier<K, V>,
}

/// Pairs with their types erased.
pub(crate) trait AnyPairs: Any + Send + Sync {
    fn key(&self, at: usize) -> Option<&dyn Any>;
    /// Renumbers the pairs: the one at `from[n]` becomes the one at `n`.
    fn rearrange(&mut self, from: &[usize]);
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> AnyPairs for Pairs<K, V> {
    fn key(&self, at: usize) -> Option<&dyn Any> {
        self.pairs.get(at).map(|(key, _)| key as &dyn Any)
    }
    fn rearrange(&mut self, from: &[usize]) {
        let copy = |(key, value): &(K, V)| (self.copier)(key, value);
        let there = |&at: &usize| self.pairs.get(at).and_then(copy);
        // An entry that is no pair may have any number, also one beyond the last pair.
        self.pairs =
            from.iter().map_while(|at| there(at).or_else(|| self.pairs.first().and_then(copy))).collect();
    }
}

impl dyn AnyPairs {
    /// A copy of a pair, if the pairs are of these types.
    #[inline]
    pub(super) fn copy<K: 'static, V: 'static>(&self, at: usize) -> Option<(K, V)> {
        let Pairs { pairs, copier } = (self as &dyn Any).downcast_ref::<Pairs<K, V>>()?;
        let (key, value) = pairs.get(at)?;
        copier(key, value)
    }
}

/// An entry that may be stored as a pair.
pub(crate) trait Pair {
    /// Stores the pair at this number; whether it could be. Memory is allocated for `room` pairs.
    fn put(&self, pairs: &mut Option<Box<dyn AnyPairs>>, at: usize, room: usize) -> bool;
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Pair for (&Entry<K, V>, Copier<K, V>) {
    fn put(&self, pairs: &mut Option<Box<dyn AnyPairs>>, at: usize, room: usize) -> bool {
        let (entry, copier) = *self;
        let copy = || copier(&entry.key, entry.value.get()?);
        let Some(pair) = copy() else { return false };
        let pairs = pairs.get_or_insert_with(|| Box::new(Pairs::<K, V> { pairs: Vec::new(), copier }));
        let Some(Pairs { pairs, .. }) = (&mut **pairs as &mut dyn Any).downcast_mut::<Pairs<K, V>>() else {
            return false;
        };
        if let Some(old) = pairs.get_mut(at) {
            *old = pair;
            return true;
        }
        pairs.reserve_exact(room - pairs.len());
        // Lower numbers without a pair yet are those of entries that are no pairs.
        while pairs.len() < at
            && let Some(filler) = copy()
        {
            pairs.push(filler);
        }
        pairs.push(pair);
        true
    }
}
