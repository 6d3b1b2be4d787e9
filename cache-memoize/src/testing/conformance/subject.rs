//! One key, and all that can be done to it.

use std::time::Duration;

use super::{Bench, LONG, answer, pause};
use crate::ErrorKind;
use crate::backend::token;
use crate::backend::{Begin, Begun, Commit, Expect, Fence, Key, Leader, Left, Read, Stored};
use crate::codec::envelope::{self, Header};

/// One key and all that can be done to it.
pub(super) struct Subject<'b> {
    pub(super) bench: &'b Bench<'b>,
    pub(super) key: Key,
}

impl Subject<'_> {
    pub(super) async fn read(&self) -> Option<Vec<u8>> {
        self.look().await.map(|stored| stored.value)
    }

    pub(super) async fn look(&self) -> Option<Stored> {
        answer(self.bench.client().read(&self.key, Read::new(), self.bench.call)).await
    }

    /// The value, and what is left of its time.
    pub(super) async fn look_closely(&self) -> Option<Stored> {
        let read = Read::new().lifetime(true);
        answer(self.bench.client().read(&self.key, read, self.bench.call)).await
    }

    pub(super) async fn unchanged(&self, tail: &[u8]) -> Option<Left> {
        let read = Read::new().lifetime(true);
        answer(self.bench.client().unchanged(&self.key, tail, read, self.bench.call)).await
    }

    pub(super) async fn expire(&self) -> bool {
        answer(self.bench.client().expire(&self.key, self.bench.call)).await
    }

    pub(super) async fn try_begin(&self, over: bool, joining: Option<Fence>, lead: bool) -> Begun {
        let begin = Begin::new(token(), LONG).over(over).joining(joining).lead(lead);
        answer(self.bench.client().begin(&self.key, begin, self.bench.call)).await
    }

    pub(super) async fn begin_for(&self, lease: Duration, lead: bool) -> Begun {
        let begin = Begin::new(token(), lease).lead(lead);
        answer(self.bench.client().begin(&self.key, begin, self.bench.call)).await
    }

    pub(super) async fn begin(&self) -> Fence {
        match self.try_begin(false, None, false).await {
            Begun::Fence(fence) => fence,
            other => {
                panic!("there is nothing under {:?}, so a computation begins: {other:?}", self.key.text())
            }
        }
    }

    pub(super) async fn begin_over(&self) -> Fence {
        match self.try_begin(true, None, false).await {
            Begun::Fence(fence) => fence,
            other => panic!("what is there is to be replaced, so a computation begins: {other:?}"),
        }
    }

    pub(super) async fn commit(&self, fence: &Fence, value: &[u8]) -> bool {
        let commit = Commit::new(fence, Some(value));
        answer(self.bench.client().commit(&self.key, commit, self.bench.call)).await
    }

    pub(super) async fn refresh(&self, fence: &Fence, value: Option<&[u8]>) -> bool {
        let commit = Commit::new(fence, value).refresh(true);
        answer(self.bench.client().commit(&self.key, commit, self.bench.call)).await
    }

    pub(super) async fn begin_as(&self, begin: Begin) -> Begun {
        answer(self.bench.client().begin(&self.key, begin, self.bench.call)).await
    }

    pub(super) async fn leader(&self) -> Option<Leader> {
        answer(self.bench.client().leader(&self.key, self.bench.call)).await
    }

    pub(super) async fn renew(&self, fence: &Fence) -> bool {
        // Two renewals at one instant of a server's clock would look the same.
        pause(Duration::from_millis(5)).await;
        answer(self.bench.client().renew(&self.key, fence, LONG, self.bench.call)).await
    }

    pub(super) async fn fail(&self, fence: &Fence) {
        answer(self.bench.client().fail(&self.key, fence, self.bench.call)).await;
    }

    pub(super) async fn release(&self, fence: &Fence) {
        answer(self.bench.client().release(&self.key, fence, self.bench.call)).await;
    }

    /// Replaces what is there, as the cache does when it is given a value.
    pub(super) async fn set(&self, value: &[u8]) {
        self.set_for(value, None).await;
    }

    pub(super) async fn set_for(&self, value: &[u8], lifetime: Option<Duration>) {
        self.set_stale(value, lifetime, Duration::ZERO).await;
    }

    pub(super) async fn set_stale(&self, value: &[u8], lifetime: Option<Duration>, stale: Duration) {
        let fence = self.begin_over().await;
        let commit = Commit::new(&fence, Some(value)).lifetime(lifetime).stale(stale).refresh(true);
        let stored = answer(self.bench.client().commit(&self.key, commit, self.bench.call)).await;
        assert!(stored, "nobody overtook the refresh of {:?}", self.key.text());
    }

    pub(super) async fn remove(&self) -> bool {
        answer(self.bench.client().remove(&self.key, self.bench.call)).await
    }

    /// Replaces what it expects, and nothing else.
    pub(super) async fn update(
        &self,
        fence: &Fence,
        expect: Expect<'_>,
        value: Option<&[u8]>,
    ) -> Result<bool, ErrorKind> {
        let commit = Commit::new(fence, value).expect(Some(expect));
        self.bench.client().commit(&self.key, commit, self.bench.call).await.map_err(|error| error.kind())
    }
}

/// The value that was there, so that nothing has begun.
pub(super) fn found(begun: Begun) -> Option<Vec<u8>> {
    match begun {
        Begun::Value(stored) => Some(stored.value),
        _ => None,
    }
}

/// A value as the cache stores it, with this stale window, and different from all others.
pub(super) fn entry(stale: Duration) -> Vec<u8> {
    let [a, b, c, d, e, f, g, h, ..] = token();
    let milliseconds = u64::try_from(stale.as_millis()).expect("it is short");
    let header = Header { stale: milliseconds, random: [a, b, c, d, e, f, g, h], ..Header::default() };
    envelope::seal(header, 1, &[], |_, _| Ok(())).expect("it is small")
}

/// By what it is told from all others.
pub(super) fn tail(entry: &[u8]) -> &[u8] {
    &entry[entry.len() - 8..]
}
