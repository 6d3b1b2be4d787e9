//! The instances of a function that a site has met.
//!
//! Every generated function asks with a type of its own, so what depends on that type is no more than its names: all
//! else is compiled once, and not again for every function of a program.

use std::any::{TypeId, type_name};
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::sync::{LazyLock, OnceLock, RwLock};

use foldhash::quality::FixedState;

use super::naming::Types;
use super::path::Path;
use super::{Function, Instance, Site};
use crate::sync::{read, write};

/// Almost always one.
pub(super) struct Instances {
    first: OnceLock<Node>,
    /// All others, a list for each of some hashes.
    others: OnceLock<Box<[Place; LISTS]>>,
}

const LISTS: usize = 128;

type Place = OnceLock<Box<Node>>;

struct Node {
    probe: TypeId,
    instance: &'static Instance,
    next: Place,
}

/// What the type of a probe, and what the generated code names beside it, say of an instance. Behind one pointer to a
/// function: a hit needs nothing of it.
struct Names {
    /// The path of the probe, which is that of the function.
    path: &'static str,
    types: Types,
}

impl Names {
    /// `This` is `Self` in a marker, or `()` where that is not known; `Own` are the function's own type parameters.
    fn of<P, This: ?Sized, Own: ?Sized>() -> Self {
        let types = Types { this: typeid::of::<This>(), own: typeid::of::<Own>() };
        Self { path: type_name::<P>(), types }
    }
}

/// The type of an argument, which may have no name.
#[inline]
pub fn type_of<T: ?Sized>(_: &T) -> PhantomData<T> {
    PhantomData
}

impl Instances {
    pub(super) const fn new() -> Self {
        Self { first: OnceLock::new(), others: OnceLock::new() }
    }
}

impl Site {
    /// The instance of the function that `probe`, a closure in the generated code, belongs to. `This` and `Own` name
    /// `Self` and the function's own type parameters.
    #[inline]
    pub fn instance<This: ?Sized, Own: ?Sized, P>(&'static self, _: &P) -> &'static Instance {
        self.find(typeid::of::<P>(), Names::of::<P, This, Own>)
    }

    /// The same where types that belong to `Own` have no names.
    #[inline]
    pub fn instance_of<This: ?Sized, Own, P, W>(&'static self, _: &P, _: W) -> &'static Instance {
        self.find(typeid::of::<P>(), Names::of::<P, This, (Own, W)>)
    }

    #[inline]
    fn find(&'static self, probe: TypeId, names: fn() -> Names) -> &'static Instance {
        #[cfg(feature = "testing")]
        if let Some(world) = crate::hooks::current_world() {
            let site = std::ptr::from_ref(self).addr();
            return world.instance(site, probe, || self.resolve(probe, names).instance);
        }
        match self.instances.first.get() {
            Some(first) if first.probe == probe => first.instance,
            _ => self.find_further(probe, names),
        }
    }

    #[inline(never)]
    fn find_further(&'static self, probe: TypeId, names: fn() -> Names) -> &'static Instance {
        let first = self.instances.first.get_or_init(|| self.resolve(probe, names));
        if first.probe == probe {
            return first.instance;
        }
        let others = self.instances.others.get_or_init(|| Box::new([const { OnceLock::new() }; LISTS]));
        let mut place = &others[FixedState::default().hash_one(probe) as usize % LISTS];
        loop {
            let node = place.get_or_init(|| Box::new(self.resolve(probe, names)));
            if node.probe == probe {
                return node.instance;
            }
            place = &node.next;
        }
    }

    fn resolve(&self, probe: TypeId, names: fn() -> Names) -> Node {
        let Names { path, types } = names();
        let mut path = Path::of_probe(path, self.meta.within, self.meta.name);
        path.leave_out(self.meta.parameters, self.meta.skipped_impls);
        let instance = Function::of(&self.meta, &path).instance(&self.meta, &path, types, probe);
        Node { probe, instance, next: OnceLock::new() }
    }
}

/// The instance of the function that the companion with `probe`, which makes a site, belongs to. Hundreds of statics
/// for companions that a program never calls would be most of what it takes to compile; so companions, which are not
/// as hurried as the function, have one table between them.
#[inline]
pub fn instance<This: ?Sized, Own: ?Sized, P: Fn() -> Site>(probe: P) -> &'static Instance {
    of_companion(typeid::of::<P>(), Names::of::<P, This, Own>, &probe)
}

/// See [`Site::instance_of`].
#[inline]
pub fn instance_of<This: ?Sized, Own, P: Fn() -> Site, W>(probe: P, _: W) -> &'static Instance {
    of_companion(typeid::of::<P>(), Names::of::<P, This, (Own, W)>, &probe)
}

fn of_companion(probe: TypeId, names: fn() -> Names, site: &dyn Fn() -> Site) -> &'static Instance {
    static KNOWN: LazyLock<RwLock<HashMap<TypeId, &'static Instance>>> = LazyLock::new(RwLock::default);
    let resolve = || site().resolve(probe, names).instance;
    #[cfg(feature = "testing")]
    if let Some(world) = crate::hooks::current_world() {
        return world.instance(0, probe, resolve);
    }
    if let Some(known) = read(&KNOWN).get(&probe) {
        return known;
    }
    let instance = resolve();
    write(&KNOWN).insert(probe, instance);
    instance
}
