//! What is right: bodies return numbers that grow, so that of two values it can be told which is older.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use cache_memoize::{Error, Shared};

use crate::functions::{Functions, Kind};

/// A key, and when it was computed.
pub(crate) type Value = (u64, u64);

pub(crate) const KEYS: usize = 2;

/// Everything that processes share, and what has been acknowledged.
#[derive(Default)]
pub(crate) struct World {
    last: AtomicU64,
    /// By kind of function and key: what was computed up to then is void.
    void: [[AtomicU64; KEYS]; Kind::ALL.len()],
    /// A value that is set takes effect at some instant before its companion ends, and so is as old as that end: the
    /// greatest number, until then.
    set: Mutex<HashMap<u64, u64>>,
}

/// A value that is being set.
struct Setting<'w>(&'w World, Value);

impl Drop for Setting<'_> {
    fn drop(&mut self) {
        let Self(world, (key, number)) = self;
        let (_, end) = world.compute(*key);
        world.set.lock().unwrap().insert(*number, end);
    }
}

/// One that shares its backend with others, though it is none of its own: all that is local to a process is in its
/// [`Shared`].
pub(crate) struct Process<'w> {
    pub(crate) world: &'w World,
    pub(crate) cache: Shared,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operation {
    Call,
    Peek,
    Invalidate,
    InvalidateAll,
    Refresh,
    Set,
}

impl World {
    pub(crate) fn compute(&self, key: u64) -> Value {
        (key, self.last.fetch_add(1, SeqCst) + 1)
    }

    pub(crate) fn now(&self) -> u64 {
        self.last.load(SeqCst)
    }

    fn setting(&self, key: u64) -> Setting<'_> {
        let value = self.compute(key);
        self.set.lock().unwrap().insert(value.1, u64::MAX);
        Setting(self, value)
    }

    fn void(&self, kind: Kind, key: u64) -> &AtomicU64 {
        &self.void[kind as usize][key as usize]
    }

    fn is_right(&self, kind: Kind, key: u64, void: u64, value: Value) {
        let (of, number) = value;
        assert_eq!(of, key, "{kind:?}: the value of another key");
        assert!(number <= self.now(), "{kind:?} {key}: {number} was never computed");
        let age = self.set.lock().unwrap().get(&number).copied().unwrap_or(number);
        assert!(age > void, "{kind:?} {key}: {number} is older than what was acknowledged at {void}");
    }
}

impl Process<'_> {
    /// Does it, and judges what came of it.
    pub(crate) async fn perform(
        &self,
        functions: &Functions,
        operation: Operation,
        key: u64,
    ) -> Result<(), Error> {
        let (world, kind) = (self.world, functions.kind);
        let void = world.void(kind, key).load(SeqCst);
        let before = world.now();
        let acknowledged = match operation {
            Operation::Call => {
                world.is_right(kind, key, void, (functions.call)(self, key).await);
                return Ok(());
            }
            Operation::Peek => {
                if let Some(value) = (functions.peek)(self, key).await? {
                    world.is_right(kind, key, void, value);
                }
                return Ok(());
            }
            Operation::Invalidate => (functions.invalidate)(self, key).await.map(drop),
            Operation::InvalidateAll => {
                (functions.invalidate_all)(self).await?;
                for key in 0..KEYS {
                    world.void(kind, key as u64).fetch_max(before, SeqCst);
                }
                return Ok(());
            }
            Operation::Refresh => {
                let refreshed = (functions.refresh)(self, key).await?;
                world.is_right(kind, key, before, refreshed);
                Ok(())
            }
            Operation::Set => {
                let setting = world.setting(key);
                (functions.set)(self, key, setting.1).await
            }
        };
        acknowledged?;
        world.void(kind, key).fetch_max(before, SeqCst);
        Ok(())
    }
}
