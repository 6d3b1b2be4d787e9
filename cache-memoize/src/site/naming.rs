//! What a function and its instances are called where keys are text.
//!
//! The compiler's names leave out the blocks that a function is in, and which of several types of one name is meant. So
//! where a name might be that of two, a digest follows: of the place and the tokens of the function, and of the
//! identity of its types. Both are the same in all processes that run one build, and no others have them.

use std::any::TypeId;
use std::hash::{Hash, Hasher};

use super::path::Path;
use super::{Meta, text};
use crate::key;

/// The types that an instance is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Types {
    /// `Self` in a marker; of a function that may be free or associated, `()`.
    pub(super) this: TypeId,
    /// The function's own type parameters, and the types of arguments that have no names.
    pub(super) own: TypeId,
}

/// The names of an instance.
pub(crate) struct Naming {
    /// How its keys begin: path or prefix, types, version.
    pub(crate) prefix: String,
    /// What all instances of the function have in common, and nothing else has that is not given its `prefix`.
    pub(crate) group: String,
    /// The `prefix` that the user gave.
    pub(super) given: Option<&'static str>,
    /// Which types are meant by those that the prefix names: `Self`, and the function's own.
    pub(super) spelled: (Option<TypeId>, Option<TypeId>),
    /// Whether a type that it names is that of a closure, of which nobody else knows the name.
    #[cfg(feature = "shared")]
    pub(super) says_a_closure: bool,
}

impl Naming {
    pub(super) fn of(meta: &Meta, path: &Path, types: Types) -> Self {
        let Path { parent, generics, .. } = path;
        let (plain, group) = match meta.prefix {
            None => by_path(meta, path, types),
            // The types stay in: `show::<Metre>(1)` is not `show::<Mile>(1)`, whatever they call it.
            Some(prefix) if parent.contains('<') => {
                (format!("{prefix}<{parent}>{generics}"), prefix.to_owned())
            }
            Some(prefix) => (format!("{prefix}{generics}"), prefix.to_owned()),
        };
        let is_known = types.this != TypeId::of::<()>();
        let this = (parent.contains('<') && is_known).then_some(types.this);
        let own = (!generics.is_empty()).then_some(types.own);
        Self {
            prefix: versioned(&plain, meta.version),
            group: versioned(&group, meta.version),
            given: meta.prefix,
            spelled: (this, own),
            #[cfg(feature = "shared")]
            says_a_closure: text::says_a_closure(&format!("{parent}::{}{generics}", path.name)),
        }
    }

    /// Whether it is meant that both have the same entries, which have the same prefix.
    #[cfg(feature = "shared")]
    pub(super) fn shares_with(&self, other: &Self) -> bool {
        let is_same = |one: Option<TypeId>, other: Option<TypeId>| {
            one.zip(other).is_none_or(|(one, other)| one == other)
        };
        self.given.is_some()
            && self.given == other.given
            && is_same(self.spelled.0, other.spelled.0)
            && is_same(self.spelled.1, other.spelled.1)
    }
}

/// How keys begin if the user gives no prefix, and how those of all instances do.
fn by_path(meta: &Meta, path: &Path, types: Types) -> (String, String) {
    let Path { parent, name, generics } = path;
    let mark = if is_the_only_one(meta, parent) { String::new() } else { mark(&meta.place()) };
    let mut prefix = format!("{parent}::{name}{mark}{generics}");
    let in_brackets = parent.contains('<') || !generics.is_empty();
    if in_brackets && !(text::says_it_all(generics) && text::says_it_all(arguments(parent))) {
        prefix.push_str(&self::mark(&types));
    }
    (prefix, path.uninstantiated() + &mark)
}

/// What in the name of a parent may be a type of the user's: the arguments of `app::Store<u8>`, or the whole of
/// `<u8 as app::Load>`.
fn arguments(parent: &str) -> &str {
    if parent.starts_with('<') { parent } else { text::split_generics(parent).1 }
}

/// Whether no other function can have this path: all that the function is in has its name in it.
///
/// `module_path!()` has the names of modules alone, and not even those of functions that modules are in. So if the parent
/// has no more names than that, it is a module, directly in modules. And if it has one more, and the function has a
/// `Self`, it is a type there, and not a function of the same name.
fn is_the_only_one(meta: &Meta, parent: &str) -> bool {
    // A name that is a word of the language is written with `r#` in one of them.
    let (parent, module) = (parent.replace("r#", ""), meta.module.replace("r#", ""));
    match parent.strip_prefix(&module) {
        Some("") => true,
        Some(rest) if meta.is_method => {
            let (ty, _) = text::split_generics(rest);
            ty.strip_prefix("::").is_some_and(is_name)
        }
        _ => false,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// `~` and sixteen digits.
fn mark(of: &impl Hash) -> String {
    let mut digest = Fnv(0xcbf2_9ce4_8422_2325);
    of.hash(&mut digest);
    format!("~{:016x}", digest.0)
}

/// FNV-1a: keys must be the same in other processes, so nothing random may be in them.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// A name in keys, with the version that the user gave.
pub(crate) fn versioned(plain: &str, version: Option<&str>) -> String {
    let mut prefix = String::with_capacity(plain.len());
    key::text::write_prefix(plain, &mut prefix);
    if let Some(version) = version {
        prefix.push('@');
        match version.bytes().all(|byte| byte.is_ascii_digit()) && !version.is_empty() {
            true => prefix.push_str(version),
            false => key::text::write_str(version, &mut prefix),
        }
    }
    prefix
}
