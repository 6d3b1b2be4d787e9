//! What a backend is asked, owned: it may be carried out when its caller has long gone, or twice.

use std::time::Duration;

use crate::backend::{
    Backend, Begin, Begun, Bucket, CallMode, Commit, Expect, Fence, Group, Key, Leader, Left, Marks, Read,
    Reply, Stored,
};

pub(super) trait Request: Send + Sync + 'static {
    /// What is asked.
    const NAME: &'static str;

    type Answer: Answer;

    /// What it is asked about.
    fn key(&self) -> &str;

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer>;

    /// What undoes an answer that nobody heard.
    fn regret(&self, unheard: Self::Answer) -> Option<Release> {
        let _ = unheard;
        None
    }
}

pub(super) trait Answer: Send + 'static {
    /// The value in it, which can be damaged.
    fn value(&mut self) -> Option<&mut Vec<u8>>;
}

impl Answer for Option<Stored> {
    fn value(&mut self) -> Option<&mut Vec<u8>> {
        self.as_mut().map(|stored| &mut stored.value)
    }
}

impl Answer for Begun {
    fn value(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Value(stored) => Some(&mut stored.value),
            Self::Standing | Self::LedByAnother | Self::Fence(_) => None,
        }
    }
}

/// Nothing in them can be damaged and still be what a backend could answer.
macro_rules! without_a_value {
    ($($type:ty),*) => {$(
        impl Answer for $type {
            fn value(&mut self) -> Option<&mut Vec<u8>> {
                None
            }
        }
    )*};
}

without_a_value!(Option<Leader>, Option<Left>, Marks, bool, ());

pub(super) struct Look(pub(super) Key, pub(super) Read);

impl Request for Look {
    const NAME: &'static str = "read";
    type Answer = Option<Stored>;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.read(&self.0, self.1, call)
    }
}

pub(super) struct Compare(pub(super) Key, pub(super) Vec<u8>, pub(super) Read);

impl Request for Compare {
    const NAME: &'static str = "unchanged";
    type Answer = Option<Left>;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.unchanged(&self.0, &self.1, self.2, call)
    }
}

pub(super) struct Start(pub(super) Key, pub(super) Begin);

impl Request for Start {
    const NAME: &'static str = "begin";
    type Answer = Begun;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.begin(&self.0, self.1.clone(), call)
    }

    fn regret(&self, unheard: Begun) -> Option<Release> {
        match unheard {
            Begun::Fence(fence) => Some(Release { key: self.0.clone(), fence, failed: false }),
            Begun::Value(_) | Begun::Standing | Begun::LedByAnother => None,
        }
    }
}

pub(super) struct Store {
    key: Key,
    fence: Fence,
    value: Option<Vec<u8>>,
    lifetime: Option<Duration>,
    stale: Duration,
    refresh: bool,
    expect: Option<Expected>,
}

enum Expected {
    Nothing,
    Tail(Vec<u8>),
}

impl Store {
    pub(super) fn new(key: &Key, commit: &Commit<'_>) -> Self {
        Self {
            key: key.clone(),
            fence: commit.fence.clone(),
            value: commit.value.map(<[u8]>::to_vec),
            lifetime: commit.lifetime,
            stale: commit.stale,
            refresh: commit.refresh,
            expect: commit.expect.map(|expect| match expect {
                Expect::Nothing => Expected::Nothing,
                Expect::Tail(tail) => Expected::Tail(tail.to_vec()),
            }),
        }
    }
}

impl Request for Store {
    const NAME: &'static str = "commit";
    type Answer = bool;

    fn key(&self) -> &str {
        self.key.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        let expect = self.expect.as_ref().map(|expect| match expect {
            Expected::Nothing => Expect::Nothing,
            Expected::Tail(tail) => Expect::Tail(tail),
        });
        let commit = Commit::new(&self.fence, self.value.as_deref()).lifetime(self.lifetime);
        backend.commit(&self.key, commit.stale(self.stale).refresh(self.refresh).expect(expect), call)
    }
}

pub(super) struct Release {
    pub(super) key: Key,
    pub(super) fence: Fence,
    pub(super) failed: bool,
}

impl Request for Release {
    const NAME: &'static str = "release";
    type Answer = ();

    fn key(&self) -> &str {
        self.key.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        match self.failed {
            true => backend.fail(&self.key, &self.fence, call),
            false => backend.release(&self.key, &self.fence, call),
        }
    }
}

pub(super) struct Leads(pub(super) Key);

impl Request for Leads {
    const NAME: &'static str = "leader";
    type Answer = Option<Leader>;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.leader(&self.0, call)
    }
}

pub(super) struct Renew(pub(super) Key, pub(super) Fence, pub(super) Duration);

impl Request for Renew {
    const NAME: &'static str = "renew";
    type Answer = bool;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.renew(&self.0, &self.1, self.2, call)
    }
}

pub(super) struct Remove(pub(super) Key);

impl Request for Remove {
    const NAME: &'static str = "remove";
    type Answer = bool;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.remove(&self.0, call)
    }
}

pub(super) struct RemoveAll(pub(super) Group);

impl Request for RemoveAll {
    const NAME: &'static str = "remove_all";
    type Answer = ();

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.remove_all(&self.0, call)
    }
}

pub(super) struct Expire(pub(super) Key);

impl Request for Expire {
    const NAME: &'static str = "expire";
    type Answer = bool;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.expire(&self.0, call)
    }
}

pub(super) struct LookAtMarks(pub(super) String, pub(super) Vec<Bucket>);

impl Request for LookAtMarks {
    const NAME: &'static str = "marks";
    type Answer = Marks;

    fn key(&self) -> &str {
        &self.0
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.marks(&self.0, &self.1, call)
    }
}

pub(super) struct MarkThem(pub(super) String, pub(super) Vec<Bucket>);

impl Request for MarkThem {
    const NAME: &'static str = "mark";
    type Answer = ();

    fn key(&self) -> &str {
        &self.0
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.mark(&self.0, &self.1, call)
    }
}
