//! Commits that replace what they expect, and nothing else.

use std::time::Duration;

use super::subject::{entry, tail};
use super::{Bench, SHORT, answer, eventually, pause};
use crate::backend::token;
use crate::backend::{Begin, Begun, Commit, Expect};

/// What is stored for good.
const NONE: Duration = Duration::ZERO;

impl Bench<'_> {
    pub(super) async fn expecting(&self) {
        let key = self.key("expecting");
        let (one, two, three) = (entry(NONE), entry(NONE), entry(NONE));
        let (early, late) = (key.begin().await, key.begin().await);
        assert_eq!(key.update(&early, Expect::Nothing, Some(&one)).await, Ok(true), "there was nothing");
        let refused = key.update(&late, Expect::Nothing, Some(&two)).await;
        assert_ne!(refused, Ok(true), "there is a value");
        assert_eq!(key.read().await.as_ref(), Some(&one), "which stays");

        let fence = key.begin_over().await;
        let refused = key.update(&fence, Expect::Tail(tail(&two)), Some(&three)).await;
        assert_eq!(refused, Ok(false), "another value is there");
        assert_eq!(key.read().await.as_ref(), Some(&one), "which stays");
        let fence = key.begin_over().await;
        assert_eq!(
            key.update(&fence, Expect::Tail(tail(&one)), Some(&two)).await,
            Ok(true),
            "it is this one"
        );
        assert_eq!(key.read().await.as_ref(), Some(&two), "it was replaced");

        let fence = key.begin_over().await;
        assert_eq!(key.update(&fence, Expect::Tail(tail(&one)), None).await, Ok(false), "it is another one");
        assert_eq!(key.read().await.as_ref(), Some(&two), "which stays");
        let fence = key.begin_over().await;
        assert_eq!(key.update(&fence, Expect::Tail(tail(&two)), None).await, Ok(true), "it is this one");
        assert_eq!(key.read().await, None, "it was removed");

        let fence = key.begin_over().await;
        let refused = key.update(&fence, Expect::Tail(tail(&two)), Some(&three)).await;
        assert_eq!(refused, Ok(false), "there is no value any more");
        let fence = key.begin_over().await;
        let commit = Commit::new(&fence, Some(&three)).lifetime(Some(SHORT)).expect(Some(Expect::Nothing));
        assert!(answer(self.client().commit(&key.key, commit, self.call)).await, "there was nothing");
        eventually("what was updated expires", async || key.read().await.is_none()).await;
        let fence = key.begin().await;
        let landed = key.update(&fence, Expect::Nothing, Some(&one)).await;
        assert_eq!(landed, Ok(true), "what has expired is not there");
    }

    /// What an update overtakes, and by what it is overtaken.
    pub(super) async fn updates(&self) {
        let key = self.key_in("updated", "updated");
        let (one, two, three) = (entry(NONE), entry(NONE), entry(NONE));
        let update = key.begin().await;
        let later = key.begin().await;
        assert_eq!(key.update(&update, Expect::Nothing, Some(&one)).await, Ok(true), "there was nothing");
        assert!(!key.commit(&later, b"old").await, "it began before the update landed");
        assert_eq!(key.read().await.as_ref(), Some(&one), "the update stays");

        let (earlier, update) = (key.begin_over().await, key.begin_over().await);
        assert!(key.commit(&earlier, &two).await, "nothing has overtaken it yet");
        let refused = key.update(&update, Expect::Tail(tail(&one)), Some(&three)).await;
        assert_eq!(
            refused,
            Ok(false),
            "what the update saw was replaced by a computation that began before it"
        );
        assert_eq!(key.read().await.as_ref(), Some(&two), "which is not lost");

        let (beside, update) = (key.begin_over().await, key.begin_over().await);
        let refused = key.update(&update, Expect::Nothing, Some(&one)).await;
        assert_eq!(refused, Ok(false), "there is a value");
        assert!(key.commit(&beside, &three).await, "an update that is refused overtakes nothing");
        let (beside, update) = (key.begin_over().await, key.begin_over().await);
        assert_eq!(key.update(&update, Expect::Tail(tail(&three)), None).await, Ok(true), "it is this one");
        assert!(!key.commit(&beside, &one).await, "one that removes overtakes");
        let (beside, update) = (key.begin().await, key.begin().await);
        assert_eq!(key.update(&update, Expect::Nothing, None).await, Ok(true), "there was nothing");
        assert!(!key.commit(&beside, &one).await, "one that leaves nothing overtakes");

        let Begun::Fence(leader) = key.try_begin(false, None, true).await else { panic!("nobody leads") };
        let update = key.begin().await;
        assert_eq!(key.update(&update, Expect::Nothing, None).await, Ok(true), "there was nothing");
        let Begun::Fence(next) = key.try_begin(false, None, true).await else { panic!("it was overtaken") };
        key.release(&leader).await;
        key.release(&next).await;

        for all in [false, true] {
            let update = key.begin_over().await;
            if all {
                self.remove_all("updated").await
            } else {
                key.remove().await;
            }
            let refused = key.update(&update, Expect::Nothing, Some(&one)).await;
            assert_ne!(refused, Ok(true), "it was removed after the update began");
            assert_eq!(key.read().await, None, "a removal is not undone");
        }
        let begin = Begin::new(token(), SHORT);
        let Begun::Fence(lapsed) = key.begin_as(begin).await else { panic!("there is nothing") };
        eventually("a fence that is not renewed lapses", async || {
            pause(2 * SHORT).await;
            !answer(self.client().renew(&key.key, &lapsed, SHORT, self.call)).await
        })
        .await;
        let refused = key.update(&lapsed, Expect::Nothing, Some(&one)).await;
        assert_ne!(refused, Ok(true), "nobody knows what happened meanwhile");
        assert_eq!(key.read().await, None, "nothing was stored");
    }

    /// A request may be carried out twice, with anything in between. The second answer may be that nobody knows; it must
    /// not be that nothing was stored, or the caller would do it once more.
    pub(super) async fn repeated_updates(&self) {
        let key = self.key("updated twice");
        let (one, two, three) = (entry(NONE), entry(NONE), entry(NONE));
        let first = key.begin().await;
        let update = async |expect, value: &[u8], fence| key.update(fence, expect, Some(value)).await;
        assert_eq!(update(Expect::Nothing, &one, &first).await, Ok(true), "there was nothing");
        assert_ne!(update(Expect::Nothing, &one, &first).await, Ok(false), "it was stored");
        assert_eq!(key.read().await.as_ref(), Some(&one), "once or twice is the same");
        let second = key.begin_over().await;
        assert_eq!(update(Expect::Tail(tail(&one)), &two, &second).await, Ok(true), "it is this one");
        assert_ne!(
            update(Expect::Nothing, &one, &first).await,
            Ok(false),
            "it was stored, and replaced since"
        );
        assert_eq!(key.read().await.as_ref(), Some(&two), "and does not come back");
        key.remove().await;
        assert_ne!(
            update(Expect::Tail(tail(&one)), &two, &second).await,
            Ok(false),
            "stored, and removed since"
        );
        assert_eq!(key.read().await, None, "and does not come back");

        let refused = key.begin().await;
        assert_eq!(update(Expect::Tail(tail(&two)), &three, &refused).await, Ok(false), "it was removed");
        assert_ne!(update(Expect::Nothing, &three, &refused).await, Ok(true), "it was refused");
        assert_eq!(key.read().await, None, "and is not stored");
    }
}
