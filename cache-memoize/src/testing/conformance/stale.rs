//! What is left of the time of a value: its lifetime, and its stale window after that.

use std::time::Duration;

use super::subject::{Subject, entry, tail};
use super::{Bench, LONG, SHORT, eventually, pause};
use crate::backend::token;
use crate::backend::{Begin, Begun, Left};

impl Bench<'_> {
    pub(super) async fn unchanged(&self) {
        let key = self.key_in("unchanged", "unchanged");
        let (one, other) = (entry(Duration::ZERO), entry(Duration::ZERO));
        assert_eq!(key.unchanged(tail(&one)).await, None, "there is no value");
        key.set(&one).await;
        assert!(key.unchanged(tail(&one)).await.is_some(), "it is the value that is there");
        assert!(key.unchanged(&one).await.is_some(), "all of it is an end of it, too");
        assert!(key.unchanged(b"").await.is_some(), "every value ends so");
        assert_eq!(key.unchanged(tail(&other)).await, None, "it is another value");
        let longer = [b"x", &one[..]].concat();
        assert_eq!(key.unchanged(&longer).await, None, "it is longer than the value");
        key.set(&other).await;
        assert_eq!(key.unchanged(tail(&one)).await, None, "it was replaced");
        assert!(key.unchanged(tail(&other)).await.is_some(), "by that one");
        key.remove().await;
        assert_eq!(key.unchanged(tail(&other)).await, None, "it was removed");
        key.set(&one).await;
        self.remove_all("unchanged").await;
        assert_eq!(key.unchanged(tail(&one)).await, None, "its group was removed");
        key.set_for(&one, Some(SHORT)).await;
        eventually("a value that has expired is not there", async || {
            key.unchanged(tail(&one)).await.is_none()
        })
        .await;
    }

    pub(super) async fn stale(&self) {
        let keeps = self.clients[0].keeps_stale();
        assert!(self.clients.iter().all(|client| client.keeps_stale() == keeps), "clients of one place");
        self.expired().await;
        if keeps {
            self.lifetimes().await;
            self.kept_after_its_lifetime().await;
            self.made_stale().await;
        }
    }

    /// Of a value without a stale window, to expire is to be removed.
    async fn expired(&self) {
        let key = self.key("expired");
        assert!(!key.expire().await, "there is nothing to expire");
        key.set(&entry(Duration::ZERO)).await;
        let (fence, leader) = (key.begin_over().await, key.try_begin(true, None, true).await);
        assert!(matches!(leader, Begun::Fence(_)), "nobody leads");
        assert!(key.expire().await, "there was a value");
        assert_eq!(key.read().await, None, "without a stale window it is removed");
        assert!(!key.commit(&fence, b"old").await, "it was made to expire after the computation began");
        assert!(
            matches!(key.try_begin(true, None, true).await, Begun::Fence(_)),
            "its leader was fenced off"
        );
        let fence = key.begin().await;
        assert!(key.commit(&fence, b"new").await, "it began later");
        assert!(key.expire().await && !key.expire().await, "it expires once");
        key.set(
            b"no entry of the cache's, but long enough for a window to be looked for in it: far too long",
        )
        .await;
        assert!(key.expire().await, "there was a value");
        assert_eq!(key.read().await, None, "without a stale window it is removed");
    }

    async fn lifetimes(&self) {
        let key = self.key("lifetimes");
        key.set(b"for ever").await;
        assert_eq!(left(&key).await, Left::Forever, "it has no end");
        assert_eq!(key.unchanged(b"ever").await, Some(Left::Forever), "it has no end");
        let begin = Begin::new(token(), LONG).lifetime(true);
        let Begun::Value(stored) = key.begin_as(begin).await else { panic!("there is a value") };
        assert_eq!((&*stored.value, stored.left), (&b"for ever"[..], Left::Forever), "it has no end");
        key.set_for(b"for a while", Some(LONG)).await;
        let begin = Begin::new(token(), LONG).lifetime(true);
        let Begun::Value(stored) = key.begin_as(begin).await else { panic!("there is a value") };
        let told = [left(&key).await, key.unchanged(b"while").await.expect("it is there"), stored.left];
        for left in told {
            assert!(is_within(left, LONG / 2..=LONG), "a minute is left, not {left:?}");
        }
    }

    async fn kept_after_its_lifetime(&self) {
        let key = self.key("kept");
        key.set_stale(&entry(LONG), Some(LONG), LONG).await;
        let fresh = left(&key).await;
        assert!(
            is_within(fresh, LONG + LONG / 2..=2 * LONG),
            "lifetime and stale window are left, not {fresh:?}"
        );

        let value = entry(LONG);
        key.set_stale(&value, Some(SHORT), LONG).await;
        eventually("a lifetime ends", async || !left(&key).await.is_more_than(LONG)).await;
        assert_eq!(key.read().await.as_ref(), Some(&value), "a stale value is kept");
        assert!(is_within(left(&key).await, LONG / 2..=LONG), "for its stale window");
        assert!(key.remove().await, "there was a value, though stale");
        assert_eq!(key.read().await, None, "it was removed");

        key.set_stale(&entry(SHORT), Some(SHORT), SHORT).await;
        eventually("a stale window ends", async || key.read().await.is_none()).await;
        let fence = key.begin().await;
        key.release(&fence).await;
    }

    async fn made_stale(&self) {
        let key = self.key_in("made stale", "made stale");
        for lifetime in [Some(LONG), Some(SHORT), None] {
            let value = entry(LONG);
            key.set_stale(&value, lifetime, LONG).await;
            if lifetime == Some(SHORT) {
                eventually("a lifetime ends", async || !left(&key).await.is_more_than(LONG)).await;
            }
            let (before, fence) = (left(&key).await, key.begin_over().await);
            pause(SHORT).await;
            assert!(key.expire().await, "there was a value");
            assert_eq!(key.read().await.as_ref(), Some(&value), "it is kept");
            let after = left(&key).await;
            assert!(is_within(after, LONG / 2..=LONG), "its window is left: {after:?} of {lifetime:?}");
            assert!(
                lifetime != Some(SHORT) || !is_longer(after, before),
                "a stale value keeps its earlier end"
            );
            assert!(!key.commit(&fence, b"old").await, "it was made to expire after the computation began");
            assert_eq!(key.read().await.as_ref(), Some(&value), "and nothing changed");
            pause(SHORT).await;
            assert!(key.expire().await, "it is still there");
            assert!(!is_longer(left(&key).await, after), "to expire it twice prolongs nothing");
        }
        assert_eq!(key.unchanged(b"").await.map(|left| left.is_more_than(LONG)), Some(false), "it is stale");

        self.remove_all("made stale").await;
        assert!(!key.expire().await, "its group was removed");
        assert_eq!(key.read().await, None, "and it does not come back");
        key.set_stale(&entry(SHORT), Some(LONG), SHORT).await;
        assert!(key.expire().await);
        eventually("a stale window ends", async || key.read().await.is_none()).await;
        assert!(!key.expire().await, "its window is over");
    }
}

/// What is left of the time of the value, which is there.
async fn left(key: &Subject<'_>) -> Left {
    let left = key.look_closely().await.expect("the value is there").left;
    assert_ne!(left, Left::Unknown, "a backend that keeps stale values tells what is left");
    left
}

fn is_within(left: Left, range: std::ops::RangeInclusive<Duration>) -> bool {
    matches!(left, Left::For(left) if range.contains(&left))
}

fn is_longer(left: Left, than: Left) -> bool {
    match than {
        Left::For(than) => left.is_more_than(than),
        _ => false,
    }
}
