//! Backends that do not do what they are asked, or cannot do more: no wait is for ever.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread::{self, spawn};
use std::time::Duration;

use cache_memoize::backend::{
    Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Read, Reply, Stored,
};
use cache_memoize::{Memory, Shared, cache_memoize};
use cache_memoize_tests::Gate;

/// What ended must be told within this time.
const SOON: Duration = Duration::from_secs(20);

/// Says of every key that another computation leads, whatever it is asked.
struct AlwaysLed;

impl Backend for AlwaysLed {
    fn name(&self) -> String {
        "always led".to_owned()
    }
    fn read<'a>(&'a self, _: &'a Key, _: Read, _: CallMode) -> Reply<'a, Option<Stored>> {
        Reply::now(Ok(None))
    }
    fn begin<'a>(&'a self, _: &'a Key, _: Begin, _: CallMode) -> Reply<'a, Begun> {
        Reply::now(Ok(Begun::LedByAnother))
    }
    fn commit<'a>(&'a self, _: &'a Key, _: Commit<'a>, _: CallMode) -> Reply<'a, bool> {
        Reply::now(Ok(true))
    }
    fn release<'a>(&'a self, _: &'a Key, _: &'a Fence, _: CallMode) -> Reply<'a, ()> {
        Reply::now(Ok(()))
    }
    fn renew<'a>(&'a self, _: &'a Key, _: &'a Fence, _: Duration, _: CallMode) -> Reply<'a, bool> {
        Reply::now(Ok(true))
    }
    fn remove<'a>(&'a self, _: &'a Key, _: CallMode) -> Reply<'a, bool> {
        Reply::now(Ok(false))
    }
    fn remove_all<'a>(&'a self, _: &'a Group, _: CallMode) -> Reply<'a, ()> {
        Reply::now(Ok(()))
    }
}

#[test]
fn a_backend_that_speaks_of_a_leader_unasked_is_not_waited_for() {
    #[cache_memoize(ttl = 60, backend = shared, skip(shared))]
    fn alone(shared: &Shared, id: u64) -> u64 {
        let _ = shared;
        id
    }

    #[cache_memoize(ttl = 60, backend = shared, skip(shared), single_flight = "fleet", max_wait = "100ms")]
    async fn fleet(shared: &Shared, id: u64) -> u64 {
        let _ = shared;
        id
    }

    let (sender, answers) = channel();
    spawn(move || {
        let shared = Shared::new(AlwaysLed);
        sender.send(alone(&shared, 1)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        sender.send(runtime.block_on(fleet(&shared, 2))).unwrap();
        sender.send(u64::from(alone_refresh(&shared, 3).is_err())).unwrap();
        assert!(alone_stats(&shared).errors >= 2, "it is told");
    });
    let three = [0, 1, 2].map(|_| answers.recv_timeout(SOON));
    assert_eq!(three, [Ok(1), Ok(2), Ok(1)]);
}

/// On a shared backend a body may need its waiters as well; threads and tasks.
#[test]
fn one_more_computes_beside_one_that_takes_too_long() {
    static GATE: Gate = Gate::closed();
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[cache_memoize(ttl = 60, backend = shared, skip(shared), prefix = "long")]
    fn long(shared: &Shared, id: u64) -> u64 {
        let _ = (shared, id);
        let run = RUNS.fetch_add(1, SeqCst) as u64;
        if run == 0 {
            GATE.pass();
        }
        run
    }

    let shared = Shared::from(Memory::new(10));
    // The builder's is the default.
    let shared = Shared::builder(Through(shared)).max_wait(Duration::from_millis(100)).build();
    thread::scope(|scope| {
        let first = scope.spawn(|| long(&shared, 1));
        GATE.wait_for(1);
        let others: Vec<_> = (0..8).map(|_| scope.spawn(|| long(&shared, 1))).collect();
        others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), 1));
        assert_eq!(long(&shared, 1), 1);
        GATE.open();
        assert_eq!(first.join().unwrap(), 0);
        assert_eq!(long(&shared, 1), 1, "what began later stays");
    });
    assert_eq!(RUNS.load(SeqCst), 2);
}

#[tokio::test]
async fn so_for_tasks() {
    static GATE: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[cache_memoize(ttl = 60, backend = shared, skip(shared), max_wait = "100ms")]
    async fn long(shared: &Shared, id: u64) -> u64 {
        let _ = (shared, id);
        let run = RUNS.fetch_add(1, SeqCst) as u64;
        if run == 0 {
            GATE.acquire().await.unwrap().forget();
        }
        run
    }

    #[cache_memoize(ttl = 60, max_wait = "100ms")]
    async fn in_memory(id: u64) -> u64 {
        let _ = id;
        let run = RUNS.fetch_add(1, SeqCst) as u64;
        if run == 2 {
            GATE.acquire().await.unwrap().forget();
        }
        run
    }

    let shared = Shared::from(Memory::new(10));
    let call = || {
        let shared = shared.clone();
        tokio::spawn(async move { long(&shared, 1).await })
    };
    let first = call();
    while RUNS.load(SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    for other in [call(), call(), call()] {
        assert_eq!(other.await.unwrap(), 1);
    }
    GATE.add_permits(1);
    assert_eq!(first.await.unwrap(), 0);

    let first = tokio::spawn(in_memory(1));
    while RUNS.load(SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    for other in [(); 3].map(|()| tokio::spawn(in_memory(1))) {
        assert_eq!(other.await.unwrap(), 3);
    }
    GATE.add_permits(1);
    assert_eq!(first.await.unwrap(), 2);
    assert_eq!((RUNS.load(SeqCst), in_memory(1).await), (4, 3));
}

/// A backend of the user's, with the methods that must be written and no others.
pub(crate) struct Through(pub(crate) Shared);

impl Backend for Through {
    fn name(&self) -> String {
        "through".to_owned()
    }
    fn read<'a>(&'a self, key: &'a Key, read: Read, call: CallMode) -> Reply<'a, Option<Stored>> {
        self.0.backend().read(key, read, call)
    }
    fn begin<'a>(&'a self, key: &'a Key, begin: Begin, call: CallMode) -> Reply<'a, Begun> {
        self.0.backend().begin(key, begin, call)
    }
    fn commit<'a>(&'a self, key: &'a Key, commit: Commit<'a>, call: CallMode) -> Reply<'a, bool> {
        self.0.backend().commit(key, commit, call)
    }
    fn release<'a>(&'a self, key: &'a Key, fence: &'a Fence, call: CallMode) -> Reply<'a, ()> {
        self.0.backend().release(key, fence, call)
    }
    fn renew<'a>(
        &'a self,
        key: &'a Key,
        fence: &'a Fence,
        lease: Duration,
        call: CallMode,
    ) -> Reply<'a, bool> {
        self.0.backend().renew(key, fence, lease, call)
    }
    fn remove<'a>(&'a self, key: &'a Key, call: CallMode) -> Reply<'a, bool> {
        self.0.backend().remove(key, call)
    }
    fn remove_all<'a>(&'a self, group: &'a Group, call: CallMode) -> Reply<'a, ()> {
        self.0.backend().remove_all(group, call)
    }
}
