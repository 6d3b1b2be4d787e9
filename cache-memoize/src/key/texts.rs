//! The whole key as text, for backends that keep entries under text. It is the text of `f_cache_key`, except that an
//! argument without a text of its own is an error here.

use std::hash::Hasher;

use serde_core::Serialize;
use serde_core::ser::{SerializeTuple, Serializer};

use super::parts::{Cons, Nil};
use super::text::{self, KeyTextError};
use super::text_via::{BySerde, Unwritten};
use super::witness::Witness;
use super::wrap::{self, Extra, Group, Redacted};

/// A key whose parts are written, so that nothing is borrowed any more.
pub enum Written {
    /// What follows the prefix.
    Parts(Result<String, KeyTextError>, Witness),
    /// The whole key, as `key = …` gave it.
    Verbatim(String),
}

impl Written {
    /// Writes the parts.
    pub(crate) fn of(parts: &impl List) -> Self {
        let mut out = String::new();
        Self::Parts(parts.write(&mut out).map(|()| out), Witness::of(|state| parts.feed(state)))
    }
}

/// A component that can be written.
pub trait Text {
    /// What stands before it.
    const SEPARATOR: char = ':';
    /// Appends the text.
    fn write(&self, out: &mut String) -> Result<(), KeyTextError>;
    /// Feeds a hasher, if the component can: see [`Witness`].
    fn feed(&self, _: &mut dyn Hasher) {}
}

/// Components one after the other.
pub trait List {
    /// Appends them, each after its separator.
    fn write(&self, out: &mut String) -> Result<(), KeyTextError>;
    /// Feeds a hasher what the components do.
    fn feed(&self, state: &mut dyn Hasher);
}

/// The elements of a tuple.
pub trait Elements {
    /// How many there are.
    const LEN: usize;
    /// Hands them over.
    fn serialize<S: SerializeTuple>(&self, tuple: &mut S) -> Result<(), S::Error>;
    /// Feeds a hasher what they do.
    fn feed(&self, state: &mut dyn Hasher);
}

impl Written {
    /// Appends the key to `out`, which an error leaves as it was: `prefix:part:part;extra`, unless `key = …` gave the
    /// whole of it.
    pub(crate) fn write(&self, prefix: &str, out: &mut String) -> Result<(), KeyTextError> {
        match self {
            Self::Parts(Ok(parts), _) => out.extend([prefix, parts]),
            Self::Parts(Err(why), _) => return Err(why.clone()),
            Self::Verbatim(text) => out.push_str(text),
        }
        Ok(())
    }

    /// What tells the call from others that are written alike.
    pub(crate) fn witness(&self) -> Witness {
        match self {
            Self::Parts(_, witness) => *witness,
            Self::Verbatim(_) => Witness::default(),
        }
    }
}

impl List for Nil {
    fn write(&self, _: &mut String) -> Result<(), KeyTextError> {
        Ok(())
    }
    fn feed(&self, _: &mut dyn Hasher) {}
}

impl<P: Text, R: List> List for Cons<P, R> {
    fn write(&self, out: &mut String) -> Result<(), KeyTextError> {
        out.push(P::SEPARATOR);
        self.0.write(out)?;
        self.1.write(out)
    }
    fn feed(&self, state: &mut dyn Hasher) {
        self.0.feed(state);
        self.1.feed(state);
    }
}

impl<T: Serialize + ?Sized> Text for BySerde<'_, T> {
    fn write(&self, out: &mut String) -> Result<(), KeyTextError> {
        text::write_part(self.0, out)
    }
}

/// Of a program that does not compile.
impl Text for Unwritten {
    fn write(&self, _: &mut String) -> Result<(), KeyTextError> {
        Ok(())
    }
}

impl<L: Elements> Text for Group<L> {
    fn write(&self, out: &mut String) -> Result<(), KeyTextError> {
        // Through serde like any other tuple, so that it is written and counted as deep as one.
        text::write_part(self, out)
    }
    fn feed(&self, state: &mut dyn Hasher) {
        self.0.feed(state);
    }
}

impl<P: Text> Text for Extra<P> {
    const SEPARATOR: char = ';';
    fn write(&self, out: &mut String) -> Result<(), KeyTextError> {
        self.0.write(out)
    }
    fn feed(&self, state: &mut dyn Hasher) {
        self.0.feed(state);
    }
}

impl<P: Text> Text for Redacted<P> {
    fn write(&self, out: &mut String) -> Result<(), KeyTextError> {
        let mut text = String::new();
        self.0.write(&mut text)?;
        wrap::write_redacted(&text, out);
        Ok(())
    }
    fn feed(&self, state: &mut dyn Hasher) {
        self.0.feed(state);
    }
}

impl<L: Elements> Serialize for Group<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(L::LEN)?;
        self.0.serialize(&mut tuple)?;
        tuple.end()
    }
}

impl Elements for Nil {
    const LEN: usize = 0;
    fn serialize<S: SerializeTuple>(&self, _: &mut S) -> Result<(), S::Error> {
        Ok(())
    }
    fn feed(&self, _: &mut dyn Hasher) {}
}

impl<P: Serialize + Text, R: Elements> Elements for Cons<P, R> {
    const LEN: usize = 1 + R::LEN;
    fn serialize<S: SerializeTuple>(&self, tuple: &mut S) -> Result<(), S::Error> {
        tuple.serialize_element(&self.0)?;
        self.1.serialize(tuple)
    }
    fn feed(&self, state: &mut dyn Hasher) {
        self.0.feed(state);
        self.1.feed(state);
    }
}

impl<T: Serialize + ?Sized> Serialize for BySerde<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Serialize for Unwritten {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(parts: &impl List) -> Result<String, KeyTextError> {
        text_of(&Written::of(parts))
    }

    fn text_of(key: &Written) -> Result<String, KeyTextError> {
        let mut out = String::from("shop:");
        key.write("app::f", &mut out)?;
        Ok(out)
    }

    fn part<T: Serialize + ?Sized>(value: &T) -> BySerde<'_, T> {
        BySerde(value)
    }

    #[test]
    fn parts_follow_the_prefix_and_extra_comes_last() {
        assert_eq!(written(&Nil).unwrap(), "shop:app::f");
        let key = Cons(part(&7), Cons(part("alice"), Cons(Extra(part("de")), Nil)));
        assert_eq!(written(&key).unwrap(), "shop:app::f:7:alice;de");
    }

    #[test]
    fn a_key_of_the_users_is_all_there_is() {
        assert_eq!(text_of(&Written::Verbatim("post:7;x".into())).unwrap(), "shop:post:7;x");
    }

    #[test]
    fn a_tuple_in_parts_is_written_as_the_tuple() {
        let nested = Group(Cons(part("a"), Cons(Group(Cons(part(&2), Nil)), Nil)));
        let key = Cons(nested, Cons(part(&("a", (2,))), Nil));
        assert_eq!(written(&key).unwrap(), "shop:app::f:(a,(2,)):(a,(2,))");
    }

    #[test]
    fn what_is_redacted_is_not_readable_and_still_told_apart() {
        let key = |token| written(&Cons(part(&7), Cons(Redacted(part(token)), Nil))).unwrap();
        // echo -n secret | sha256sum
        assert_eq!(key("secret"), "shop:app::f:7:~2bb80d537b1da3e38bd30361aa855686");
        assert_ne!(key("secret"), key("Secret"));
        let extra = Cons(Extra(Redacted(part("secret"))), Nil);
        assert_eq!(written(&extra).unwrap(), "shop:app::f;~2bb80d537b1da3e38bd30361aa855686");
    }

    #[test]
    #[cfg(unix)]
    fn an_argument_that_refuses_is_an_error() {
        use std::os::unix::ffi::OsStrExt;

        struct Path<'a>(&'a std::path::Path);
        impl Serialize for Path<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }
        let path = Path(std::path::Path::new(std::ffi::OsStr::from_bytes(b"\xff")));
        for error in [
            written(&Cons(part(&path), Nil)).unwrap_err(),
            written(&Cons(Redacted(part(&path)), Nil)).unwrap_err(),
            written(&Cons(Group(Cons(part(&path), Nil)), Nil)).unwrap_err(),
        ] {
            assert!(error.to_string().contains("UTF-8"), "{error}");
        }
    }
}
