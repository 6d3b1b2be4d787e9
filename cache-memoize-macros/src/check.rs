//! Which options go together, with each other and with the function they are given for.
//!
//! Every rule reports and lets the next one run; the model is built whatever was found, and thrown away if
//! anything was.

mod arity;
mod captures;
mod lasting;

use syn::Ident;

use crate::args::{Args, Backend, Capacity, CompanionsOption, Given, SingleFlight, Ttl};
use crate::diag::{Errors, listed};
use crate::item::{Argument, Item};
use crate::scan;
use crate::standing::Standing;

/// Everything there is to say about these options on this function.
pub(crate) fn check(args: &Args, item: &Item, errors: &mut Errors) {
    conflicts(args, errors);
    needs(args, errors);
    lasting::check(args, errors);
    awaited(args, errors);
    named_arguments(&args.skip, "skip", "skipped", item, errors);
    named_arguments(&args.redact, "redact", "redacted", item, errors);
    redacted_and_skipped(args, errors);
    mutable_arguments(args, item, errors);
    arity::check(args, &item.arguments, errors);
    captures::check(args, &item.arguments, errors);
}

/// What is around the function.
pub(crate) fn standing(args: &Args, item: &Item, standing: Standing, errors: &mut Errors) {
    let function = &item.sig.ident;
    match standing {
        Standing::Rewritten => errors.push(
            function,
            format!("`#[async_trait]` has rewritten `{function}`: memoize an inherent method and call it from here"),
        ),
        Standing::TraitImpl if args.wants_companions() => errors.push(
            function,
            format!(
                "`{function}` is in the `impl` of a trait, where there is no room for `{function}_invalidate` and the \
                 other companions: add `companions = false`, or memoize an inherent method and call it from here"
            ),
        ),
        _ => {}
    }
}

const ONE_IDENTITY: &str = "both say what identifies a call, so keep one";
const WHOLE_KEY: &str = "`key` gives the whole text of the key, so put this into it";
const WHOLE_SECRET: &str = "`key` gives the whole text of the key, so leave secrets out of that";
const REWRITTEN_SECRET: &str =
    "the key is what `args_rewrite` makes of the arguments, so leave secrets out of that";
const OWN_BOUND: &str = "a backend has a bound of its own, so set it where the backend is built";

/// An option, another that cannot stand beside it, and why.
const CONFLICTS: &[(&str, &str, &str)] = &[
    ("args_rewrite", "key", ONE_IDENTITY),
    ("extra", "key", WHOLE_KEY),
    ("version", "key", WHOLE_KEY),
    ("prefix", "key", WHOLE_KEY),
    ("redact", "key", WHOLE_SECRET),
    ("redact", "args_rewrite", REWRITTEN_SECRET),
    ("capacity", "backend", OWN_BOUND),
    ("weigher", "backend", OWN_BOUND),
];

/// Options that are about a stored value, and so cannot stand beside `store_result = false`.
const ABOUT_VALUES: &[(&str, &str)] = &[
    ("cache_if", "there is no value to judge"),
    ("cache_none", "there is no value to judge"),
    ("cache_err", "a run that fails gives the right to run back"),
    ("weigher", "a mark has no weight"),
    ("codec", "a mark has no value to encode"),
];

fn conflicts(args: &Args, errors: &mut Errors) {
    for (option, other, why) in CONFLICTS {
        if let (Some(option), Some(other)) = (args.named(option), args.named(other)) {
            errors.push(option, format!("`{option}` cannot be given with `{other}`: {why}"));
        }
    }
    let apart = args.single_flight.as_ref().is_some_and(|given| given.value == SingleFlight::Off);
    if let Some(max_wait) = args.named("max_wait").filter(|_| apart) {
        let why = "no call waits for another then, so leave one of them out";
        errors.push(max_wait, format!("`max_wait` cannot be given with `single_flight = false`: {why}"));
    }
    if args.store_result.as_ref().is_some_and(|given| !given.value) {
        conflicts_with_mark(args, errors);
    }
}

fn conflicts_with_mark(args: &Args, errors: &mut Errors) {
    let mark = "`store_result = false`, which keeps only a mark";
    for (option, why) in ABOUT_VALUES {
        if let Some(option) = args.named(option) {
            errors.push(option, format!("`{option}` cannot be given with {mark}: {why}"));
        }
    }
    if let Some(single_flight) = args.single_flight.as_ref().filter(|given| given.value == SingleFlight::Off)
    {
        let option = single_flight.written();
        let why = "its right to run is single flight, so leave this out";
        errors.push(option, format!("`single_flight = false` cannot be given with {mark}: {why}"));
    }
}

/// Options that mean nothing without another.
fn needs(args: &Args, errors: &mut Errors) {
    let backend = args.named("backend");
    if let Some(option) = args.named("err_ttl").filter(|_| args.named("cache_err").is_none()) {
        let cure = "add `cache_err = true`, or leave it out";
        errors.push(option, format!("`{option}` is for stored errors, and none are: {cure}"));
    }
    lifetime_of_errors(args, errors);
    if let Some(option) = args.named("weigher").filter(|_| backend.is_none()) {
        weighs_against_something(option, args, errors);
    }
    if let Some(option) = args.named("codec").filter(|_| backend.is_none()) {
        let cure = "add `backend = ..`, or leave it out";
        errors.push(
            option,
            format!("`{option}` is for backends that hold bytes, and this function's own memory keeps values as they are: {cure}"),
        );
    }
    let fleet = args.single_flight.as_ref().filter(|given| given.value == SingleFlight::Fleet);
    if let Some(fleet) = fleet.filter(|_| backend.is_none()) {
        let option = format!("{} = \"fleet\"", fleet.name);
        let cure = "add `backend = ..`; within one process `true` is enough";
        errors.push(fleet.written(), format!("`{option}` needs a backend that the fleet shares: {cure}"));
    }
}

/// Companions evaluate it as well, and `_cache_key` is no `async fn`.
fn awaited(args: &Args, errors: &mut Errors) {
    let backend = args.backend.as_ref().filter(|given| matches!(given.value, Backend::Expr(_)));
    let given = [
        args.extra.as_ref().map(|given| (&given.name, &given.tokens)),
        args.args_rewrite.as_ref().map(|given| (&given.name, &given.tokens)),
        args.key.as_ref().map(|given| (&given.name, &given.tokens)),
        backend.map(|given| (&given.name, &given.tokens)),
    ];
    for (name, tokens) in given.into_iter().flatten() {
        if let Some(at) = scan::awaits(tokens.clone()) {
            let cure = "await it before the call and pass the result as an argument";
            errors
                .push(at, format!("`{name}` cannot `await`, the key is needed where nothing waits: {cure}"));
        }
    }
}

/// A closure over values cannot be asked about an error.
fn lifetime_of_errors(args: &Args, errors: &mut Errors) {
    let by_value = args.ttl.as_ref().filter(|given| matches!(given.value, Ttl::Closure(_)));
    let (Some(ttl), Some(cache_err)) = (by_value, args.named("cache_err")) else {
        return;
    };
    if args.named("err_ttl").is_none() {
        let ttl = &ttl.name;
        let cure = "add `err_ttl = ..`, seconds or a closure `|error| ..`";
        errors.push(
            cache_err,
            format!("`{cache_err}` stores errors, and this `{ttl}` is a closure over values: {cure}"),
        );
    }
}

fn weighs_against_something(weigher: &Ident, args: &Args, errors: &mut Errors) {
    let unbounded = args.capacity.as_ref().filter(|given| matches!(given.value, Capacity::Unbounded));
    if args.named("capacity").is_none() {
        let cure = "add `capacity = ..`, the total weight to keep";
        errors.push(weigher, format!("`{weigher}` needs a bound to weigh against: {cure}"));
    }
    if let Some(unbounded) = unbounded {
        let cure = "give the total weight to keep, or leave `weigher` out";
        errors.push(
            unbounded.written(),
            format!("`{weigher}` has nothing to weigh against without a bound: {cure}"),
        );
    }
}

/// Names in `skip(…)` and `redact(…)`.
fn named_arguments(
    given: &Option<Given<Vec<Ident>>>,
    option: &str,
    done: &str,
    item: &Item,
    errors: &mut Errors,
) {
    let Some(Given { value: names, .. }) = given else { return };
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            errors.push(name, format!("`{name}` is {done} twice: name it once"));
        } else if !item.arguments.iter().any(|argument| argument.has_own_name() && argument.name == *name) {
            errors.push(name, no_such_argument(option, name, &item.arguments));
        }
    }
}

fn no_such_argument(option: &str, name: &Ident, arguments: &[Argument]) -> String {
    if name == "self" {
        return format!("`{option}(self)`: this function has no `self`");
    }
    if arguments.iter().any(|argument| argument.destructures_to(name)) {
        let cure = "name the whole argument and take it apart in the body";
        return format!("`{option}({name})`: `{name}` is part of a pattern: {cure}");
    }
    let named = arguments.iter().filter(|argument| argument.has_own_name());
    let names: Vec<&Ident> = named.map(|argument| &argument.name).collect();
    let missing = format!("`{option}({name})`: no argument of this function is called `{name}`");
    match names.len() {
        0 => format!("{missing}; it has none to {option}"),
        1 => format!("{missing}; its only argument is {}", listed(names)),
        _ => format!("{missing}; its arguments are {}", listed(names)),
    }
}

/// What is not in the key cannot be hidden in it.
fn redacted_and_skipped(args: &Args, errors: &mut Errors) {
    let (Some(redact), Some(skip)) = (&args.redact, &args.skip) else { return };
    for name in redact.value.iter().filter(|name| skip.value.contains(name)) {
        let cure = "take it out of `redact`";
        errors.push(name, format!("`redact({name})`: `{name}` is skipped, so it is in no key: {cure}"));
    }
}

/// An argument that the function may change is not part of what identifies the call.
fn mutable_arguments(args: &Args, item: &Item, errors: &mut Errors) {
    let mutable = item.arguments.iter().filter(|argument| !argument.is_receiver() && argument.is_ref_mut());
    for argument in mutable.filter(|argument| !args.skips(argument)) {
        let cure = match argument.has_own_name() {
            true => format!("leave it out of the key with `skip({})`", argument.name),
            false => "give it a name and `skip` that".into(),
        };
        errors.push(&argument.ty, format!("a `&mut` argument cannot be part of a key: {cure}"));
    }
}

impl Args {
    fn wants_companions(&self) -> bool {
        !matches!(self.companions, Some(Given { value: CompanionsOption::Off, .. }))
    }

    /// Whether `skip(…)` names the argument.
    pub(crate) fn skips(&self, argument: &Argument) -> bool {
        let skipped = self.skip.iter().flat_map(|skip| &skip.value);
        argument.has_own_name() && skipped.into_iter().any(|name| argument.name == *name)
    }

    /// Whether `redact(…)` names the argument.
    pub(crate) fn redacts(&self, argument: &Argument) -> bool {
        let redacted = self.redact.iter().flat_map(|redact| &redact.value);
        argument.has_own_name() && redacted.into_iter().any(|name| argument.name == *name)
    }
}

#[cfg(test)]
mod tests;
