//! What a backend is asked, owned: it may be carried out when its caller has long gone, or twice.

use std::time::Duration;

use crate::backend::{Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Leader, Reply};

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

impl Answer for Option<Vec<u8>> {
    fn value(&mut self) -> Option<&mut Vec<u8>> {
        self.as_mut()
    }
}

impl Answer for Begun {
    fn value(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Value(value) => Some(value),
            Self::Standing | Self::LedByAnother | Self::Fence(_) => None,
        }
    }
}

impl Answer for Option<Leader> {
    fn value(&mut self) -> Option<&mut Vec<u8>> {
        None
    }
}

impl Answer for bool {
    fn value(&mut self) -> Option<&mut Vec<u8>> {
        None
    }
}

impl Answer for () {
    fn value(&mut self) -> Option<&mut Vec<u8>> {
        None
    }
}

pub(super) struct Read(pub(super) Key);

impl Request for Read {
    const NAME: &'static str = "read";
    type Answer = Option<Vec<u8>>;

    fn key(&self) -> &str {
        self.0.text()
    }

    fn ask<'a>(&'a self, backend: &'a dyn Backend, call: CallMode) -> Reply<'a, Self::Answer> {
        backend.read(&self.0, call)
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
    refresh: bool,
}

impl Store {
    pub(super) fn new(key: &Key, commit: &Commit<'_>) -> Self {
        Self {
            key: key.clone(),
            fence: commit.fence.clone(),
            value: commit.value.map(<[u8]>::to_vec),
            lifetime: commit.lifetime,
            refresh: commit.refresh,
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
        let commit = Commit::new(&self.fence, self.value.as_deref());
        backend.commit(&self.key, commit.lifetime(self.lifetime).refresh(self.refresh), call)
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
