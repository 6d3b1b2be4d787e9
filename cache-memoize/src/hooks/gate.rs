//! Gates: they hold calls at points, so that a test decides which events come first.

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

/// A gate holds the calls of one function that come to a [`Point`], until it is opened or dropped.
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
    arrivals: Mutex<Arrivals>,
    changed: Condvar,
    /// Other functions whose calls came to a point in this world, for the message of a test that hangs.
    others: Mutex<BTreeSet<String>>,
}

/// The calls that have come to a gate, numbered from 1.
struct Arrivals {
    arrived: usize,
    /// Calls up to this number may pass.
    allowed: usize,
    /// Calls beyond this number are not held at all.
    held: usize,
    wakers: Vec<Waker>,
}

/// All closed gates.
static GATES: Mutex<Vec<Arc<State>>> = Mutex::new(Vec::new());
/// The number of closed gates, so that calls take the lock only if there is one.
static CLOSED: AtomicUsize = AtomicUsize::new(0);

/// How long a test waits for arrivals before it fails, rather than hang.
const PATIENCE: Duration = Duration::from_secs(60);

impl Gate {
    /// Closes a gate: it holds every call that comes to this point of this function. The function is given by its name,
    /// or by the end of its path as [`functions`](crate::functions) tells it, such as `posts::related`.
    #[must_use = "dropping it opens it"]
    pub fn close(function: &str, point: Point) -> Self {
        let state = Arc::new(State {
            function: function.to_owned(),
            point,
            world: current_world_id(),
            arrivals: Mutex::new(Arrivals { arrived: 0, allowed: 0, held: usize::MAX, wakers: Vec::new() }),
            changed: Condvar::new(),
            others: Mutex::default(),
        });
        lock(&GATES).push(state.clone());
        CLOSED.fetch_add(1, SeqCst);
        Self(state)
    }

    /// Holds only the first `arrivals` calls that come. With zero it holds none, and counts.
    pub fn only_first(self, arrivals: usize) -> Self {
        self.0.change(|state| state.held = arrivals);
        self
    }

    /// Waits on this thread until so many calls have come, those that have passed included.
    ///
    /// # Panics
    ///
    /// After a minute. The message names other functions that computed in this scope, should the gate's name be wrong.
    pub fn wait_for(&self, arrivals: usize) {
        let State { function, point, changed, .. } = &*self.0;
        let began = Instant::now();
        let mut state = lock(&self.0.arrivals);
        while state.arrived < arrivals {
            let left = PATIENCE.saturating_sub(began.elapsed());
            if left.is_zero() {
                let arrived = state.arrived;
                drop(state);
                let others: Vec<String> = lock(&self.0.others).iter().cloned().collect();
                panic!(
                    "{arrived} of {arrivals} calls of `{function}` came to `{point:?}` within a minute; other functions \
                     that computed in this scope meanwhile: {}",
                    others.join(", ")
                );
            }
            state = changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits as a task until so many calls have come.
    pub async fn arrived(&self, arrivals: usize) {
        std::future::poll_fn(|task| {
            let waker = task.waker().clone();
            let mut state = lock(&self.0.arrivals);
            if state.arrived >= arrivals {
                return Poll::Ready(());
            }
            state.wakers.push(waker);
            Poll::Pending
        })
        .await;
    }

    /// The number of calls that have come.
    pub fn arrivals(&self) -> usize {
        lock(&self.0.arrivals).arrived
    }

    /// Lets the first `arrivals` calls pass, of all that have come and will come.
    pub fn open_for(&self, arrivals: usize) {
        self.0.change(|state| state.allowed = arrivals);
    }

    /// Lets every call pass.
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
    /// Changes the arrivals, and wakes all that wait for them.
    fn change(&self, change: impl FnOnce(&mut Arrivals)) {
        let mut arrivals = lock(&self.arrivals);
        change(&mut arrivals);
        let wakers = mem::take(&mut arrivals.wakers);
        drop(arrivals);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether the gate holds calls of this function at this point of this world.
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

/// Notes that a call has come to a point. The future is ready when no gate holds the call any more.
pub(crate) fn held(function: &str, point: Point) -> Held {
    if CLOSED.load(SeqCst) == 0 {
        return Held(Vec::new());
    }
    let world = current_world_id();
    let gates: Vec<_> =
        lock(&GATES).iter().filter(|gate| gate.is_for(function, point, world)).cloned().collect();
    let arrived = gates.into_iter().map(|gate| {
        let mut number = 0;
        gate.change(|arrivals| {
            arrivals.arrived += 1;
            number = arrivals.arrived;
        });
        (gate, number)
    });
    Held(arrived.collect())
}

/// A call at a point, with its number at each gate there.
#[must_use = "the call is held only if this is awaited or blocked on"]
pub(crate) struct Held(Vec<(Arc<State>, usize)>);

impl Held {
    /// Whether a gate has heard of the call, which then has to pass it.
    pub(crate) fn holds(&self) -> bool {
        !self.0.is_empty()
    }

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
            let mut arrivals = lock(&gate.arrivals);
            let held = *number <= arrivals.held && *number > arrivals.allowed;
            if held {
                arrivals.wakers.push(waker);
            }
            held
        });
        if self.0.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}
