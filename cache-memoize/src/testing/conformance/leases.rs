//! Lifetimes and leases, which end by themselves.

use super::{Bench, LONG, SHORT, answer, eventually, pause};
use crate::backend::token;
use crate::backend::{Begin, Begun, Commit};

impl Bench<'_> {
    pub(super) async fn time(&self) {
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

    pub(super) async fn renewed_together(&self) {
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
}
