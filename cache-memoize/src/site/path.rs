//! Reading the path of a function from the type name of a closure in it, such as
//! `app::Store<u8>::load_invalidate<alloc::string::String>::{{closure}}`.

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
        let (path, generics) = split_generics(path);
        let parent = path.strip_suffix(within).and_then(|parent| parent.strip_suffix("::"));
        // Were type names ever written differently, the whole name would still tell functions apart.
        let parent = parent.unwrap_or(path);
        Self { parent: parent.to_owned(), name, generics: generics.to_owned() }
    }

    /// Takes types out of the last ones that the function was instantiated for, those of `impl Trait`.
    pub(crate) fn leave_out(&mut self, skipped: &[bool]) {
        let all = elements(&self.generics);
        let Some(first) = all.len().checked_sub(skipped.len()).filter(|_| skipped.contains(&true)) else {
            return;
        };
        let is_kept = |at: usize| at < first || !skipped[at - first];
        let kept: Vec<&str> = (0..all.len()).filter(|&at| is_kept(at)).map(|at| all[at]).collect();
        self.generics = match kept.is_empty() {
            true => String::new(),
            false => format!("<{}>", kept.join(", ")),
        };
    }

    /// The path without the types it was instantiated for, which all instances share.
    pub(crate) fn uninstantiated(&self) -> String {
        let mut depth = 0_usize;
        let mut previous = ' ';
        let mut plain = String::with_capacity(self.parent.len() + self.name.len() + 2);
        // `<app::Store as app::Load>` begins with a bracket that is no list of types.
        let (qualified, rest) = match self.parent.strip_prefix('<') {
            Some(rest) => ("<", rest),
            None => ("", self.parent.as_str()),
        };
        plain.push_str(qualified);
        let floor = usize::from(!qualified.is_empty());
        for c in rest.chars() {
            match c {
                '<' => depth += 1,
                '>' if previous != '-' && depth > 0 => depth -= 1,
                '>' if floor == 1 => plain.push(c),
                _ if depth == 0 => plain.push(c),
                _ => {}
            }
            previous = c;
        }
        plain + "::" + self.name
    }
}

/// Splits `load<u8, fn() -> u8>` into `load` and its brackets.
fn split_generics(path: &str) -> (&str, &str) {
    if !path.ends_with('>') {
        return (path, "");
    }
    let mut depth = 0_usize;
    for (at, c) in path.char_indices().rev() {
        match c {
            // The arrow of a function type is no bracket.
            '>' if path[..at].ends_with('-') => {}
            '>' => depth += 1,
            '<' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return path.split_at(at);
        }
    }
    (path, "")
}

/// The types in brackets: of `<u8, fn(u8) -> Vec<u8>>` two.
fn elements(generics: &str) -> Vec<&str> {
    let inside = generics.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
    let (mut depth, mut start, mut previous) = (0_usize, 0, ' ');
    let mut found = Vec::new();
    for (at, c) in inside.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' if previous == '-' => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(inside[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        previous = c;
    }
    if !inside.is_empty() {
        found.push(inside[start..].trim());
    }
    found
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
    }

    #[test]
    fn an_unknown_form_is_kept_whole() {
        assert_eq!(path("something else", "load").0, "something else");
    }

    #[test]
    fn skipped_types_are_left_out_from_the_end() {
        let left = |generics: &str, skipped: &[bool]| {
            let mut path = Path { parent: String::new(), name: "load", generics: generics.into() };
            path.leave_out(skipped);
            path.generics
        };
        assert_eq!(left("<u8, fn(u8, u16) -> Vec<(u8, u8)>, [u8; 2]>", &[true, false]), "<u8, [u8; 2]>");
        assert_eq!(left("<app::f::{{closure}}>", &[true]), "");
        assert_eq!(left("<u8, u16>", &[false]), "<u8, u16>");
        assert_eq!(left("", &[true]), "");
    }
}
