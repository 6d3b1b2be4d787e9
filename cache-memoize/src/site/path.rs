//! Reading the path of a function from the type name of a closure in it, such as
//! `app::Store<u8>::load_invalidate<alloc::string::String>::{{closure}}`.

use super::text;

/// A function as the program knows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// What the function is in, with the types it was instantiated for: `app::Store<u8>`.
    pub(crate) parent: String,
    /// Its name: `load`.
    pub(crate) name: &'static str,
    /// The types that the function itself was instantiated for, in brackets, or nothing.
    pub(crate) generics: String,
}

impl Path {
    /// The path of `name`, from a closure in the generated function `within`.
    pub(crate) fn of_probe(probe: &str, within: &str, name: &'static str) -> Self {
        let mut path = probe;
        while let Some(outer) = path.strip_suffix("::{{closure}}") {
            path = outer;
        }
        let (path, generics) = text::split_generics(path);
        let parent = path.strip_suffix(within).and_then(|parent| parent.strip_suffix("::"));
        // Were type names ever written differently, the whole name would still tell functions apart.
        let parent = parent.unwrap_or(path);
        let mut path = Self { parent: parent.to_owned(), name, generics: generics.to_owned() };
        path.keep(|_, element| !is_lifetime(element));
        path
    }

    /// Takes types out of the last ones that the function was instantiated for, those of `impl Trait`, which come after
    /// the `parameters` that are declared.
    pub(crate) fn leave_out(&mut self, parameters: usize, skipped: &[bool]) {
        if !skipped.contains(&true) {
            return;
        }
        let all = text::elements(&self.generics).len();
        if !skipped.contains(&false) {
            // However many: a macro in a type may have made more of them than were counted.
            return self.keep(|at, _| at < parameters);
        }
        let Some(first) = all.checked_sub(skipped.len()) else { return };
        self.keep(|at, _| at < first || !skipped[at - first]);
    }

    fn keep(&mut self, is_kept: impl Fn(usize, &str) -> bool) {
        let all = text::elements(&self.generics);
        let kept: Vec<&str> = all
            .iter()
            .enumerate()
            .filter(|(at, element)| is_kept(*at, element))
            .map(|(_, kept)| *kept)
            .collect();
        if kept.len() < all.len() {
            self.generics = match kept.is_empty() {
                true => String::new(),
                false => format!("<{}>", kept.join(", ")),
            };
        }
    }

    /// The path without the types it was instantiated for, which all instances share.
    pub(crate) fn uninstantiated(&self) -> String {
        text::without_generics(&self.parent) + "::" + self.name
    }
}

/// Whether a lifetime is a parameter of its own decides where it stands in a bound, and so the function may have one
/// that its companions, which lack arguments, have not. They never tell instances apart.
fn is_lifetime(element: &str) -> bool {
    element.starts_with('\'') && !element[1..].ends_with('\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(probe: &str, within: &str) -> (String, String, String) {
        let path = Path::of_probe(probe, within, "load");
        let plain = path.uninstantiated();
        (path.parent, path.generics, plain)
    }

    #[test]
    fn closures_are_peeled_off() {
        assert_eq!(path("app::load::{{closure}}", "load"), ("app".into(), "".into(), "app::load".into()));
        assert_eq!(
            path("app::load_invalidate::{{closure}}::{{closure}}", "load_invalidate"),
            ("app".into(), "".into(), "app::load".into())
        );
    }

    #[test]
    fn types_are_told_from_the_path() {
        assert_eq!(
            path("app::Store<u8>::load<fn(u8) -> alloc::vec::Vec<u8>, 3>::{{closure}}", "load"),
            ("app::Store<u8>".into(), "<fn(u8) -> alloc::vec::Vec<u8>, 3>".into(), "app::Store::load".into())
        );
        assert_eq!(
            path("<app::Store<u8> as app::Load<u16>>::load::{{closure}}", "load"),
            (
                "<app::Store<u8> as app::Load<u16>>".into(),
                "".into(),
                "<app::Store as app::Load>::load".into()
            )
        );
        assert_eq!(
            path("app::<impl app::other::Store<u8>>::load<u8>::{{closure}}", "load"),
            (
                "app::<impl app::other::Store<u8>>".into(),
                "<u8>".into(),
                "app::<impl app::other::Store>::load".into()
            )
        );
    }

    #[test]
    fn lifetimes_are_no_types() {
        assert_eq!(
            path("app::load<'_, core::slice::Iter<'_, u64>>::{{closure}}", "load").1,
            "<core::slice::Iter<'_, u64>>"
        );
        assert_eq!(path("app::load<'_>::{{closure}}", "load").1, "");
        assert_eq!(
            path("app::load<'_, 'a', '<', '\\'', -1>::{{closure}}", "load").1,
            "<'a', '<', '\\'', -1>"
        );
        assert_eq!(
            path("app::load<'>'>::{{closure}}", "load"),
            ("app".into(), "<'>'>".into(), "app::load".into())
        );
    }

    #[test]
    fn an_unknown_form_is_kept_whole() {
        assert_eq!(path("something else", "load").0, "something else");
    }

    #[test]
    fn skipped_types_are_left_out_from_the_end() {
        let left = |generics: &str, parameters: usize, skipped: &[bool]| {
            let mut path = Path { parent: String::new(), name: "load", generics: generics.into() };
            path.leave_out(parameters, skipped);
            path.generics
        };
        let all = "<u8, fn(u8, u16) -> Vec<(u8, u8)>, [u8; 2]>";
        assert_eq!(left(all, 1, &[true, false]), "<u8, [u8; 2]>");
        assert_eq!(left("<app::f::{{closure}}>", 0, &[true]), "");
        assert_eq!(left("<u8, u16>", 0, &[false]), "<u8, u16>");
        assert_eq!(left("", 0, &[true]), "");
        assert_eq!(left("<u8, u16, u32>", 1, &[true]), "<u8>", "one of them was hidden in a macro");
    }
}
