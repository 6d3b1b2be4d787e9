//! A backend in this process, of which can be seen what it remembers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_memoize::backend::{
    Backend, Begin, Begun, CallMode, Commit, Fence, Fences, Group, Key, Read, Reply, Stored,
};

/// Cloning is cheap and gives the same.
#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Inner>);

#[derive(Default)]
struct Inner {
    values: Mutex<HashMap<Key, Vec<u8>>>,
    fences: Fences,
}

impl Store {
    /// Whether nothing is known of any computation.
    pub(crate) fn has_forgotten_all_fences(&self) -> bool {
        format!("{:?}", self.0.fences).contains("keys: 0,")
    }

    /// How many have it.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    fn stored(&self, key: &Key) -> Option<Stored> {
        self.values().get(key).map(|value| Stored::new(&**value))
    }

    fn values(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Vec<u8>>> {
        self.0.values.lock().unwrap()
    }
}

impl Backend for Store {
    fn name(&self) -> String {
        "a store".to_owned()
    }

    fn read<'a>(&'a self, key: &'a Key, _: Read, _: CallMode) -> Reply<'a, Option<Stored>> {
        Ok(self.stored(key)).into()
    }

    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, _: CallMode) -> Reply<'a, Begun> {
        Ok(self.0.fences.begin(key, &begin, || self.stored(key))).into()
    }

    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, _: CallMode) -> Reply<'a, bool> {
        let stored = self.0.fences.commit(
            key,
            &commit,
            || self.stored(key),
            |value| match value {
                Some(value) => drop(self.values().insert(key.clone(), value.to_vec())),
                None => drop(self.values().remove(key)),
            },
        );
        Ok(stored).into()
    }

    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, _: CallMode) -> Reply<'a, ()> {
        self.0.fences.release(key, fence);
        Ok(()).into()
    }

    fn renew<'a>(&'a self, key: &'a Key, fence: &'a Fence, lease: Duration, _: CallMode) -> Reply<'a, bool> {
        Ok(self.0.fences.renew(key, fence, lease)).into()
    }

    fn remove<'a>(&'a self, key: &'a Key, _: CallMode) -> Reply<'a, bool> {
        Ok(self.0.fences.change(key, || self.values().remove(key).is_some())).into()
    }

    fn remove_all<'a>(&'a self, group: &'a Group, _: CallMode) -> Reply<'a, ()> {
        self.0.fences.change_all(group, || self.values().retain(|key, _| key.group() != group));
        Ok(()).into()
    }
}
