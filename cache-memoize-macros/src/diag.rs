//! The mistakes found so far, each remembered with the tokens it is about.
//!
//! Nothing in this crate stops at the first mistake: every step pushes what it finds here and goes on with
//! the best it has, and [`Errors::accept`] decides at the very end.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Every mistake of one use of the attribute, in the order of finding.
#[derive(Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Reports `message` under the user's own tokens.
    pub(crate) fn push(&mut self, at: impl ToTokens, message: impl Display) {
        self.0.push(syn::Error::new_spanned(at, message));
    }

    /// Reports an error that already knows its place.
    pub(crate) fn push_error(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, provided that nothing at all was wrong.
    pub(crate) fn accept<T>(self, value: Option<T>) -> Result<T, (Option<T>, Self)> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            value => Err((value, self)),
        }
    }

    /// One `::core::compile_error!` for each mistake.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.into_iter().map(syn::Error::into_compile_error).collect()
    }

    /// What was reported, for tests.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// `a`, `b`, `c`: names in backticks, for a message.
pub(crate) fn listed<T: Display>(names: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// "`1 parameter`", "`2 parameters`".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// The candidate that `name` is most likely a slip of: at most one wrong letter in three.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= name.len().max(candidate.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance in which swapping two neighbours counts once, as it does for fingers.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if i == 0 || j == 0 {
                rows[i][j] = i + j;
                continue;
            }
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::Span;

    #[test]
    fn a_slip_of_the_finger_is_recognised() {
        let names = ["ttl", "skip", "capacity", "key"];
        for (slip, meant) in [("tll", "ttl"), ("skpi", "skip"), ("capasity", "capacity"), ("keys", "key")] {
            assert_eq!(did_you_mean(slip, names), Some(meant));
        }
        assert_eq!(did_you_mean("backend", names), None);
        assert_eq!(did_you_mean("x", names), None);
    }

    #[test]
    fn every_mistake_becomes_an_error_of_its_own() {
        let mut errors = Errors::default();
        errors.push(syn::Ident::new("a", Span::call_site()), "first");
        errors.push(syn::Ident::new("b", Span::call_site()), "second");
        let text = errors.into_compile_errors().to_string();
        assert_eq!(text.matches(":: core :: compile_error !").count(), 2);
    }

    #[test]
    fn a_value_is_accepted_only_without_mistakes() {
        assert!(Errors::default().accept(Some(1)).is_ok());
        assert!(Errors::default().accept(None::<i32>).is_err());
        let mut errors = Errors::default();
        errors.push(syn::Ident::new("a", Span::call_site()), "wrong");
        assert!(errors.accept(Some(1)).is_err());
    }
}
