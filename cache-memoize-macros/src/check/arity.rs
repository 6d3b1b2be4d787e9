//! Closures must take what they will be given.

use quote::quote;
use syn::{ExprClosure, Pat};

use crate::args::{Args, CacheErr, Callable, Given, Ttl};
use crate::diag::{Errors, counted};
use crate::item::Argument;

/// Compares every closure among the options with what it will be called with.
pub(super) fn check(args: &Args, arguments: &[Argument], errors: &mut Errors) {
    let kept = arguments.iter().filter(|argument| !args.skips(argument));
    let kept = Expected::of(kept, "one for each argument that is not skipped");
    kept.check(&args.args_rewrite, errors);
    kept.check(&args.key, errors);

    let shared = arguments.iter().filter(|argument| !argument.is_ref_mut());
    let shared = Expected::of(shared, "one for each argument that is not `&mut`");
    shared.check(&args.on_hit, errors);
    shared.check(&args.on_miss, errors);

    Expected::fixed("value", "the stored value").check(&args.ttl, errors);
    Expected::fixed("error", "the stored error").check(&args.err_ttl, errors);
    Expected::fixed("value", "what the function returned").check(&args.cache_if, errors);
    Expected::fixed("error", "the error").check(&args.cache_err, errors);
    Expected::fixed("key, value", "the key and the value").check(&args.weigher, errors);
}

/// The parameters that a closure should have.
struct Expected {
    names: Vec<String>,
    /// What they are, in words.
    which: &'static str,
}

impl Expected {
    fn of<'a>(arguments: impl Iterator<Item = &'a Argument>, which: &'static str) -> Self {
        let name = |argument: &Argument| match argument {
            // A closure cannot call its parameter `self`.
            argument if argument.is_receiver() => "this".into(),
            argument if argument.has_own_name() => argument.name.to_string(),
            _ => "_".into(),
        };
        Self { names: arguments.map(name).collect(), which }
    }

    fn fixed(names: &str, which: &'static str) -> Self {
        Self { names: names.split(", ").map(Into::into).collect(), which }
    }

    fn check<T: MaybeClosure>(&self, given: &Option<Given<T>>, errors: &mut Errors) {
        let Some(Given { name, value, .. }) = given else {
            return;
        };
        let Some(ExprClosure { inputs_begin, inputs, inputs_end, .. }) = value.closure() else {
            return;
        };
        if let Some(own) = inputs.iter().find(|input| matches!(input, Pat::Ident(pat) if pat.ident == "self"))
        {
            errors.push(own, format!("`{name}`: a closure cannot call a parameter `self`: call it `this`"));
        }
        if inputs.len() == self.names.len() {
            return;
        }
        let takes = counted(self.names.len(), "parameter");
        let which = match self.names.is_empty() {
            true => String::new(),
            false => format!(", {}", self.which),
        };
        let shape = self.names.join(", ");
        let has = match inputs.len() {
            0 => "none".into(),
            count => count.to_string(),
        };
        errors.push(
            quote!(#inputs_begin #inputs #inputs_end),
            format!("`{name}` takes {takes} here{which}: `|{shape}|`; this closure has {has}"),
        );
    }
}

/// A value that may be written as a closure, and so shows how much it takes.
trait MaybeClosure {
    fn closure(&self) -> Option<&ExprClosure>;
}

impl MaybeClosure for Callable {
    fn closure(&self) -> Option<&ExprClosure> {
        match self {
            Self::Closure(closure) => Some(closure),
            Self::Path(_) => None,
        }
    }
}

impl MaybeClosure for CacheErr {
    fn closure(&self) -> Option<&ExprClosure> {
        match self {
            Self::If(callable) => callable.closure(),
            Self::All => None,
        }
    }
}

impl MaybeClosure for Ttl {
    fn closure(&self) -> Option<&ExprClosure> {
        match self {
            Self::Closure(closure) => Some(closure),
            Self::Duration(..) | Self::Expr(_) => None,
        }
    }
}
