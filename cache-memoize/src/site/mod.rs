//! From a piece of generated code to the function it belongs to.
//!
//! A function and each of its companions hold a [`Site`] of their own, for the macro cannot always tell whether they
//! are free functions or associated ones, and so cannot make them name a common item. Equal sites find the same
//! [`Function`] here, once. A `static` in a generic function is one for all its instances, so a site keeps a
//! short list of the [`Instance`]s that have called it, told apart by the type of a closure in the function.

mod function;
mod instances;
mod path;
mod places;

pub(crate) use function::Function;
pub use function::Instance;
#[cfg(feature = "shared")]
pub(crate) use function::VERBATIM_GROUP;
#[cfg(all(feature = "shared", any(test, feature = "testing")))]
pub(crate) use function::{key_text, versioned};

use crate::memory::Capacity;
pub use function::{FunctionInfo, Location, functions};
use instances::Instances;
pub use instances::instance;

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
    /// Tells functions apart that a macro made of the same tokens at one place.
    pub(crate) number: u64,
    /// For each `impl Trait` among the types of the arguments, whether its type is left out as its argument is.
    pub(crate) skipped_impls: &'static [bool],
    pub(crate) prefix: Option<&'static str>,
    pub(crate) version: Option<&'static str>,
    pub(crate) capacity: Option<fn() -> Capacity>,
}

impl Site {
    /// The site of the function `name`, in the generated function `within`. Where that is, the caller's place says: for
    /// what a macro wrote, that is where the macro was called.
    #[track_caller]
    pub const fn new(name: &'static str, within: &'static str, number: u64) -> Self {
        let caller = std::panic::Location::caller();
        let location = Location { file: caller.file(), line: caller.line(), column: caller.column() };
        let meta = Meta {
            name,
            within,
            location,
            number,
            skipped_impls: &[],
            prefix: None,
            version: None,
            capacity: None,
        };
        Self { meta, instances: Instances::new() }
    }

    /// For each `impl Trait` among the types of the arguments, whether its argument is skipped.
    pub const fn skipped_impls(mut self, skipped: &'static [bool]) -> Self {
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
