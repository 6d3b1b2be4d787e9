//! A Redis asked in one of the two ways, as plain calls.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use cache_memoize::backend::{
    Backend, Begin, Begun, CallMode, Commit, Fence, Key, Read, Reply, Stored, Token,
};
use cache_memoize::{Error, Redis};
use cache_memoize_tests::servers::RedisServer;
use tokio::runtime::Runtime;

/// A runtime like that of a service.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

pub(crate) const LEASE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) redis: Redis,
    pub(crate) call: CallMode,
}

/// The same Redis, asked by threads and by tasks.
pub(crate) fn both_ways(redis: &Redis) -> [Store; 2] {
    [CallMode::BLOCKING, CallMode::ASYNC].map(|call| Store { redis: redis.clone(), call })
}

pub(crate) fn open(server: &RedisServer) -> Redis {
    Redis::open(server.url()).expect("a valid URL")
}

/// A Redis with a deadline that even a busy machine keeps, for tests that are not about time.
pub(crate) fn patient(url: impl Into<String>) -> Redis {
    Redis::builder().url(url).timeout(Duration::from_secs(10)).build().expect("valid settings")
}

pub(crate) fn key(text: &str) -> Key {
    Key::new(text, "tests::group")
}

pub(crate) fn token() -> Token {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut token = Token::default();
    token[..8].copy_from_slice(&NEXT.fetch_add(1, Relaxed).to_be_bytes());
    token
}

pub(crate) fn begin() -> Begin {
    Begin::new(token(), LEASE)
}

/// What begins nothing, since this is there.
pub(crate) fn found(value: &[u8]) -> Begun {
    Begun::Value(Stored::new(value))
}

/// Waits for an answer on [`RUNTIME`].
pub(crate) fn answer<T>(reply: Reply<'_, T>) -> Result<T, Error> {
    RUNTIME.block_on(reply)
}

/// How long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let output = work();
    (output, began.elapsed())
}

impl Store {
    pub(crate) fn backend(&self) -> &dyn Backend {
        self.redis.as_shared().backend()
    }

    pub(crate) fn try_read(&self, key: &Key) -> Result<Option<Vec<u8>>, Error> {
        Ok(answer(self.backend().read(key, Read::new(), self.call))?.map(|stored| stored.value))
    }

    pub(crate) fn read(&self, key: &Key) -> Option<Vec<u8>> {
        self.try_read(key).expect("read")
    }

    pub(crate) fn try_begin(&self, key: &Key, begin: Begin) -> Result<Begun, Error> {
        answer(self.backend().begin(key, begin, self.call))
    }

    pub(crate) fn begin(&self, key: &Key, begin: Begin) -> Begun {
        self.try_begin(key, begin).expect("begin")
    }

    /// A computation begins, whether or not there is a value.
    pub(crate) fn fence(&self, key: &Key) -> Fence {
        match self.begin(key, begin().over(true)) {
            Begun::Fence(fence) => fence,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn try_commit(&self, key: &Key, commit: Commit<'_>) -> Result<bool, Error> {
        answer(self.backend().commit(key, commit, self.call))
    }

    pub(crate) fn commit(&self, key: &Key, fence: &Fence, value: &[u8]) -> bool {
        self.try_commit(key, Commit::new(fence, Some(value))).expect("commit")
    }

    pub(crate) fn refresh(&self, key: &Key, fence: &Fence, value: Option<&[u8]>) -> bool {
        self.try_commit(key, Commit::new(fence, value).refresh(true)).expect("commit")
    }

    pub(crate) fn release(&self, key: &Key, fence: &Fence) {
        answer(self.backend().release(key, fence, self.call)).expect("release");
    }

    pub(crate) fn renew(&self, key: &Key, fence: &Fence, lease: Duration) -> bool {
        answer(self.backend().renew(key, fence, lease, self.call)).expect("renew")
    }

    /// Replaces what is there, as the cache does when it is given a value; whether it was stored.
    pub(crate) fn try_set(&self, key: &Key, value: &[u8], lifetime: Option<Duration>) -> Result<bool, Error> {
        let Begun::Fence(fence) = self.try_begin(key, begin().over(true))? else {
            panic!("nothing to begin")
        };
        self.try_commit(key, Commit::new(&fence, Some(value)).lifetime(lifetime).refresh(true))
    }

    pub(crate) fn set(&self, key: &Key, value: &[u8]) {
        assert!(self.try_set(key, value, None).expect("set"), "{:?} was overtaken", key.text());
    }

    pub(crate) fn try_remove(&self, key: &Key) -> Result<bool, Error> {
        answer(self.backend().remove(key, self.call))
    }

    pub(crate) fn remove(&self, key: &Key) -> bool {
        self.try_remove(key).expect("remove")
    }

    pub(crate) fn try_remove_all(&self) -> Result<(), Error> {
        answer(self.backend().remove_all(&"tests::group".into(), self.call))
    }

    pub(crate) fn remove_all(&self) {
        self.try_remove_all().expect("remove_all");
    }
}
