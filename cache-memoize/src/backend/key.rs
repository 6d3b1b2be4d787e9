//! Under which names entries are kept.

use std::fmt;
use std::sync::Arc;

/// Where an entry lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    text: String,
    group: Group,
}

impl Key {
    /// A key with this text, in this group. The text begins as that of the group does: with the namespace and a colon,
    /// if there is a namespace.
    ///
    /// ```
    /// use cache_memoize::backend::Key;
    ///
    /// let key = Key::new("shop::price:7", "shop::price");
    /// assert_eq!((key.text(), key.group().text()), ("shop::price:7", "shop::price"));
    /// ```
    pub fn new(text: impl Into<String>, group: impl Into<Group>) -> Self {
        Self { text: text.into(), group: group.into() }
    }

    /// What tells this key from all others, of whatever namespace: at most 250 bytes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What [`Backend::remove_all`](super::Backend::remove_all) is asked about: the function that the key belongs to.
    pub fn group(&self) -> &Group {
        &self.group
    }
}

/// The keys of one function, or of those that share their entries.
///
/// A backend that keeps entries needs its [text](Self::text) alone. The [namespace](Self::namespace) is for one that keeps
/// something beside them, and must give it a name that no key of another program has.
///
/// ```
/// use cache_memoize::backend::Group;
///
/// let group = Group::in_namespace("shop", "articles::price");
/// assert_eq!((group.text(), group.namespace(), group.name()), ("shop:articles::price", "shop", "articles::price"));
/// assert_eq!(Group::from("articles::price").namespace(), "");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group {
    text: Arc<str>,
    /// How long the namespace is, with its colon.
    name_at: usize,
}

impl Group {
    /// The group of this name in a namespace, which is separated from it by a colon; an empty namespace is none.
    pub fn in_namespace(namespace: &str, name: &str) -> Self {
        match namespace {
            "" => Self::from(name),
            _ => Self { text: format!("{namespace}:{name}").into(), name_at: namespace.len() + 1 },
        }
    }

    /// What tells this group from all others, of whatever namespace: the namespace, a colon and the name, or the name.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The namespace that it is in, without the colon; empty if it is in none.
    pub fn namespace(&self) -> &str {
        &self.text[..self.name_at.saturating_sub(1)]
    }

    /// What follows the namespace.
    pub fn name(&self) -> &str {
        &self.text[self.name_at..]
    }

    /// The namespace with its colon, if there is one: what all keys of the namespace begin with.
    #[cfg(feature = "redis")]
    pub(crate) fn prefix(&self) -> &str {
        &self.text[..self.name_at]
    }
}

/// A group in no namespace.
impl From<Arc<str>> for Group {
    fn from(text: Arc<str>) -> Self {
        Self { text, name_at: 0 }
    }
}

/// A group in no namespace.
impl From<&str> for Group {
    fn from(text: &str) -> Self {
        Arc::<str>::from(text).into()
    }
}

/// A group in no namespace.
impl From<String> for Group {
    fn from(text: String) -> Self {
        Arc::<str>::from(text).into()
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
