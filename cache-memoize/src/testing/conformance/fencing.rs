//! What is stored, what is fenced off, and that neither comes back.

use super::subject::found;
use super::{Bench, Subject};
use crate::backend::{Begun, Fence};

impl Bench<'_> {
    pub(super) async fn values(&self) {
        let key = self.key("values");
        assert!(!self.client().name().is_empty(), "a backend has a name");
        assert_eq!(key.read().await, None, "nothing was stored");
        assert!(!key.remove().await, "there was nothing to remove");
        let fence = key.begin().await;
        assert!(key.commit(&fence, b"1").await, "nobody overtook it");
        assert_eq!(key.read().await.as_deref(), Some(&b"1"[..]), "what was committed is there");
        assert_eq!(
            found(key.try_begin(false, None, false).await),
            Some(b"1".to_vec()),
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

    pub(super) async fn fences(&self) {
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

    pub(super) async fn refreshes(&self) {
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

    pub(super) async fn groups(&self) {
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

    pub(super) async fn joining(&self) {
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
            found(key.try_begin(false, Some(fence), false).await),
            Some(b"new".to_vec()),
            "a value comes first"
        );
    }

    pub(super) async fn repetition(&self) {
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

    pub(super) async fn keys(&self) {
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
