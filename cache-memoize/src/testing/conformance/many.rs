//! The same of many keys at once.

use super::{Bench, LONG, answer};
use crate::backend::token;
use crate::backend::{Begin, Begun, Commit, Fence, Key, Read, Stored};

/// More than fit into one command of a server, or into one burst.
const MANY: usize = 150;

impl Bench<'_> {
    pub(super) async fn many(&self) {
        let keys: Vec<Key> = (0..MANY)
            .map(|at| self.key_in(&format!("many: {at}"), &format!("many: {}", at % 3)).key)
            .collect();
        let value = |at: usize| format!("value {at}").into_bytes();

        let begins: Vec<_> = keys.iter().map(|key| (key.clone(), Begin::new(token(), LONG))).collect();
        let begun = each(answer(self.client().begin_many(&begins, self.call)).await);
        let fences: Vec<Fence> = begun.into_iter().map(fence).collect();
        let own = fences.iter().zip(&begins).all(|(fence, (_, begin))| fence.token == begin.token);
        assert!(own && fences.len() == MANY, "a fence for each, in their order");

        let removed: Vec<Key> = keys.iter().step_by(7).cloned().collect();
        let were_there = each(answer(self.client().remove_many(&removed, self.call)).await);
        assert_eq!(were_there, vec![false; removed.len()], "nothing was stored yet");
        let values: Vec<_> = (0..MANY).map(value).collect();
        let commits = keys.iter().zip(fences.iter().zip(&values));
        let commits: Vec<_> = commits
            .map(|(key, (fence, value))| (key.clone(), Commit::new(fence, Some(value)).lifetime(Some(LONG))))
            .collect();
        let stored = each(answer(self.client().commit_many(&commits, self.call)).await);
        let stands: Vec<_> = (0..MANY).map(|at| at % 7 > 0).collect();
        assert_eq!(stored, stands, "whose key was removed is not stored, and all others are");

        for lifetime in [false, true] {
            let read = Read::new().lifetime(lifetime);
            let found = each(answer(self.client().read_many(&keys, read, self.call)).await);
            for (at, (found, stands)) in found.into_iter().zip(&stands).enumerate() {
                let found = found.map(|Stored { value, left }| (value, left.is_more_than(2 * LONG)));
                assert_eq!(found, stands.then(|| (value(at), false)), "each has its own, in their order");
            }
        }
        let begins: Vec<_> = keys.iter().map(|key| (key.clone(), Begin::new(token(), LONG))).collect();
        let begun = each(answer(self.client().begin_many(&begins, self.call)).await);
        for (at, begun) in begun.into_iter().enumerate() {
            match begun {
                Begun::Value(stored) => {
                    assert!(stands[at] && stored.value == value(at), "what is there is not computed")
                }
                Begun::Fence(_) => assert!(!stands[at], "what is there is not computed"),
                other => panic!("nothing leads: {other:?}"),
            }
        }
        let were_there = each(answer(self.client().remove_many(&keys, self.call)).await);
        assert_eq!(were_there, stands, "which were there, in their order");
        self.none().await;
    }

    async fn none(&self) {
        let (client, call) = (self.client(), self.call);
        assert!(answer(client.read_many(&[], Read::new(), call)).await.is_empty(), "none were asked about");
        assert!(answer(client.begin_many(&[], call)).await.is_empty(), "none were asked about");
        assert!(answer(client.commit_many(&[], call)).await.is_empty(), "none were asked about");
        assert!(answer(client.remove_many(&[], call)).await.is_empty(), "none were asked about");
    }
}

fn each<T>(answers: Vec<Result<T, crate::Error>>) -> Vec<T> {
    answers.into_iter().map(|answer| answer.expect("the backend answers for each")).collect()
}

fn fence(begun: Begun) -> Fence {
    match begun {
        Begun::Fence(fence) => fence,
        other => panic!("there is nothing, so a computation begins: {other:?}"),
    }
}
