//! Who leads, and who takes over.

use super::subject::found;
use super::{Bench, LONG};
use crate::backend::token;
use crate::backend::{Begin, Begun, Predecessor};

impl Bench<'_> {
    pub(super) async fn leading(&self) {
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
            found(key.try_begin(false, None, true).await),
            Some(b"value".to_vec()),
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
    pub(super) async fn succession(&self) {
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
}
