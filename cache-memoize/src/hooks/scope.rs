//! Scopes: tests make calls from within one to have caches of their own, or none.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex};

use super::clock::Clock;
use crate::sync::lock;

thread_local! {
    /// The scope that this thread is in. Without a destructor, so that it also serves calls made in the destructors of
    /// other thread-locals.
    static CURRENT: ManuallyDrop<RefCell<Scope>> = const { ManuallyDrop::new(RefCell::new(Scope::OUTSIDE)) };
}

/// Gives this thread caches, statistics and a clock of its own, until the guard is dropped. The same as
/// [`Scope::isolated`]`().enter()`.
///
/// ```
/// use cache_memoize::{cache_memoize, testing};
///
/// #[cache_memoize]
/// fn square(x: u64) -> u64 { x * x }
///
/// square(3);
/// {
///     let _test = testing::isolate();
///     assert_eq!(square_peek(3), None);
///     square(3);
///     assert_eq!((square_stats().hits, square_stats().misses), (0, 1));
/// }
/// assert_eq!(square_peek(3), Some(9));
/// ```
pub fn isolate() -> Entered {
    Scope::isolated().enter()
}

/// Has every call of this thread run its body, until the guard is dropped. The same as [`Scope::off`]`().enter()`.
///
/// Nothing is read from a cache and nothing is stored. Entries are still removed, since other callers may use the
/// cache: `_invalidate` and `_invalidate_all` do as always, and `_set` and `_refresh` leave no entry.
///
/// To turn caching off in the whole program, set `CACHE_MEMOIZE=off` in its environment. Any other value but `on` makes
/// the first call panic, and say so.
///
/// ```
/// use cache_memoize::{cache_memoize, testing};
///
/// #[cache_memoize]
/// fn square(x: u64) -> u64 { x * x }
///
/// let _test = testing::isolate();
/// square(3);
/// {
///     let _off = testing::off();
///     square(3);
///     square(4);
/// }
/// assert_eq!(square_peek(3), Some(9));
/// assert_eq!(square_peek(4), None);
/// assert_eq!(square_stats().hits, 0);
/// ```
pub fn off() -> Entered {
    Scope::off().enter()
}

/// A scope, from which calls are made. A thread is outside of any scope until it [enters](Self::enter) one, and so is
/// each thread that it begins: hand it [`Scope::current`].
///
/// ```
/// use cache_memoize::{cache_memoize, testing::Scope};
///
/// #[cache_memoize]
/// fn square(x: u64) -> u64 { x * x }
///
/// let test = Scope::isolated();
/// let elsewhere = test.clone();
/// std::thread::spawn(move || elsewhere.run(|| square(3))).join().unwrap();
///
/// assert_eq!(square_peek(3), None);
/// assert_eq!(test.run(|| square_peek(3)), Some(9));
/// ```
#[derive(Clone)]
pub struct Scope {
    world: Option<Arc<World>>,
    off: bool,
}

impl Scope {
    const OUTSIDE: Self = Self { world: None, off: false };

    /// A new scope, in which memoized functions have caches, [`Stats`](crate::Stats) and
    /// [`Gate`](crate::testing::Gate)s of their own, and a clock that stands still until
    /// [`advance`](crate::testing::advance) moves it.
    ///
    /// Functions with a `backend` are isolated too: they use it under keys of their own. In such a cache, capacity is
    /// the one thing that is shared.
    ///
    /// The identities of isolated functions are kept for the rest of the program, some kilobytes for each; their
    /// entries are not.
    #[must_use]
    pub fn isolated() -> Self {
        Self { world: Some(World::new()), off: false }
    }

    /// The current scope, but without any cache. See [`off`](off()).
    #[must_use]
    pub fn off() -> Self {
        Self { off: true, ..Self::current() }
    }

    /// The scope that this thread is in.
    pub fn current() -> Self {
        CURRENT.try_with(|current| current.borrow().clone()).unwrap_or(Self::OUTSIDE)
    }

    /// Has this thread enter the scope, until the guard is dropped.
    pub fn enter(&self) -> Entered {
        let outer = CURRENT.try_with(|current| current.replace(self.clone())).ok();
        Entered { outer, scope: self.clone(), thread: PhantomData }
    }

    /// Runs `work` in the scope.
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        work()
    }

    /// A future that is in the scope whenever it is polled, by any thread.
    ///
    /// ```
    /// use cache_memoize::{cache_memoize, testing::Scope};
    ///
    /// #[cache_memoize]
    /// async fn square(x: u64) -> u64 { x * x }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let test = Scope::isolated();
    /// tokio::spawn(test.wrap(square(3))).await.unwrap();
    /// assert_eq!(square_peek(3).await, None);
    /// assert_eq!(test.wrap(square_peek(3)).await, Some(9));
    /// # }
    /// ```
    #[must_use = "a future does nothing before it is awaited"]
    pub fn wrap<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let scope = self.clone();
        async move {
            let mut future = pin!(future);
            poll_fn(|task| scope.run(|| future.as_mut().poll(task))).await
        }
    }
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope")
            .field("isolated", &self.world.as_ref().map(|world| world.id))
            .field("off", &self.off)
            .finish()
    }
}

/// The guard of a thread that is in a [`Scope`]. Dropping it takes the thread back to the scope that it was in before.
/// Of several guards, drop the last one first, as locals are: another order leaves the thread in a scope that has
/// ended.
#[must_use = "the scope is left when this is dropped"]
pub struct Entered {
    outer: Option<Scope>,
    scope: Scope,
    /// Keeps the guard on its thread.
    thread: PhantomData<*const ()>,
}

impl Entered {
    /// The scope, for other threads and for tasks.
    pub fn scope(&self) -> &Scope {
        let _ = self.thread;
        &self.scope
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(outer) = self.outer.take() {
            let _inner = CURRENT.try_with(|current| current.replace(outer));
        }
    }
}

impl std::fmt::Debug for Entered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entered").field(&self.scope).finish()
    }
}

/// The world of an isolated scope: its own instances of functions, and its own clock.
pub(crate) struct World {
    /// Never zero, which stands for calls outside of any world.
    pub(crate) id: u64,
    pub(super) clock: Clock,
    /// The instances, by the site and the probe that found them.
    instances: Mutex<HashMap<(usize, TypeId), &'static dyn OfWorld>>,
}

/// A world's own instance of a function.
pub(crate) trait OfWorld: Any + Sync {
    /// Drops the instance's entries, since the world has ended.
    fn forget_entries(&self);
}

impl World {
    fn new() -> Arc<Self> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Relaxed) + 1;
        Arc::new(Self { id, clock: Clock::default(), instances: Mutex::default() })
    }

    /// The instance of a function for this site and probe. `resolve` finds it the first time.
    pub(crate) fn instance<I: OfWorld>(
        &self,
        site: usize,
        probe: TypeId,
        resolve: impl FnOnce() -> &'static I,
    ) -> &'static I {
        let known = lock(&self.instances).get(&(site, probe)).copied();
        let known = known.and_then(|known| (known as &dyn Any).downcast_ref());
        known.unwrap_or_else(|| {
            let instance = resolve();
            lock(&self.instances).insert((site, probe), instance);
            instance
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for instance in lock(&self.instances).values() {
            instance.forget_entries();
        }
    }
}

pub(crate) fn current_world() -> Option<Arc<World>> {
    CURRENT.try_with(|current| current.borrow().world.clone()).ok().flatten()
}

/// The number of this thread's world; zero outside of any.
pub(crate) fn current_world_id() -> u64 {
    current_world().map_or(0, |world| world.id)
}

/// Whether calls leave the cache alone, in this scope or in the whole program.
pub(crate) fn is_off() -> bool {
    *PROGRAM_IS_OFF || CURRENT.try_with(|current| current.borrow().off).unwrap_or(false)
}

static PROGRAM_IS_OFF: LazyLock<bool> = LazyLock::new(|| match std::env::var("CACHE_MEMOIZE") {
    Ok(switch) if switch == "off" => true,
    Ok(switch) if !switch.is_empty() && switch != "on" => {
        panic!(
            "the environment says `CACHE_MEMOIZE={switch}`: write `off` to have every call run its body, or `on`"
        )
    }
    _ => false,
});
