//! The stream of changes: complete, or it says that it is not.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::subject::entry;
use super::{Bench, LONG, PATIENCE};
use crate::ErrorKind;
use crate::backend::{Change, Changes};
use crate::background;

/// Within which there is an [`Change::UpTo`].
const BEAT: Duration = Duration::from_millis(50);

impl Bench<'_> {
    /// Of backends that tell.
    pub(super) async fn changes(&self) {
        let Some(mut changes) = self.client().changes(&self.run, BEAT) else { return };
        until(&mut changes, Instant::now()).await;

        let key = self.key_in("told", "told");
        let text = key.key.text().to_owned();
        let is_of_key = |change: &Change| matches!(change, Change::Key(of) if *of == text);
        let fence = key.begin().await;
        assert!(key.commit(&fence, &entry(LONG)).await);
        heard(&mut changes, "a value was committed", is_of_key).await;
        key.set_stale(&entry(LONG), Some(LONG), LONG).await;
        heard(&mut changes, "a value was replaced", is_of_key).await;
        assert!(key.expire().await);
        heard(&mut changes, "a value was made to expire", is_of_key).await;
        key.remove().await;
        heard(&mut changes, "a value was removed", is_of_key).await;
        let update = key.begin().await;
        let landed = key.update(&update, crate::backend::Expect::Nothing, Some(b"updated")).await;
        assert_eq!(landed, Ok(true), "there was nothing");
        heard(&mut changes, "a value was updated", is_of_key).await;

        let group = self.group("told");
        self.remove_all("told").await;
        let is_of_group = |change: &Change| matches!(change, Change::Group(of) if *of == group);
        heard(&mut changes, "a group was removed", is_of_group).await;
        match self.client().mark(&self.run, &[1], self.call).await {
            Ok(()) => heard(&mut changes, "a bucket was marked", |change| *change == Change::Marks).await,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Setting, "{error}"),
        }

        // Nobody listens meanwhile.
        let keys: Vec<_> =
            (0..3_000).map(|number| self.key_in(&format!("told late: {number}"), "told")).collect();
        for key in &keys {
            key.set(b"value").await;
        }
        let told = until(&mut changes, Instant::now()).await;
        let is_told = |text: &str| told.iter().any(|change| matches!(change, Change::Key(of) if of == text));
        let all = told.contains(&Change::Gap) || keys.iter().all(|key| is_told(key.key.text()));
        assert!(all, "a change was neither told nor missed");
    }
}

/// All that is told of what happened until then.
async fn until(changes: &mut Changes, then: Instant) -> Vec<Change> {
    let mut told = Vec::new();
    let mut patience = pin!(background::sleep(PATIENCE));
    loop {
        let next = poll_fn(|task| match changes.poll_next(task) {
            Poll::Ready(change) => Poll::Ready(Some(change)),
            Poll::Pending => patience.as_mut().poll(task).map(|()| None),
        });
        match next.await.expect("a backend that tells of changes says how far it is") {
            Change::UpTo(at) if at >= then => return told,
            change => told.push(change),
        }
    }
}

async fn heard(changes: &mut Changes, what: &str, is_it: impl Fn(&Change) -> bool) {
    let told = until(changes, Instant::now()).await;
    assert!(
        told.iter().any(|change| is_it(change) || *change == Change::Gap),
        "{what}, and it was not told: {told:?}"
    );
}
