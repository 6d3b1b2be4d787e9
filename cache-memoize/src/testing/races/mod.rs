//! The race matrix: every operation against every computation, at every point, one after the other.

mod driven;
mod story;
mod subject;

use super::Scope;
use crate::Shared;
use story::{Late, Operation, Story, Who};
use subject::{Place, Subject};

/// Tells every race between an invalidation and a computation on this backend, and checks that the invalidation wins:
/// {invalidate, invalidate all, set, refresh} × {before the body, in the body, before the store} × {a thread, a task,
/// one that is dropped, one that is parked, one that panics, one that fails} × {nobody calls meanwhile, somebody does,
/// somebody computes meanwhile}, with `single_flight` in this process and in the fleet. Nothing is left to chance.
/// Returns how many stories were told.
///
/// The computation is on the first client. What overtakes it comes from the last, and calls come from all: give it two
/// clients of one place, as two processes would be. Their deadlines should be long, for one that passes is no fault of
/// the backend's.
///
/// In each story
///
/// - the operation returns while the computation is held,
/// - a call that begins after that does not get the old result,
/// - the old result is not stored, whatever becomes of its computation,
/// - the computation that succeeded it is neither removed nor hidden from those who would share it,
/// - in the end nothing is left of the computations.
///
/// # Panics
///
/// If a promise is broken; the message tells the story and the promise.
///
/// ```
/// use cache_memoize::{Memory, Shared, testing};
///
/// let memory = Shared::from(Memory::new(10_000));
/// # #[cfg(any(feature = "bincode", feature = "json"))]
/// assert!(testing::race_matrix(&[memory.clone(), memory]) > 400);
/// ```
pub fn race_matrix(clients: &[Shared]) -> usize {
    assert!(!clients.is_empty(), "a backend to check");
    let places: Vec<_> = clients.iter().cloned().map(Place::Shared).collect();
    subject::SHARED.iter().map(|subject| tell_all(subject, &places)).sum()
}

/// The same in memory, which this crate checks for you: functions without a backend, and those that name a
/// [`Memory`](crate::Memory).
pub fn race_matrix_in_memory() -> usize {
    subject::IN_MEMORY.iter().map(|subject| tell_all(subject, &[Place::memory()])).sum()
}

fn tell_all(subject: &'static Subject, places: &[Place]) -> usize {
    let scope = Scope::isolated();
    let mut stories = 0;
    for operation in Operation::ALL {
        for at in story::POINTS {
            for who in Who::ALL.into_iter().filter(|who| subject.is_task || who.may_be_a_thread()) {
                for late in Late::ALL.into_iter().filter(|late| late.can_follow(operation)) {
                    stories += 1;
                    let story =
                        Story { subject, places, scope: &scope, id: stories, operation, at, who, late };
                    story.tell();
                }
            }
        }
    }
    stories as usize
}
