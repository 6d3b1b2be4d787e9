//! From a piece of generated code to the function it belongs to.
//!
//! A function and each of its companions hold a [`Site`] of their own, for the macro cannot always tell whether they
//! are free functions or associated ones, and so cannot make them name a common item. Equal sites find the same
//! [`Function`] here, once. A `static` in a generic function is one for all its instances, so a site keeps a
//! short list of the [`Instance`]s that have called it, told apart by the type of a closure in the function.

mod claims;
mod function;
mod instance;
mod instances;
mod naming;
mod path;
mod places;
mod text;

pub(crate) use function::Function;
pub use instance::Instance;
#[cfg(feature = "shared")]
pub(crate) use instance::VERBATIM_GROUP;
#[cfg(all(feature = "shared", any(test, fuzzing)))]
pub(crate) use instance::key_text;
#[cfg(all(feature = "shared", any(test, fuzzing)))]
pub(crate) use naming::versioned;

use std::hash::Hash;

use crate::memory::Capacity;
pub use function::{FunctionInfo, Location, functions};
use instances::Instances;
pub use instances::{instance, instance_of, type_of};

/// Where generated code finds its function. A `static` in the function itself; what its companions say once.
pub struct Site {
    pub(crate) meta: Meta,
    instances: Instances,
}

/// What the macro knows about a function.
pub(crate) struct Meta {
    pub(crate) name: &'static str,
    /// The generated function that the site is in: `name` or a companion of it.
    pub(crate) within: &'static str,
    pub(crate) location: Location,
    /// The module that it is in.
    pub(crate) module: &'static str,
    /// Of the tokens of the function.
    pub(crate) digest: u64,
    /// Tells functions apart that a macro made of the same tokens at one place.
    pub(crate) ordinal: u64,
    /// Whether it is known to be in an `impl` or a trait.
    pub(crate) is_method: bool,
    /// Whether the generated function is about all instances.
    pub(crate) is_of_all: bool,
    /// How many parameters the function has but lifetimes.
    pub(crate) parameters: usize,
    /// For each `impl Trait` among the types of the arguments, whether its type is left out as its argument is.
    pub(crate) skipped_impls: &'static [bool],
    pub(crate) prefix: Option<&'static str>,
    pub(crate) version: Option<&'static str>,
    pub(crate) capacity: Option<fn() -> Capacity>,
}

impl Site {
    /// The site of the function `name`, in the generated function `within`. Where that is, the caller's place says: for
    /// what a macro wrote, that is where the macro was called. `digest` and `ordinal` tell it from what has the same path.
    #[track_caller]
    pub const fn new(
        name: &'static str,
        within: &'static str,
        module: &'static str,
        digest: u64,
        ordinal: u64,
    ) -> Self {
        let caller = std::panic::Location::caller();
        let location = Location { file: caller.file(), line: caller.line(), column: caller.column() };
        let meta = Meta {
            name,
            within,
            location,
            module,
            digest,
            ordinal,
            is_method: false,
            is_of_all: false,
            parameters: 0,
            skipped_impls: &[],
            prefix: None,
            version: None,
            capacity: None,
        };
        Self { meta, instances: Instances::new() }
    }

    /// It is in an `impl` or a trait, and its types begin with `Self`.
    pub const fn method(mut self) -> Self {
        self.meta.is_method = true;
        self
    }

    /// It is asked about all instances together.
    pub const fn of_all(mut self) -> Self {
        self.meta.is_of_all = true;
        self
    }

    /// How many parameters are declared; then, for each `impl Trait` among the types of the arguments, whether its
    /// argument is skipped.
    pub const fn skipped_impls(mut self, parameters: usize, skipped: &'static [bool]) -> Self {
        self.meta.parameters = parameters;
        self.meta.skipped_impls = skipped;
        self
    }

    /// The name in keys that the user chose.
    pub const fn prefix(mut self, prefix: &'static str) -> Self {
        self.meta.prefix = Some(prefix);
        self
    }

    /// The version that the user gave.
    pub const fn version(mut self, version: &'static str) -> Self {
        self.meta.version = Some(version);
        self
    }

    /// The bound that the user chose.
    pub const fn capacity(mut self, capacity: fn() -> Capacity) -> Self {
        self.meta.capacity = Some(capacity);
        self
    }
}

impl Meta {
    /// What tells it from all functions of the same path.
    fn place(&self) -> impl Hash + use<> {
        (self.location, self.digest, self.ordinal)
    }
}
