//! The functions that the stories are about, and what can be done with them.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::driven::Doing;
use crate::hooks::{Point, held};
use crate::{Memory, Shared, Stats, cache_memoize};

/// What the function returns: which computation this is of.
pub(super) type Row = Result<u64, String>;

/// Where its entries live.
#[derive(Clone)]
pub(super) enum Place {
    Memory(Memory),
    Shared(Shared),
}

impl Place {
    pub(super) fn memory() -> Self {
        Self::Memory(Memory::default())
    }

    fn to_memory(&self) -> Memory {
        match self {
            Self::Memory(memory) => memory.clone(),
            Self::Shared(_) => unreachable!("a story in memory"),
        }
    }

    fn to_shared(&self) -> Shared {
        match self {
            Self::Shared(shared) => shared.clone(),
            Self::Memory(_) => unreachable!("a story of shared backends"),
        }
    }
}

/// The value of the computation that is overtaken.
pub(super) const OLD: u64 = 1;
/// The same, of one whose condition panics.
pub(super) const OLD_AND_UNDECIDED: u64 = 2;
/// What `set` sets.
pub(super) const SET: u64 = 3;
/// The values of other computations are numbered from here.
pub(super) const FIRST: u64 = 100;

/// How the body of the computation ends.
#[derive(Clone, Copy)]
pub(super) enum Ends {
    Well,
    Fails,
    Panics,
    /// Its condition panics.
    Undecided,
}

/// One run of the body.
pub(super) struct Run {
    /// Of the computation that is overtaken.
    pub(super) ends: Option<Ends>,
    /// The number of the last run of the others.
    pub(super) last: Arc<AtomicU64>,
    /// Where the body stops, for a gate to hold it.
    pub(super) stop: String,
}

impl Run {
    /// What the body does before it stops, and after.
    fn begin(&self) -> u64 {
        match self.ends {
            Some(_) => OLD,
            None => self.last.fetch_add(1, SeqCst) + 1,
        }
    }

    fn end(&self, number: u64) -> Row {
        match self.ends {
            Some(Ends::Panics) => panic_quietly(),
            Some(Ends::Fails) => Err("the old computation fails".to_owned()),
            Some(Ends::Undecided) => Ok(OLD_AND_UNDECIDED),
            Some(Ends::Well) | None => Ok(number),
        }
    }
}

fn body(run: &Run) -> Row {
    let number = run.begin();
    held(&run.stop, Point::BeforeBody).block();
    run.end(number)
}

async fn body_of_task(run: &Run) -> Row {
    let number = run.begin();
    held(&run.stop, Point::BeforeBody).await;
    run.end(number)
}

fn decide(row: &Row) -> bool {
    if *row == Ok(OLD_AND_UNDECIDED) {
        panic_quietly()
    }
    true
}

/// As expected, so that nobody need read of it.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("the old computation panics"))
}

/// A function and its companions.
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) is_task: bool,
    pub(super) call: fn(Place, Run, u64) -> Doing<Row>,
    pub(super) refresh: fn(Place, Run, u64) -> Doing<Row>,
    pub(super) set: fn(Place, u64) -> Doing<()>,
    pub(super) peek: fn(Place, u64) -> Doing<Option<Row>>,
    pub(super) invalidate: fn(Place, u64) -> Doing<()>,
    pub(super) invalidate_all: fn(Place) -> Doing<()>,
    pub(super) stats: fn(Place) -> Stats,
}

/// A function, as one of the subjects, of which another one removes all entries if it is not itself: `$before` are the arguments that come before `run` and `id`, made of its place,
/// and `$told` is what a companion's answer is told to.
macro_rules! subject {
    ($name:ident, $is_task:literal, [$($wait:tt)*], |$place:ident| [$($before:expr)?], $told:path) => {
        subject!($name and $name, $is_task, [$($wait)*], |$place| [$($before)?], $told)
    };
    (
        $name:ident and $other:ident, $is_task:literal, [$($wait:tt)*], |$place:ident| [$($before:expr)?], $told:path
    ) => {
        Subject {
            name: concat!(stringify!($name), "::f"),
            is_task: $is_task,
            call: |$place, run, id| Box::pin(async move { $name::f($($before,)? &run, id) $($wait)* }),
            refresh: |$place, run, id| {
                Box::pin(async move { $told($name::f_refresh($($before,)? &run, id) $($wait)*) })
            },
            set: |$place, id| Box::pin(async move { $told($name::f_set($($before,)? id, Ok(SET)) $($wait)*) }),
            peek: |$place, id| Box::pin(async move { $told($name::f_peek($($before,)? id) $($wait)*) }),
            invalidate: |$place, id| {
                Box::pin(async move {
                    $told($name::f_invalidate($($before,)? id) $($wait)*);
                })
            },
            invalidate_all: |$place| {
                Box::pin(async move { $told($other::f_invalidate_all($($before)?) $($wait)*) })
            },
            stats: |$place| $name::f_stats($($before)?),
        }
    };
}

/// Memoizes the body in a module of its own, for threads and for tasks.
macro_rules! functions {
    ($thread:ident, $task:ident, [$($options:tt)*], ($($place:ident: $type:ty)?)) => {
        mod $thread {
            use super::*;

            #[allow(dead_code, reason = "of some, only one companion is asked")]
            #[cache_memoize(cache_if = decide, skip($($place,)? run), $($options)*)]
            pub(super) fn f($($place: $type,)? run: &Run, id: u64) -> Row {
                let _ = ($($place,)? id);
                body(run)
            }
        }
        mod $task {
            use super::*;

            #[allow(dead_code, reason = "of some, only one companion is asked")]
            #[cache_memoize(cache_if = decide, skip($($place,)? run), $($options)*)]
            pub(super) async fn f($($place: $type,)? run: &Run, id: u64) -> Row {
                let _ = ($($place,)? id);
                body_of_task(run).await
            }
        }
    };
}

functions!(thread_own, task_own, [], ());
functions!(thread_named, task_named, [backend = place], (place: &Memory));
functions!(thread_sharing, task_sharing, [backend = place, prefix = "sharing"], (place: &Memory));
functions!(thread_sharing_too, task_sharing_too, [backend = place, prefix = "sharing"], (place: &Memory));
functions!(thread_shared, task_shared, [backend = place], (place: &Shared));
functions!(thread_fleet, task_fleet, [backend = place, single_flight = "fleet"], (place: &Shared));

fn as_it_is<T>(answer: T) -> T {
    answer
}

#[track_caller]
fn done<T>(answer: Result<T, crate::Error>) -> T {
    answer.unwrap_or_else(|error| panic!("the backend fails: {error}"))
}

pub(super) static IN_MEMORY: [Subject; 6] = [
    subject!(thread_own, false, [], |_place| [], as_it_is),
    subject!(task_own, true, [.await], |_place| [], as_it_is),
    subject!(thread_named, false, [], |place| [&place.to_memory()], done),
    subject!(task_named, true, [.await], |place| [&place.to_memory()], done),
    subject!(thread_sharing and thread_sharing_too, false, [], |place| [&place.to_memory()], done),
    subject!(task_sharing and task_sharing_too, true, [.await], |place| [&place.to_memory()], done),
];

pub(super) static SHARED: [Subject; 4] = [
    subject!(thread_shared, false, [], |place| [&place.to_shared()], done),
    subject!(task_shared, true, [.await], |place| [&place.to_shared()], done),
    subject!(thread_fleet, false, [], |place| [&place.to_shared()], done),
    subject!(task_fleet, true, [.await], |place| [&place.to_shared()], done),
];
