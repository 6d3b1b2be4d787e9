//! A memoized function, and the list of all of them.

use std::any::TypeId;
#[cfg(feature = "shared")]
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, Weak};

use super::claims::{Refused, Why};
use super::naming::{Naming, Types};
use super::path::Path;
use super::places::Places;
use super::{Instance, Meta};
use crate::entry::FunctionState;
use crate::event::{self, Event, EventKind};
use crate::hooks;
use crate::memory::{Capacity, Memory};
#[cfg(feature = "shared")]
use crate::remote::{Rejections, RemoteState, Shared};
use crate::stats::Stats;
use crate::sync::lock;

/// A memoized function. They are few and live as long as the program.
pub(crate) struct Function {
    id: u64,
    /// Where its calls are made from.
    pub(super) world: u64,
    pub(super) name: String,
    pub(super) location: Location,
    capacity: Option<fn() -> Capacity>,
    /// Made when the function is first called without a backend.
    own: OnceLock<(Memory, Arc<FunctionState>)>,
    /// What it has in any place, for its statistics.
    scopes: Mutex<Vec<(Weak<FunctionState>, Option<u64>)>>,
    /// How many places it was given, and whether they look as if they were made for a call each.
    places: Places,
    /// What it did in places that are gone.
    past: Arc<Mutex<Stats>>,
    #[cfg(feature = "shared")]
    rejected: Arc<Rejections>,
    instances: Mutex<HashMap<(String, Types), Instances>>,
    /// What was told about it.
    told: Mutex<Vec<Why>>,
}

/// The instance of some types; and if those are written as other types are, whatever else claims to be it.
struct Instances {
    first: &'static Instance,
    /// The probe of each generated function that found it.
    probes: HashMap<&'static str, TypeId>,
}

/// Where a function is in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Location {
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A memoized function that the program has touched, from [`functions`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// Its path: `app::posts::related`.
    pub name: String,
    /// Where it is written.
    pub location: Location,
    /// What its caches have done, all of them together.
    pub stats: Stats,
    /// How many entries were found on a shared backend and not served, by reason: `"checksum"`, `"fingerprint"`, …
    /// Each of them was a miss.
    #[cfg(feature = "shared")]
    pub rejected: BTreeMap<&'static str, u64>,
}

/// `app::posts::related at src/posts.rs:12:1: hits 2, …`
impl fmt::Display for FunctionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, location, stats, .. } = self;
        write!(f, "{name} at {location}: {stats}")
    }
}

/// What tells one function from another: its path without type arguments, its place, its digest and its number; and for
/// tests, where it is called from.
type Identity = (String, Location, u64, u64, u64);

static FUNCTIONS: LazyLock<Mutex<HashMap<Identity, &'static Function>>> = LazyLock::new(Mutex::default);

/// Every memoized function that the program has called, or a companion of which it has called, by name.
///
/// ```
/// use cache_memoize::cache_memoize;
///
/// #[cache_memoize(ttl = 60)]
/// fn double(x: u64) -> u64 { 2 * x }
///
/// double(4);
/// let function = cache_memoize::functions().into_iter().find(|f| f.name.ends_with("double")).unwrap();
/// assert_eq!(function.stats.misses, 1);
/// println!("{function}");
/// ```
#[must_use]
pub fn functions() -> Vec<FunctionInfo> {
    let world = hooks::current_world_id();
    let functions: Vec<&'static Function> =
        lock(&FUNCTIONS).values().copied().filter(|function| function.world == world).collect();
    let mut infos: Vec<FunctionInfo> = functions.into_iter().map(Function::info).collect();
    infos.sort_by(|a, b| (&a.name, a.location.line).cmp(&(&b.name, b.location.line)));
    infos
}

impl Function {
    pub(super) fn of(meta: &Meta, path: &Path) -> &'static Self {
        let name = path.uninstantiated();
        let world = hooks::current_world_id();
        let identity = (name.clone(), meta.location, meta.digest, meta.ordinal, world);
        let mut functions = lock(&FUNCTIONS);
        let id = functions.len() as u64;
        functions.entry(identity).or_insert_with(|| {
            Box::leak(Box::new(Self {
                id,
                world,
                name,
                location: meta.location,
                capacity: meta.capacity,
                own: OnceLock::new(),
                scopes: Mutex::default(),
                places: Places::default(),
                past: Arc::default(),
                #[cfg(feature = "shared")]
                rejected: Arc::default(),
                instances: Mutex::default(),
                told: Mutex::default(),
            }))
        })
    }

    /// The instance of `types`, for the generated function that has the `probe`.
    pub(super) fn instance(
        &'static self,
        meta: &Meta,
        path: &Path,
        types: Types,
        probe: TypeId,
    ) -> &'static Instance {
        let naming = || Naming::of(meta, path, types);
        let prefix = naming().prefix;
        let mut instances = lock(&self.instances);
        let known = instances.entry((prefix.clone(), types)).or_insert_with(|| Instances {
            first: Instance::new(self, naming(), None),
            probes: HashMap::new(),
        });
        // One generated function has one probe for each instance, and then more than the macro could name are of these
        // types: an `impl` has parameters that it cannot see.
        let may_be_many = meta.is_of_all || meta.skipped_impls.contains(&true);
        if may_be_many || *known.probes.entry(meta.within).or_insert(probe) == probe {
            return known.first;
        }
        Instance::new(self, naming(), Some(Refused::confused(self, &prefix)))
    }

    /// Tells once why it computes.
    pub(super) fn tell(&self, refused: &Refused) {
        let mut told = lock(&self.told);
        if told.contains(&refused.why) {
            return;
        }
        told.push(refused.why);
        // An observer may call the function.
        drop(told);
        let (function, message) = (self.name.clone(), refused.error.to_string());
        event::tell(&Event { kind: EventKind::Misuse, function, message, ..Event::default() });
    }

    pub(super) fn own(&'static self) -> &'static (Memory, Arc<FunctionState>) {
        if let Some(own) = self.own.get() {
            return own;
        }
        // The capacity is an expression of the user's and may call the function: not within the initialiser.
        let capacity = self.capacity.map_or(Capacity::DEFAULT, |capacity| capacity());
        self.own.get_or_init(|| {
            let memory = Memory::of(capacity);
            let scope = self.scope_in(&memory);
            (memory, scope)
        })
    }

    pub(super) fn scope_in(&'static self, memory: &Memory) -> Arc<FunctionState> {
        let scope = memory.inner().scope(self.id, || self.new_scope(memory.capacity()));
        self.places.tell(&self.name);
        scope
    }

    /// What the function will have in a place of that capacity.
    fn new_scope(&'static self, capacity: Option<u64>) -> Arc<FunctionState> {
        let scope = FunctionState::new(&self.name, self.past.clone());
        let mut scopes = lock(&self.scopes);
        if scopes.len() == scopes.capacity() {
            scopes.retain(|(scope, _)| scope.strong_count() > 0);
        }
        self.places.another(|| {
            let alive = scopes.iter().filter(|(scope, _)| scope.strong_count() > 0).count();
            let hits = lock(&self.past).hits;
            (alive as u64, capacity.is_some() && hits > 0)
        });
        scopes.push((Arc::downgrade(&scope), capacity));
        scope
    }

    /// What the function has on that backend.
    #[cfg(feature = "shared")]
    pub(crate) fn scope_on(&'static self, shared: &Shared) -> Arc<RemoteState> {
        let scope = shared.state(self.id, || RemoteState::new(self.new_scope(None), self.rejected.clone()));
        self.places.tell(&self.name);
        scope
    }

    fn info(&'static self) -> FunctionInfo {
        let scopes: Vec<_> =
            lock(&self.scopes).iter().filter_map(|(s, c)| Some((s.upgrade()?, *c))).collect();
        let stats = scopes.iter().map(|(scope, capacity)| scope.stats(*capacity)).reduce(Stats::plus);
        let stats = stats.unwrap_or_default();
        let stats = Stats { capacity: stats.capacity, ..stats.plus(*lock(&self.past)) };
        FunctionInfo {
            name: self.name.clone(),
            location: self.location,
            stats,
            #[cfg(feature = "shared")]
            rejected: lock(&self.rejected).clone(),
        }
    }
}
