//! A function for one list of types: what calls and companions find, and are asked of.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, OnceLock};

use super::Function;
use super::claims::Refused;
use super::naming::Naming;
use crate::Error;
use crate::key::text_via::WritePart;
use crate::local::{Named, Target};
use crate::memory::{FunctionHandle, Memory, Refused as RefusedFunction};
use crate::place::Place;
use crate::sync::lock;
#[cfg(feature = "shared")]
use {
    super::claims,
    crate::remote::{Names, RemoteState, Shared},
    std::sync::Arc,
};

/// A function, or one instance of a generic one.
pub struct Instance {
    pub(super) function: &'static Function,
    pub(super) naming: Naming,
    /// What all its keys on shared backends begin with before their prefix.
    #[cfg(feature = "shared")]
    within: String,
    /// The number that stands for it within a memory, and for those that are given the same `prefix`.
    ident: u64,
    own: OnceLock<(Memory, FunctionHandle)>,
    /// Whether it has no entries anywhere, since nothing tells its companions from those of another.
    pub(super) confused: Option<Refused>,
    /// Whether it has no entries where keys are text; decided when it first goes there.
    #[cfg(feature = "shared")]
    refused: OnceLock<Option<Refused>>,
}

impl Instance {
    pub(super) fn new(
        function: &'static Function,
        naming: Naming,
        confused: Option<Refused>,
    ) -> &'static Self {
        let ident = match naming.given.filter(|_| confused.is_none()) {
            Some(_) => intern(&naming.prefix, naming.spelled, function.world),
            None => next(),
        };
        Box::leak(Box::new(Self {
            function,
            naming,
            #[cfg(feature = "shared")]
            within: match function.world {
                0 => String::new(),
                world => isolated(world),
            },
            ident,
            own: OnceLock::new(),
            confused,
            #[cfg(feature = "shared")]
            refused: OnceLock::new(),
        }))
    }

    /// The function's own cache.
    #[inline]
    pub fn own(&'static self) -> Target<'static> {
        let (memory, handle) = self.own.get().unwrap_or_else(|| self.first_own());
        Target::new(memory, handle)
    }

    #[cold]
    fn first_own(&'static self) -> &'static (Memory, FunctionHandle) {
        let (memory, scope) = self.function.own();
        self.own.get_or_init(|| {
            let handle =
                FunctionHandle::new(memory, scope.clone(), self.ident, true).refused(self.if_confused());
            (memory.clone(), handle)
        })
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
        self.named(memory, || (self.ident, self.naming.given.map(|_| &*self.naming.group)))
    }

    /// See [`verbatim_on`](Self::verbatim_on).
    pub(crate) fn verbatim_in_memory<'m>(&'static self, memory: &'m Memory) -> Named<'m> {
        self.named(memory, || (verbatim(self.function.world), Some(VERBATIM_GROUP)))
    }

    /// With a number, and what others are in that have entries of the same number.
    #[inline]
    fn named<'m>(
        &'static self,
        memory: &'m Memory,
        sharing: impl Fn() -> (u64, Option<&'static str>),
    ) -> Named<'m> {
        let make = || {
            let scope = self.function.scope_in(memory);
            let (ident, group) = sharing();
            let group = group.map(|group| memory.inner().group((self.function.world, group), &scope));
            FunctionHandle::new(memory, scope, ident, false).sharing(group).refused(self.if_confused())
        };
        Named(Target::new(memory, memory.inner().handles.of(std::ptr::from_ref(self).addr(), make)))
    }

    fn if_confused(&'static self) -> Option<&'static dyn RefusedFunction> {
        self.confused.is_some().then_some(self as &dyn RefusedFunction)
    }

    /// What the function has on a shared backend.
    #[cfg(feature = "shared")]
    pub(crate) fn scope_on(&self, shared: &Shared) -> Arc<RemoteState> {
        self.function.scope_on(shared)
    }

    /// What `f_invalidate_all` covers where keys are text: the function with all its instances, or all that have the
    /// same `prefix`.
    #[cfg(feature = "shared")]
    pub(crate) fn group(&'static self) -> &'static str {
        &self.naming.group
    }

    /// The readable key of a call.
    pub fn key_text(&self, parts: &[&dyn WritePart], extra: Option<&dyn WritePart>) -> String {
        key_text(&self.naming.prefix, parts, extra)
    }
}

#[cfg(feature = "testing")]
impl crate::hooks::OfWorld for Instance {
    fn forget_entries(&self) {
        if let Some(own) = self.own.get() {
            let (memory, handle) = own;
            Target::new(memory, handle).invalidate_all();
        }
    }
}

#[cfg(feature = "shared")]
impl Names for Instance {
    fn within(&'static self) -> &'static str {
        &self.within
    }

    fn prefix(&'static self) -> &'static str {
        &self.naming.prefix
    }

    fn refusal(&'static self) -> Option<&'static Error> {
        let claim = || self.refused.get_or_init(|| claims::claim(self)).as_ref();
        let refused = self.confused.as_ref().or_else(claim)?;
        self.function.tell(refused);
        Some(&refused.error)
    }
}

impl RefusedFunction for Instance {
    fn reason(&'static self) -> Option<&'static Error> {
        let refused = self.confused.as_ref()?;
        self.function.tell(refused);
        Some(&refused.error)
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

/// Keys that the user writes whole belong to nobody.
fn verbatim(world: u64) -> u64 {
    struct Verbatim;
    if world == 0 { 0 } else { intern("", (Some(TypeId::of::<Verbatim>()), None), world) }
}

/// A name that no other process uses.
#[cfg(feature = "shared")]
fn isolated(world: u64) -> String {
    static PROCESS: LazyLock<u128> = LazyLock::new(|| u128::from_le_bytes(crate::backend::token()));
    format!("isolated-{:032x}-{world}:", *PROCESS)
}

/// The [`group`](Instance::group) of all keys that the user writes whole.
pub(crate) const VERBATIM_GROUP: &str = "key";

/// IdPool that nothing else has.
fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// A number for each prefix that the user gave and the types in it: on a memory that different functions name, they share
/// entries.
fn intern(prefix: &str, types: (Option<TypeId>, Option<TypeId>), world: u64) -> u64 {
    type Meaning = (String, (Option<TypeId>, Option<TypeId>), u64);
    static IDENTS: LazyLock<Mutex<HashMap<Meaning, u64>>> = LazyLock::new(Mutex::default);
    *lock(&IDENTS).entry((prefix.to_owned(), types, world)).or_insert_with(next)
}
