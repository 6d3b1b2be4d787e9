//! What generated code may name.

pub use crate::call::target::{Named, Target};
pub use crate::call::{Lookup, Refreshing, Turn};
pub use crate::error::Error;
pub use crate::key::part::KeyPart;
pub use crate::key::parts::{Cons, Key, Nil};
pub use crate::key::text_via::{TextOf, WritePart};
pub use crate::key::via::{KeyOf, Part};
pub use crate::memory::{BackendOf, Memory};
pub use crate::policy::{IntoCapacity, Lifetime, Policy};
pub use crate::shape::{
    Cacheable, MaybeNone, NothingToStore, Shape, ShapeOf, require_cacheable, require_cacheable_error,
    require_nothing_to_store,
};
pub use crate::site::{Capacity, Instance, Site};
pub use crate::stats::Stats;
pub use crate::time::IntoTtl;

/// Marks an argument that is copied for `on_hit` or `on_miss`.
#[diagnostic::on_unimplemented(
    message = "`on_miss` is called after the body has consumed this `{Self}`, so it must be `Clone`",
    label = "not `Clone`",
    note = "derive `Clone`, take the argument by reference, or leave `on_miss` out"
)]
pub trait CallbackArgument: Clone {}

#[diagnostic::do_not_recommend]
impl<T: Clone> CallbackArgument for T {}

/// Copies an argument for `on_miss`.
pub fn copy_for_callback<T: CallbackArgument>(argument: &T) -> T {
    argument.clone()
}

/// Calls `on_miss` when the body has run.
pub fn after_miss<A>(copies: Option<A>, on_miss: impl FnOnce(A)) {
    if let Some(copies) = copies {
        on_miss(copies);
    }
}

/// Asks a weigher; being called through here gives its parameters their types.
pub fn weigh<K, V: ?Sized>(weigher: impl FnOnce(K, &V) -> u32, key: K, value: &V) -> u32 {
    weigher(key, value)
}

/// The ways in which method lookup answers questions about types.
pub mod ways {
    pub use crate::key::text_via::{ViaHash as _, ViaKeyPartText as _, ViaSerde as _};
    pub use crate::key::via::{ViaBorrow as _, ViaKeyPart as _, ViaNothing as _, ViaValue as _};
    pub use crate::memory::{ViaMemory as _, ViaNoBackend as _};
    pub use crate::shape::{ViaPlain as _, ViaResult as _, ViaSharedResult as _};
}
