//! Visitors: whose code one is, serde's own, its derive's or the user's, as far as the names of types tell.
//!
//! `type_name` is not promised to stay as it is. If it changes, fewer visitors are recognised, and fewer types are seen
//! whole. No visitor is mistaken for serde's, since only serde's types lie in its modules.

use std::any::{TypeId, type_name};
use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

/// Whether a visitor is one of serde's own, for types of the standard library.
pub(super) fn is_serdes<V>() -> bool {
    let name = type_name::<V>();
    name.starts_with("serde_core::de::") || name.starts_with("serde::de::")
}

/// Whether serde's derive wrote a visitor, for the type whose `Deserialize` it is in. (With `remote` it is in no such
/// `impl`, and the program does with the value as it likes.)
pub(super) fn is_derived<V>() -> bool {
    const DERIVED: &str = "::__Visitor";
    let name = type_name::<V>();
    // The derive puts the visitor into a constant without a name, within the `impl`.
    ["::_::<impl serde_core::de::Deserialize<", "::_::<impl serde::de::Deserialize<"]
        .iter()
        .any(|home| name.contains(home))
        && name
            .rfind(DERIVED)
            .is_some_and(|at| matches!(name.as_bytes().get(at + DERIVED.len()), None | Some(b'<')))
}

/// Whether a visitor asks the same questions at every occurrence and however it is answered.
pub(super) fn is_steady<V>() -> bool {
    is_serdes::<V>() || (is_derived::<V>() && size_of::<V>() == 0)
}

/// Whether a visitor reads an array, whose first element shows the type of all.
pub(super) fn is_array<V>() -> bool {
    is_serdes::<V>() && type_name::<V>().contains("::ArrayVisitor<")
}

/// The value that the code wants which asks.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// A value of this type, for code that passes it on.
    Value(TypeId),
    /// The inside of this `Option`.
    Within(&'static str),
    Unknown,
}

impl Wanted {
    /// A value of the type itself.
    pub(super) fn value<T>() -> Self {
        Self::Value(typeid::of::<T>())
    }

    /// The value that a seed reads. It is unknown for seeds other than serde's own for types, since those may do
    /// anything with it.
    pub(super) fn by_seed<S, T>() -> Self {
        let is_plain = typeid::of::<S>() == typeid::of::<std::marker::PhantomData<T>>();
        if is_plain { Self::value::<T>() } else { Self::Unknown }
    }

    /// Whether a value `T` of a visitor is the wanted one, so that no other code comes between.
    pub(super) fn is<T>(self) -> bool {
        match self {
            Self::Value(wanted) => wanted == typeid::of::<T>() || (is_text::<T>() && is_shared_text(wanted)),
            Self::Within(option) => {
                option.strip_prefix("core::option::Option<").and_then(|name| name.strip_suffix('>'))
                    == Some(type_name::<T>())
            }
            Self::Unknown => false,
        }
    }
}

fn is_text<T>() -> bool {
    typeid::of::<T>() == TypeId::of::<String>()
}

/// Whether this is a type that serde makes of a `String` without any user code.
fn is_shared_text(wanted: TypeId) -> bool {
    [
        TypeId::of::<Box<str>>(),
        TypeId::of::<Arc<str>>(),
        TypeId::of::<Rc<str>>(),
        TypeId::of::<Cow<'static, str>>(),
    ]
    .contains(&wanted)
}
