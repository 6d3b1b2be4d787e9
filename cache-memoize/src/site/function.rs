//! A memoized function, its instances, and the list of all of them.

use std::any::TypeId;
#[cfg(feature = "shared")]
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, Weak};

use super::Meta;
use super::path::Path;
use super::places::Places;
use crate::call::target::Target;
use crate::call::{Named, Tenant};
use crate::hooks;
use crate::key::text;
use crate::key::text_via::WritePart;
use crate::memory::{Capacity, Memory, Scope};
use crate::place::Place;
#[cfg(feature = "shared")]
use crate::shared::{FunctionScope, Rejections, Shared};
use crate::stats::Stats;
use crate::sync::lock;

/// A memoized function. They are few and live as long as the program.
pub(crate) struct Function {
    id: u64,
    /// Where its calls are made from.
    world: u64,
    name: String,
    location: Location,
    capacity: Option<fn() -> Capacity>,
    /// Made when the function is first called without a backend.
    own: OnceLock<(Memory, Arc<Scope>)>,
    /// What it has in any place, for its statistics.
    scopes: Mutex<Vec<(Weak<Scope>, Option<u64>)>>,
    /// How many places it was given, and whether they look as if they were made for a call each.
    places: Places,
    /// What it did in places that are gone.
    past: Arc<Mutex<Stats>>,
    #[cfg(feature = "shared")]
    rejected: Arc<Rejections>,
    instances: Mutex<HashMap<(String, TypeId), &'static Instance>>,
}

/// A function, or one instance of a generic one.
pub struct Instance {
    function: &'static Function,
    /// How its keys begin.
    prefix: String,
    /// What all instances of the function have in common, and nothing else has that is not given its `prefix`.
    #[cfg(feature = "shared")]
    group: String,
    /// What all its keys on shared backends begin with before that.
    #[cfg(feature = "shared")]
    within: String,
    /// The number that stands for the prefix, and for types that it cannot tell apart, within a memory.
    ident: u64,
    own: OnceLock<(Memory, Tenant)>,
}

/// Where a function is in its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What tells one function from another: its path without type arguments, its place, and its number; and for tests,
/// where it is called from.
type Identity = (String, Location, u64, u64);

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
        let identity = (name.clone(), meta.location, meta.number, world);
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
            }))
        })
    }

    pub(super) fn instance(&'static self, meta: &Meta, path: &Path, types: TypeId) -> &'static Instance {
        let prefix = prefix(meta, path);
        let mut instances = lock(&self.instances);
        instances.entry((prefix.clone(), types)).or_insert_with(|| {
            let ident = intern(&prefix, types, self.world);
            Box::leak(Box::new(Instance {
                function: self,
                prefix,
                #[cfg(feature = "shared")]
                within: match self.world {
                    0 => String::new(),
                    world => isolated(world),
                },
                #[cfg(feature = "shared")]
                group: versioned(meta.prefix.unwrap_or(&self.name), meta.version),
                ident,
                own: OnceLock::new(),
            }))
        })
    }

    fn own(&'static self) -> &'static (Memory, Arc<Scope>) {
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

    fn scope_in(&'static self, memory: &Memory) -> Arc<Scope> {
        let scope = memory.inner().scope(self.id, || self.new_scope(memory.capacity()));
        self.places.tell(&self.name);
        scope
    }

    /// What the function will have in a place of that capacity.
    fn new_scope(&'static self, capacity: Option<u64>) -> Arc<Scope> {
        let scope = Scope::new(&self.name, self.past.clone());
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
    pub(crate) fn scope_on(&'static self, shared: &Shared) -> Arc<FunctionScope> {
        let scope = shared.scope(self.id, || FunctionScope::new(self.new_scope(None), self.rejected.clone()));
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

impl Instance {
    /// The function's own cache.
    #[inline]
    pub fn own(&'static self) -> Target<'static> {
        let (memory, tenant) = self.own.get().unwrap_or_else(|| self.first_own());
        Target::new(memory, tenant)
    }

    #[cold]
    fn first_own(&'static self) -> &'static (Memory, Tenant) {
        let (memory, scope) = self.function.own();
        self.own.get_or_init(|| (memory.clone(), Tenant::new(memory, scope.clone(), self.ident, true)))
    }

    /// Where the user's `backend` is.
    #[inline]
    pub fn on<P: Place>(&'static self, place: &P) -> P::Target {
        place.target(self)
    }

    /// Where the user's `backend` is, with keys that the user writes whole: no prefix tells functions apart.
    #[inline]
    pub fn verbatim_on<P: Place>(&'static self, place: &P) -> P::Target {
        place.verbatim_target(self)
    }

    /// A memory that the user named.
    #[inline]
    pub(crate) fn in_memory<'m>(&'static self, memory: &'m Memory) -> Named<'m> {
        self.named(memory, || self.ident)
    }

    /// See [`verbatim_on`](Self::verbatim_on).
    pub(crate) fn verbatim_in_memory<'m>(&'static self, memory: &'m Memory) -> Named<'m> {
        self.named(memory, || verbatim(self.function.world))
    }

    /// Drops what it has in the function's own cache.
    #[cfg(feature = "testing")]
    pub(crate) fn forget_entries(&self) {
        if let Some(own) = self.own.get() {
            let (memory, tenant) = own;
            Target::new(memory, tenant).invalidate_all();
        }
    }

    #[inline]
    fn named<'m>(&'static self, memory: &'m Memory, ident: impl Fn() -> u64) -> Named<'m> {
        let make = || Tenant::new(memory, self.function.scope_in(memory), ident(), false);
        Named(Target::new(memory, memory.inner().tenants.of(std::ptr::from_ref(self).addr(), make)))
    }

    /// What the function has on a shared backend.
    #[cfg(feature = "shared")]
    pub(crate) fn scope_on(&self, shared: &Shared) -> Arc<FunctionScope> {
        self.function.scope_on(shared)
    }

    /// How keys begin where they are text: path, types and version.
    #[cfg(feature = "shared")]
    pub(crate) fn prefix(&'static self) -> &'static str {
        &self.prefix
    }

    /// What `f_invalidate_all` covers where keys are text: the function with all its instances, or all that have the
    /// same `prefix`.
    #[cfg(feature = "shared")]
    pub(crate) fn group(&'static self) -> &'static str {
        &self.group
    }

    /// What comes before both, for calls from an isolated scope.
    #[cfg(feature = "shared")]
    pub(crate) fn within(&'static self) -> &'static str {
        &self.within
    }

    /// The readable key of a call.
    pub fn key_text(&self, parts: &[&dyn WritePart], extra: Option<&dyn WritePart>) -> String {
        key_text(&self.prefix, parts, extra)
    }
}

/// See [`Instance::key_text`].
pub(crate) fn key_text(prefix: &str, parts: &[&dyn WritePart], extra: Option<&dyn WritePart>) -> String {
    let mut key = prefix.to_owned();
    for part in parts {
        key.push(':');
        part.write(&mut key);
    }
    if let Some(extra) = extra {
        key.push(';');
        extra.write(&mut key);
    }
    key
}

/// How the keys of an instance begin: the user's prefix or the path, the types, the version.
fn prefix(meta: &Meta, path: &Path) -> String {
    let mut plain = match meta.prefix {
        None => format!("{}::{}", path.parent, path.name),
        // The types stay in: `show::<Metre>(1)` is not `show::<Mile>(1)`, whatever they call it.
        Some(prefix) if path.parent.contains('<') => format!("{prefix}<{}>", path.parent),
        Some(prefix) => prefix.to_owned(),
    };
    plain.push_str(&path.generics);
    versioned(&plain, meta.version)
}

/// A name in keys, with the version that the user gave.
pub(crate) fn versioned(plain: &str, version: Option<&str>) -> String {
    let mut prefix = String::with_capacity(plain.len());
    text::write_prefix(plain, &mut prefix);
    if let Some(version) = version {
        prefix.push('@');
        match version.bytes().all(|byte| byte.is_ascii_digit()) && !version.is_empty() {
            true => prefix.push_str(version),
            false => text::write_str(version, &mut prefix),
        }
    }
    prefix
}

/// Keys that the user writes whole belong to nobody.
fn verbatim(world: u64) -> u64 {
    struct Verbatim;
    if world == 0 { 0 } else { intern("", TypeId::of::<Verbatim>(), world) }
}

/// A name that no other process uses.
#[cfg(feature = "shared")]
fn isolated(world: u64) -> String {
    static PROCESS: LazyLock<u128> = LazyLock::new(|| u128::from_le_bytes(crate::shared::token()));
    format!("isolated-{:032x}-{world}:", *PROCESS)
}

/// The [`group`](Instance::group) of all keys that the user writes whole.
#[cfg(feature = "shared")]
pub(crate) const VERBATIM_GROUP: &str = "key";

/// A number for each prefix and list of types. Equal prefixes of different functions get the same one: on a
/// memory that both name, they share entries.
fn intern(prefix: &str, types: TypeId, world: u64) -> u64 {
    type Meaning = (String, TypeId, u64);
    static IDENTS: LazyLock<Mutex<HashMap<Meaning, u64>>> = LazyLock::new(Mutex::default);
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut idents = lock(&IDENTS);
    *idents.entry((prefix.to_owned(), types, world)).or_insert_with(|| NEXT.fetch_add(1, Relaxed))
}
