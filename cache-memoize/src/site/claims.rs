//! Whose entries those under a text are: of what claims it first. Nothing that was not asked to shares them.

#[cfg(feature = "shared")]
use std::collections::HashMap;
#[cfg(feature = "shared")]
use std::sync::{LazyLock, Mutex};

use super::Function;
#[cfg(feature = "shared")]
use super::Instance;
#[cfg(feature = "shared")]
use crate::sync::lock;
use crate::{Error, ErrorKind};

/// Why an instance has no entries.
pub(crate) struct Refused {
    pub(super) error: Error,
    pub(super) why: Why,
}

/// Each is told of a function once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Another one has its text.
    #[cfg(feature = "shared")]
    Taken,
    /// Nothing that it could be called would mean it alone.
    #[cfg(feature = "shared")]
    Nameless,
    /// Its companions may be those of another instance.
    Confused,
}

impl Refused {
    fn new(why: Why, problem: String) -> Self {
        Self { error: Error::new(ErrorKind::Setting, problem), why }
    }

    /// Of a function with a second instance of the same name and types, as far as the site can tell.
    pub(super) fn confused(function: &Function, prefix: &str) -> Self {
        let Function { name, location, .. } = function;
        Self::new(
            Why::Confused,
            format!(
                "`{name}` at {location} is called for two types that are both written as in `{prefix}`, and nothing \
                 tells whose its companions are, since it says neither `self` nor `Self`: calls for all but the first \
                 compute without the cache; mention `Self` in the function, or give the types different names"
            ),
        )
    }

    #[cfg(feature = "shared")]
    fn nameless(instance: &Instance) -> Self {
        let Function { name, location, .. } = instance.function;
        let prefix = &instance.naming.prefix;
        Self::new(
            Why::Nameless,
            format!(
                "`{name}` at {location} is called for the type of a closure, as in `{prefix}`, and all closures there \
                 are written so: calls compute without the backend; take the closure as an argument `impl Fn(..)` and \
                 `skip` it, with what tells closures apart as `extra`, or write the whole `key`"
            ),
        )
    }

    #[cfg(feature = "shared")]
    fn taken(instance: &Instance, first: &Instance) -> Self {
        let Function { name, location, .. } = instance.function;
        let Function { name: first_name, location: first_location, .. } = first.function;
        let prefix = &instance.naming.prefix;
        let (what, cure) = match std::ptr::eq(instance.function, first.function) {
            true => (
                "for different types",
                "give the types different names, or leave `prefix` out, for without it they are told apart",
            ),
            false => {
                ("", "give one of them a `prefix` of its own, or both the same to have them share entries")
            }
        };
        let problem = format!(
            "`{name}` at {location} and `{first_name}` at {first_location} both have keys that begin with `{prefix}` \
             {what}: calls of the former compute without the backend; {cure}"
        );
        Self::new(Why::Taken, problem.replace(" :", ":"))
    }
}

/// Claims what the keys of an instance begin with; why it cannot have that.
#[cfg(feature = "shared")]
pub(super) fn claim(instance: &'static Instance) -> Option<Refused> {
    static CLAIMS: LazyLock<Mutex<HashMap<(u64, &str), &Instance>>> = LazyLock::new(Mutex::default);
    let naming = &instance.naming;
    if naming.says_a_closure {
        return Some(Refused::nameless(instance));
    }
    let first = *lock(&CLAIMS).entry((instance.function.world, &naming.prefix)).or_insert(instance);
    let is_meant = std::ptr::eq(first, instance) || naming.shares_with(&first.naming);
    (!is_meant).then(|| Refused::taken(instance, first))
}
