//! A leader that could not bring its value home leads no more: others need not wait for its lease to end.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_memoize::backend::{
    Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Read, Reply, Stored,
};
use cache_memoize::{Error, ErrorKind, Memory, Shared, cache_memoize};

/// A memory that loses the first commit, and nothing else.
struct LosesOne {
    memory: Shared,
    lost: Arc<AtomicBool>,
}

impl LosesOne {
    fn inner(&self) -> &dyn Backend {
        self.memory.backend()
    }
}

impl Backend for LosesOne {
    fn name(&self) -> String {
        "a memory that loses a commit".to_owned()
    }
    fn read<'a>(&'a self, key: &'a Key, read: Read, call: CallMode) -> Reply<'a, Option<Stored>> {
        self.inner().read(key, read, call)
    }
    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, call: CallMode) -> Reply<'a, Begun> {
        self.inner().begin(key, begin, call)
    }
    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool> {
        match self.lost.swap(true, SeqCst) {
            false => Err(Error::new(ErrorKind::Unavailable, "lost")).into(),
            true => self.inner().commit(key, commit, call),
        }
    }
    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.inner().release(key, fence, call)
    }
    fn renew<'a>(
        &'a self,
        key: &'a Key,
        fence: &'a Fence,
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, bool> {
        self.inner().renew(key, fence, lease, call)
    }
    fn remove<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        self.inner().remove(key, call)
    }
    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()> {
        self.inner().remove_all(group, call)
    }
}

#[test]
fn a_leader_whose_commit_was_lost_leads_no_more() {
    static RUNS: Mutex<u32> = Mutex::new(0);

    #[cache_memoize(ttl = 600, skip(cache), backend = cache, single_flight = "fleet")]
    fn double(cache: &Shared, x: u64) -> u64 {
        let _ = cache;
        *RUNS.lock().unwrap() += 1;
        2 * x
    }

    let (memory, lost) = (Shared::from(Memory::new(100)), Arc::default());
    let process = || {
        let backend = LosesOne { memory: memory.clone(), lost: Arc::clone(&lost) };
        Shared::builder(backend).lease(Duration::from_secs(60)).build()
    };
    let (one, other) = (process(), process());
    assert_eq!(double(&one, 1), 2);
    let began = Instant::now();
    assert_eq!(double(&other, 1), 2);
    assert!(began.elapsed() < Duration::from_secs(20), "it waited for {:?}", began.elapsed());
    assert_eq!(*RUNS.lock().unwrap(), 2);
    assert_eq!(double(&one, 1), 2);
    assert_eq!(*RUNS.lock().unwrap(), 2, "the second one is stored");
}
