//! Whether a backend keeps its promises.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::backend::{
    Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Leader, Predecessor, Reply,
};
use crate::background;
use crate::remote::token;
use crate::sync::block_on;

/// Checks that a backend does what [`Backend`] asks of it, from functions that are not `async`.
///
/// `clients` are clients of the same place, such as two connections to one server, or one twice; they take turns.
/// Everything is done under keys that nobody else uses. It takes a few seconds, since leases and lifetimes must end.
///
/// # Panics
///
/// If it does not; the message is the promise that was broken.
///
/// ```
/// use cache_memoize::{Memory, Shared, testing};
///
/// let memory = Shared::from(Memory::new(10_000));
/// testing::conformance(&[memory.backend()]);
/// ```
pub fn conformance(clients: &[&dyn Backend]) {
    block_on(run(clients, CallMode::BLOCKING));
}

/// The same from `async` functions.
///
/// # Panics
///
/// See [`conformance`].
pub async fn conformance_async(clients: &[&dyn Backend]) {
    run(clients, CallMode::ASYNC).await;
}

/// Nothing on a machine of today takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(30);

async fn run(clients: &[&dyn Backend], call: CallMode) {
    assert!(!clients.is_empty(), "a backend to check");
    let bench = Bench { clients, call, run: hex(), turn: 0.into() };
    bench.values().await;
    bench.fences().await;
    bench.refreshes().await;
    bench.groups().await;
    bench.joining().await;
    bench.leading().await;
    bench.succession().await;
    bench.time().await;
    bench.repetition().await;
    bench.keys().await;
}

fn hex() -> String {
    token().iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Bench<'b> {
    clients: &'b [&'b dyn Backend],
    call: CallMode,
    run: String,
    turn: std::sync::atomic::AtomicUsize,
}

/// One key and all that can be done to it.
struct Subject<'b> {
    bench: &'b Bench<'b>,
    key: Key,
}

impl Bench<'_> {
    fn key(&self, name: &str) -> Subject<'_> {
        self.key_in(name, "group")
    }

    fn key_in(&self, name: &str, group: &str) -> Subject<'_> {
        let run = &self.run;
        Subject { bench: self, key: Key::new(format!("{run}:{name}"), self.group(group)) }
    }

    fn group(&self, name: &str) -> Group {
        Group::in_namespace(&self.run, name)
    }

    fn client(&self) -> &dyn Backend {
        let turn = self.turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.clients[turn % self.clients.len()]
    }

    async fn remove_all(&self, group: &str) {
        let group = self.group(group);
        answer(self.client().remove_all(&group, self.call)).await;
    }

    async fn values(&self) {
        let key = self.key("values");
        assert!(!self.client().name().is_empty(), "a backend has a name");
        assert_eq!(key.read().await, None, "nothing was stored");
        assert!(!key.remove().await, "there was nothing to remove");
        let fence = key.begin().await;
        assert!(key.commit(&fence, b"1").await, "nobody overtook it");
        assert_eq!(key.read().await.as_deref(), Some(&b"1"[..]), "what was committed is there");
        assert_eq!(
            key.try_begin(false, None, false).await,
            Begun::Value(b"1".into()),
            "a value is not computed"
        );
        assert!(key.remove().await, "there was a value");
        assert_eq!(key.read().await, None, "it was removed");
        key.set(b"2").await;
        assert_eq!(key.read().await.as_deref(), Some(&b"2"[..]), "what a refresh stored is there");
        key.set(b"3").await;
        assert_eq!(key.read().await.as_deref(), Some(&b"3"[..]), "what a refresh stored last is there");
        let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
        for value in [&b""[..], &[0], &bytes] {
            key.set(value).await;
            assert_eq!(
                key.read().await.as_deref(),
                Some(value),
                "any bytes are a value: {} of them",
                value.len()
            );
            let fence = key.begin_over().await;
            assert!(key.commit(&fence, value).await);
            assert_eq!(key.read().await.as_deref(), Some(value), "any bytes can be committed");
        }
    }

    async fn fences(&self) {
        let key = self.key("removed");
        let fence = key.begin().await;
        assert!(!key.remove().await, "nothing was stored yet");
        assert!(!key.commit(&fence, b"old").await, "it was removed after the computation began");
        assert_eq!(key.read().await, None, "a removal is not undone");

        let key = self.key("overtaken");
        let fence = key.begin().await;
        key.set(b"new").await;
        assert!(!key.commit(&fence, b"old").await, "a refresh that began later has landed");
        assert_eq!(key.read().await.as_deref(), Some(&b"new"[..]), "what a refresh stored stays");

        let key = self.key("successor");
        let old = key.begin().await;
        key.remove().await;
        let new = key.begin().await;
        assert!(!key.commit(&old, b"old").await, "a fenced computation does not store");
        key.release(&old).await;
        assert_eq!(key.read().await, None, "and does not touch its successor's place");
        assert!(key.commit(&new, b"new").await, "nor the fence of its successor");
        assert_eq!(key.read().await.as_deref(), Some(&b"new"[..]));

        let key = self.key("order");
        let (first, second) = (key.begin().await, key.begin().await);
        assert!(key.commit(&second, b"second").await, "nobody overtook it");
        assert!(!key.commit(&first, b"first").await, "a computation that began later has committed");
        assert_eq!(key.read().await.as_deref(), Some(&b"second"[..]), "the one that began last wins");

        let key = self.key("in order");
        let (first, second) = (key.begin().await, key.begin().await);
        assert!(key.commit(&first, b"first").await, "nothing has overtaken it yet");
        assert!(key.commit(&second, b"second").await, "it began last");
        assert_eq!(key.read().await.as_deref(), Some(&b"second"[..]), "the one that began last wins");

        let key = self.key("given up");
        let (gives_up, goes_on) = (key.begin().await, key.begin().await);
        key.release(&gives_up).await;
        assert!(key.commit(&goes_on, b"value").await, "another one gave up");
        assert_eq!(key.read().await.as_deref(), Some(&b"value"[..]));
    }

    async fn refreshes(&self) {
        let key = self.key("refresh");
        key.set(b"old").await;
        let fence = key.begin_over().await;
        assert_eq!(key.read().await.as_deref(), Some(&b"old"[..]), "the old value is served meanwhile");
        assert!(key.refresh(&fence, Some(b"new")).await);
        assert_eq!(key.read().await.as_deref(), Some(&b"new"[..]), "a refresh replaces");

        for (first_ends_first, what) in [(true, "in order"), (false, "out of order")] {
            let key = self.key(&format!("refreshes {what}"));
            key.set(b"old").await;
            let (first, second) = (key.begin_over().await, key.begin_over().await);
            if first_ends_first {
                assert!(key.refresh(&first, Some(b"first")).await, "nothing has overtaken it yet");
                assert_eq!(
                    key.read().await.as_deref(),
                    Some(&b"first"[..]),
                    "a refresh replaces before it returns"
                );
            }
            assert!(key.refresh(&second, Some(b"second")).await, "it began last");
            if !first_ends_first {
                assert!(!key.refresh(&first, Some(b"first")).await, "one that began later has landed");
            }
            assert_eq!(
                key.read().await.as_deref(),
                Some(&b"second"[..]),
                "the one that began last wins, {what}"
            );
        }

        let key = self.key("refresh with nothing to keep");
        key.set(b"old").await;
        let fence = key.begin_over().await;
        key.refresh(&fence, None).await;
        assert_eq!(key.read().await, None, "its value is not to be kept, and the old one is replaced");

        let key = self.key("refresh overtaken");
        key.set(b"old").await;
        let (one, other) = (key.begin_over().await, key.begin_over().await);
        key.set(b"new").await;
        assert!(!key.refresh(&one, Some(b"one")).await, "a refresh that began later has landed");
        assert!(!key.refresh(&other, None).await, "a refresh that began later has landed");
        assert_eq!(key.read().await.as_deref(), Some(&b"new"[..]), "what a later refresh stored stays");
        let fence = key.begin_over().await;
        key.remove().await;
        assert!(!key.refresh(&fence, Some(b"old")).await, "it was removed after the refresh began");
        assert_eq!(key.read().await, None, "a removal is not undone");

        let key = self.key("refresh and fill");
        let fill = key.begin().await;
        let refresh = key.begin_over().await;
        assert!(key.refresh(&refresh, Some(b"refreshed")).await);
        assert!(!key.commit(&fill, b"filled").await, "it began before the refresh that has landed");
        assert_eq!(key.read().await.as_deref(), Some(&b"refreshed"[..]));
    }

    async fn groups(&self) {
        let (one, other) = (self.key_in("one", "one"), self.key_in("other", "other"));
        let second = self.key_in("second of one", "one");
        for key in [&one, &other, &second] {
            key.set(b"old").await;
        }
        let third = self.key_in("third of one", "one");
        let fence = third.begin().await;
        self.remove_all("one").await;
        for key in [&one, &second] {
            assert_eq!(key.read().await, None, "all of a group is removed");
            assert!(!key.remove().await, "it is not there any more");
        }
        assert_eq!(other.read().await.as_deref(), Some(&b"old"[..]), "another group is not");
        third.commit(&fence, b"old").await;
        assert_eq!(third.read().await, None, "the group was removed after the computation began");
        let fence = third.begin().await;
        assert!(third.commit(&fence, b"new").await);
        assert_eq!(third.read().await.as_deref(), Some(&b"new"[..]), "a removed group can be filled again");
        let fence = third.begin_over().await;
        self.remove_all("one").await;
        third.refresh(&fence, Some(b"old")).await;
        assert_eq!(third.read().await, None, "the group was removed after the refresh began");
    }

    async fn joining(&self) {
        let key = self.key_in("joining", "joining");
        let fence = key.begin().await;
        let standing = |key: &Subject<'_>, fence: &Fence| {
            let (key, fence) = (key.key.clone(), fence.clone());
            async move {
                let subject = Subject { bench: self, key };
                let begun = subject.try_begin(false, Some(fence), false).await;
                if let Begun::Fence(fence) = &begun {
                    subject.release(fence).await;
                }
                begun == Begun::Standing
            }
        };
        assert!(standing(&key, &fence).await, "nothing happened since it began");
        let beside = key.begin().await;
        key.release(&beside).await;
        assert!(standing(&key, &fence).await, "another computation gave up");
        key.remove().await;
        assert!(!standing(&key, &fence).await, "the key was removed");

        let fence = key.begin().await;
        self.remove_all("joining").await;
        assert!(!standing(&key, &fence).await, "its group was removed");

        let fence = key.begin().await;
        let refresh = key.begin_over().await;
        key.refresh(&refresh, None).await;
        assert!(!standing(&key, &fence).await, "a refresh that began later has landed");

        let fence = key.begin().await;
        key.set(b"new").await;
        assert_eq!(
            key.try_begin(false, Some(fence), false).await,
            Begun::Value(b"new".into()),
            "a value comes first"
        );
    }

    async fn leading(&self) {
        let key = self.key("leading");
        let Begun::Fence(leader) = key.try_begin(false, None, true).await else { panic!("nobody leads") };
        assert_eq!(key.try_begin(false, None, true).await, Begun::LedByAnother, "another one leads");
        let joining = Some(leader.clone());
        assert_eq!(
            key.try_begin(false, joining, true).await,
            Begun::Standing,
            "its own process may share it"
        );
        let beside = key.begin().await;
        key.release(&beside).await;
        assert_eq!(key.try_begin(false, None, true).await, Begun::LedByAnother, "one beside it gave up");
        key.release(&leader).await;
        let Begun::Fence(leader) = key.try_begin(false, None, true).await else {
            panic!("the leader gave up")
        };
        key.remove().await;
        let Begun::Fence(successor) = key.try_begin(false, None, true).await else {
            panic!("the leader was fenced off")
        };
        key.release(&leader).await;
        assert_eq!(
            key.try_begin(false, None, true).await,
            Begun::LedByAnother,
            "a fenced leader does not end its successor"
        );
        assert!(key.commit(&successor, b"value").await);
        assert_eq!(
            key.try_begin(false, None, true).await,
            Begun::Value(b"value".into()),
            "the leader is done"
        );
        let Begun::Fence(overtaken) = key.try_begin(true, None, true).await else {
            panic!("nobody leads any more")
        };
        key.set(b"set").await;
        let Begun::Fence(leader) = key.try_begin(true, None, true).await else {
            panic!("a refresh that began later has landed, so the leader leads no more")
        };
        key.release(&overtaken).await;
        assert_eq!(
            key.try_begin(true, None, true).await,
            Begun::LedByAnother,
            "and does not end its successor"
        );
        self.remove_all("group").await;
        let Begun::Fence(_) = key.try_begin(true, None, true).await else { panic!("its group was removed") };
        key.release(&leader).await;
    }

    /// Of backends that tell who leads.
    async fn succession(&self) {
        let key = self.key_in("succession", "succession");
        let Begun::Fence(leader) = key.try_begin(false, None, true).await else { panic!("nobody leads") };
        let Some(seen) = key.leader().await else { return };
        assert_eq!(seen.name, leader.token, "the name of the leader");
        assert_eq!(key.leader().await, Some(seen.clone()), "a look is no sign of life");
        assert!(key.renew(&leader).await);
        let alive = key.leader().await.expect("it leads");
        assert_ne!(alive.sign, seen.sign, "a renewal is a sign of life");
        let begin = || Begin::new(token(), LONG).lead(true);
        let instead = |name: &[u8], sign| begin().instead_of(Some(Predecessor::new(name, sign)));
        assert_eq!(key.begin_as(instead(b"another", None)).await, Begun::LedByAnother, "it is not that one");
        let dead = instead(&seen.name, Some(seen.sign.clone()));
        assert_eq!(key.begin_as(dead).await, Begun::LedByAnother, "it has given another sign since");
        let Begun::Fence(second) = key.begin_as(instead(&seen.name, Some(alive.sign))).await else {
            panic!("the leader is dead")
        };
        let Begun::Fence(third) = key.begin_as(instead(&second.token, None)).await else {
            panic!("the leader has led for too long")
        };
        let seen = key.leader().await.expect("the third leads");
        assert_eq!(seen.name, third.token);
        let waited = || begin().waited_for(Some(seen.ticket));
        assert_eq!(key.begin_as(waited()).await, Begun::LedByAnother, "it has not failed");
        key.fail(&second).await;
        assert_eq!(key.begin_as(waited()).await, Begun::LedByAnother, "one that leads no more has failed");
        key.fail(&third).await;
        let Begun::Fence(next) = key.begin_as(waited()).await else { panic!("nobody leads") };
        let Begun::Fence(beside) = key.begin_as(waited()).await else {
            panic!("who waited does not wait on")
        };
        assert_eq!(key.begin_as(begin()).await, Begun::LedByAnother, "who has not waited does");
        assert_eq!(
            key.leader().await.map(|leader| leader.name),
            Some(next.token.to_vec()),
            "one of them leads"
        );
        key.release(&beside).await;
        assert!(key.commit(&next, b"value").await, "it stores as any other");
        assert!(key.leader().await.is_none(), "it is done");
        key.release(&leader).await;
    }

    async fn time(&self) {
        let key = self.key("lifetime");
        key.set_for(b"refreshed", Some(SHORT)).await;
        eventually("what a refresh stored expires", async || key.read().await.is_none()).await;
        let fence = key.begin().await;
        let commit = Commit::new(&fence, Some(b"committed")).lifetime(Some(SHORT));
        assert!(answer(self.client().commit(&key.key, commit, self.call)).await);
        eventually("what was committed expires", async || key.read().await.is_none()).await;
        assert!(!key.remove().await, "what has expired is not there");

        let key = self.key("lapsed leader");
        let Begun::Fence(_crashed) = key.begin_for(SHORT, true).await else { panic!("nobody leads") };
        eventually("a leader that does not renew its lease is succeeded", async || {
            matches!(key.try_begin(false, None, true).await, Begun::Fence(_))
        })
        .await;

        for another_begins in [false, true] {
            let key = self.key(&format!("lapsed fence, another begins: {another_begins}"));
            key.set(b"old").await;
            let begin = Begin::new(token(), SHORT).over(true);
            let Begun::Fence(lapsed) = answer(self.client().begin(&key.key, begin, self.call)).await else {
                panic!("nobody leads")
            };
            eventually("a fence that is not renewed lapses", async || {
                pause(2 * SHORT).await;
                !answer(self.client().renew(&key.key, &lapsed, SHORT, self.call)).await
            })
            .await;
            let other = if another_begins { Some(key.begin_over().await) } else { None };
            assert!(!key.refresh(&lapsed, Some(b"new")).await, "nobody knows what happened meanwhile");
            assert_eq!(
                key.read().await,
                None,
                "but the old value must not outlive a refresh that has returned"
            );
            if let Some(other) = other {
                assert!(key.commit(&other, b"other").await, "nothing happened since it began");
            }
        }

        let key = self.key("renewed");
        let Begun::Fence(fence) = key.begin_for(SHORT, false).await else { panic!("nobody leads") };
        assert!(answer(self.client().renew(&key.key, &fence, LONG, self.call)).await, "it stands");
        pause(3 * SHORT).await;
        assert!(key.commit(&fence, b"value").await, "it was renewed");
        let fence = key.begin_over().await;
        key.remove().await;
        let renewed = answer(self.client().renew(&key.key, &fence, LONG, self.call)).await;
        assert!(!renewed, "what is fenced off cannot be renewed");
        self.renewed_together().await;
    }

    async fn renewed_together(&self) {
        // Long enough for all of them to begin, on a slow machine.
        let lease = 20 * SHORT;
        let (mut fences, mut stand) = (Vec::new(), Vec::new());
        for number in 0..6 {
            let key = self.key(&format!("renewed together: {number}"));
            let Begun::Fence(fence) = key.begin_for(lease, false).await else { panic!("nobody leads") };
            stand.push(number % 3 != 0);
            if number % 3 == 0 {
                key.remove().await;
            }
            fences.push((key.key.clone(), fence));
        }
        let renewed = answer(self.client().renew_many(&fences, LONG, self.call)).await;
        let renewed: Vec<_> = renewed.into_iter().map(|stands| stands.expect("an answer for each")).collect();
        assert_eq!(renewed, stand, "each is answered for, in their order");
        pause(lease).await;
        for ((key, fence), stands) in fences.iter().zip(stand) {
            let commit = Commit::new(fence, Some(b"value"));
            let stored = answer(self.client().commit(key, commit, self.call)).await;
            assert_eq!(stored, stands, "what was renewed together with others stands, and nothing else");
        }
        let none = answer(self.client().renew_many(&[], LONG, self.call)).await;
        assert!(none.is_empty(), "none were asked about");
    }

    async fn repetition(&self) {
        let key = self.key("repeated");
        let (first, second) = (key.begin().await, key.begin().await);
        assert!(key.commit(&first, b"first").await);
        key.commit(&first, b"first").await;
        key.commit(&second, b"second").await;
        key.commit(&first, b"first").await;
        assert_ne!(key.read().await.as_deref(), Some(&b"first"[..]), "a repeated commit is not a later one");
        let fence = key.begin_over().await;
        key.remove().await;
        key.remove().await;
        key.commit(&fence, b"old").await;
        key.release(&fence).await;
        key.release(&fence).await;
        assert_eq!(key.read().await, None, "a removal is not undone by what comes twice");
    }

    async fn keys(&self) {
        let nasty = [
            "",
            " ",
            "a",
            "a:",
            ":a",
            "{a}",
            "{",
            "}",
            "{}",
            "a}b{c",
            "é😀",
            "\n",
            "\r\nSET x y",
            "\0",
            "*",
            "~",
        ];
        let long = "x".repeat(200);
        for (number, name) in nasty.iter().copied().chain([long.as_str()]).enumerate() {
            let key = self.key_in(&format!("key {name}"), &format!("group {name}"));
            key.set(format!("{number}").as_bytes()).await;
            let fence = key.begin_over().await;
            assert!(key.commit(&fence, format!("{number}").as_bytes()).await, "{name:?} is a key");
        }
        for (number, name) in nasty.iter().copied().chain([long.as_str()]).enumerate() {
            let key = self.key_in(&format!("key {name}"), &format!("group {name}"));
            assert_eq!(key.read().await, Some(format!("{number}").into()), "{name:?} is a key of its own");
            self.remove_all(&format!("group {name}")).await;
            assert_eq!(key.read().await, None, "{name:?} is a group of its own");
        }
    }
}

impl Subject<'_> {
    async fn read(&self) -> Option<Vec<u8>> {
        answer(self.bench.client().read(&self.key, self.bench.call)).await
    }

    async fn try_begin(&self, over: bool, joining: Option<Fence>, lead: bool) -> Begun {
        let begin = Begin::new(token(), LONG).over(over).joining(joining).lead(lead);
        answer(self.bench.client().begin(&self.key, begin, self.bench.call)).await
    }

    async fn begin_for(&self, lease: Duration, lead: bool) -> Begun {
        let begin = Begin::new(token(), lease).lead(lead);
        answer(self.bench.client().begin(&self.key, begin, self.bench.call)).await
    }

    async fn begin(&self) -> Fence {
        match self.try_begin(false, None, false).await {
            Begun::Fence(fence) => fence,
            other => {
                panic!("there is nothing under {:?}, so a computation begins: {other:?}", self.key.text())
            }
        }
    }

    async fn begin_over(&self) -> Fence {
        match self.try_begin(true, None, false).await {
            Begun::Fence(fence) => fence,
            other => panic!("what is there is to be replaced, so a computation begins: {other:?}"),
        }
    }

    async fn commit(&self, fence: &Fence, value: &[u8]) -> bool {
        let commit = Commit::new(fence, Some(value));
        answer(self.bench.client().commit(&self.key, commit, self.bench.call)).await
    }

    async fn refresh(&self, fence: &Fence, value: Option<&[u8]>) -> bool {
        let commit = Commit::new(fence, value).refresh(true);
        answer(self.bench.client().commit(&self.key, commit, self.bench.call)).await
    }

    async fn begin_as(&self, begin: Begin) -> Begun {
        answer(self.bench.client().begin(&self.key, begin, self.bench.call)).await
    }

    async fn leader(&self) -> Option<Leader> {
        answer(self.bench.client().leader(&self.key, self.bench.call)).await
    }

    async fn renew(&self, fence: &Fence) -> bool {
        // Two renewals at one instant of a server's clock would look the same.
        pause(Duration::from_millis(5)).await;
        answer(self.bench.client().renew(&self.key, fence, LONG, self.bench.call)).await
    }

    async fn fail(&self, fence: &Fence) {
        answer(self.bench.client().fail(&self.key, fence, self.bench.call)).await;
    }

    async fn release(&self, fence: &Fence) {
        answer(self.bench.client().release(&self.key, fence, self.bench.call)).await;
    }

    /// Replaces what is there, as the cache does when it is given a value.
    async fn set(&self, value: &[u8]) {
        self.set_for(value, None).await;
    }

    async fn set_for(&self, value: &[u8], lifetime: Option<Duration>) {
        let fence = self.begin_over().await;
        let commit = Commit::new(&fence, Some(value)).lifetime(lifetime).refresh(true);
        let stored = answer(self.bench.client().commit(&self.key, commit, self.bench.call)).await;
        assert!(stored, "nobody overtook the refresh of {:?}", self.key.text());
    }

    async fn remove(&self) -> bool {
        answer(self.bench.client().remove(&self.key, self.bench.call)).await
    }
}

async fn answer<T>(reply: Reply<'_, T>) -> T {
    reply.await.expect("the backend answers")
}

/// Lets time pass, for there is no other way to see that a lease ends.
async fn pause(time: Duration) {
    background::sleep(time).await;
}

async fn eventually<F: Future<Output = bool>>(what: &str, mut done: impl FnMut() -> F) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        pause(Duration::from_millis(2)).await;
    }
}
