//! Stops computations, so that a test decides what happens meanwhile.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::{Point, current_world_id};
use crate::sync::block_on;
use crate::sync::lock;

/// Holds the calls of one function that come to a [`Point`], until it is opened or dropped.
///
/// A call of an `async` function is held without blocking its thread: its future is pending.
///
/// A gate holds calls that are made in the [`Scope`](crate::testing::Scope) in which it was closed, and no others.
///
/// ```
/// use cache_memoize::cache_memoize;
/// use cache_memoize::testing::{self, Gate, Point};
/// use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
///
/// static ROW: AtomicU64 = AtomicU64::new(1);
///
/// #[cache_memoize]
/// fn row(id: u64) -> u64 { id + ROW.load(SeqCst) }
///
/// let test = testing::isolate();
/// let gate = Gate::close("row", Point::BeforeStore);
/// let scope = test.scope().clone();
/// let reader = std::thread::spawn(move || scope.run(|| row(10)));
///
/// gate.wait_for(1);               // it has read the old row, and stored nothing yet
/// ROW.store(2, SeqCst);
/// row_invalidate(10);
/// gate.open();
///
/// assert_eq!(reader.join().unwrap(), 11);
/// assert_eq!(row(10), 12);        // the invalidation was not undone
/// ```
pub struct Gate(Arc<State>);

struct State {
    /// The end of the function's path.
    function: String,
    point: Point,
    world: u64,
    count: Mutex<Count>,
    changed: Condvar,
    /// Functions that came to some point of the world, and that the gate is not for.
    others: Mutex<BTreeSet<String>>,
}

struct Count {
    arrived: usize,
    /// So many may have passed; those who come later wait.
    allowed: usize,
    /// Only those who come up to here are held.
    held: usize,
    wakers: Vec<Waker>,
}

/// All that are closed.
static GATES: Mutex<Vec<Arc<State>>> = Mutex::new(Vec::new());
/// How many, so that where there are none nobody takes the lock.
static CLOSED: AtomicUsize = AtomicUsize::new(0);

/// A test that hangs is a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

impl Gate {
    /// Holds everyone who comes to that point of that function: its name, or the end of its path as
    /// [`functions`](crate::functions) tells it, such as `posts::related`.
    #[must_use = "dropping it opens it"]
    pub fn close(function: &str, point: Point) -> Self {
        let state = Arc::new(State {
            function: function.to_owned(),
            point,
            world: current_world_id(),
            count: Mutex::new(Count { arrived: 0, allowed: 0, held: usize::MAX, wakers: Vec::new() }),
            changed: Condvar::new(),
            others: Mutex::default(),
        });
        lock(&GATES).push(state.clone());
        CLOSED.fetch_add(1, SeqCst);
        Self(state)
    }

    /// Holds only the first so many who come. With zero it holds nobody and counts.
    pub fn only_first(self, arrivals: usize) -> Self {
        self.0.change(|count| count.held = arrivals);
        self
    }

    /// Waits on this thread until so many have come, those that have passed included.
    ///
    /// # Panics
    ///
    /// After a minute. The message names other functions that computed in this scope, should the gate's name be wrong.
    pub fn wait_for(&self, arrivals: usize) {
        let State { function, point, changed, .. } = &*self.0;
        let began = Instant::now();
        let mut count = lock(&self.0.count);
        while count.arrived < arrivals {
            let left = PATIENCE.saturating_sub(began.elapsed());
            if left.is_zero() {
                let arrived = count.arrived;
                drop(count);
                let others: Vec<String> = lock(&self.0.others).iter().cloned().collect();
                panic!(
                    "{arrived} of {arrivals} calls of `{function}` came to `{point:?}` within a minute; other functions \
                     that computed in this scope meanwhile: {}",
                    others.join(", ")
                );
            }
            count = changed.wait_timeout(count, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits as a task until so many have come.
    pub async fn arrived(&self, arrivals: usize) {
        std::future::poll_fn(|task| {
            let waker = task.waker().clone();
            let mut count = lock(&self.0.count);
            if count.arrived >= arrivals {
                return Poll::Ready(());
            }
            count.wakers.push(waker);
            Poll::Pending
        })
        .await;
    }

    /// How many have come.
    pub fn arrivals(&self) -> usize {
        lock(&self.0.count).arrived
    }

    /// Lets the first so many pass, of all who have come and will.
    pub fn open_for(&self, arrivals: usize) {
        self.0.change(|count| count.allowed = arrivals);
    }

    /// Lets everyone pass.
    pub fn open(&self) {
        self.open_for(usize::MAX);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
        lock(&GATES).retain(|gate| !Arc::ptr_eq(gate, &self.0));
        CLOSED.fetch_sub(1, SeqCst);
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { function, point, .. } = &*self.0;
        let arrivals = self.arrivals();
        f.debug_struct("Gate")
            .field("function", function)
            .field("point", point)
            .field("arrivals", &arrivals)
            .finish()
    }
}

impl State {
    fn change(&self, change: impl FnOnce(&mut Count)) {
        let mut count = lock(&self.count);
        change(&mut count);
        let wakers = mem::take(&mut count.wakers);
        drop(count);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn is_for(&self, function: &str, point: Point, world: u64) -> bool {
        if self.world != world {
            return false;
        }
        let before = function.strip_suffix(self.function.as_str());
        let is_named = before.is_some_and(|before| before.is_empty() || before.ends_with("::"));
        if !is_named {
            lock(&self.others).insert(function.to_owned());
        }
        is_named && self.point == point
    }
}

/// A call comes to a point. The future is ready when no gate holds it any more.
pub(crate) fn held(function: &str, point: Point) -> Held {
    if CLOSED.load(SeqCst) == 0 {
        return Held(Vec::new());
    }
    let world = current_world_id();
    let gates: Vec<_> =
        lock(&GATES).iter().filter(|gate| gate.is_for(function, point, world)).cloned().collect();
    let arrived = gates.into_iter().map(|gate| {
        let mut number = 0;
        gate.change(|count| {
            count.arrived += 1;
            number = count.arrived;
        });
        (gate, number)
    });
    Held(arrived.collect())
}

/// A call at a point, with its number at each gate that is there.
#[must_use = "it is held only while somebody waits for this"]
pub(crate) struct Held(Vec<(Arc<State>, usize)>);

impl Held {
    /// Waits on this thread.
    pub(crate) fn block(self) {
        if !self.0.is_empty() {
            block_on(self);
        }
    }
}

impl Future for Held {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        self.0.retain(|(gate, number)| {
            let waker = task.waker().clone();
            let mut count = lock(&gate.count);
            let held = *number <= count.held && *number > count.allowed;
            if held {
                count.wakers.push(waker);
            }
            held
        });
        if self.0.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}
