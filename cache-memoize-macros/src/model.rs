//! What the expansion is told: a function and its settings, with every contradiction already impossible.

use proc_macro2::{Group, TokenStream};
use quote::{ToTokens, format_ident};
use syn::{Attribute, Expr, Meta, Path, Signature, Token, Visibility, parse_quote};

use crate::args::{
    Args, Backend, CacheErr, Callable, Capacity, Codec, CompanionsOption, Given, MaxWait, Prefix,
    SingleFlight, Ttl, Version,
};
use crate::diag::Errors;
use crate::expand::JUDGE;
use crate::item::{Argument, Item};
use crate::number::Number;
use crate::standing::Standing;
use crate::{check, manifest, scan};

/// A memoized function.
pub(crate) struct Model {
    /// All attributes of the function itself.
    pub(crate) attrs: Vec<Attribute>,
    /// Those of them that its companions repeat.
    pub(crate) companion_attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    /// In order, a receiver first. The other fields refer to arguments by their place here.
    pub(crate) arguments: Vec<Argument>,
    pub(crate) body: Group,

    pub(crate) key: KeySource,
    pub(crate) ttl: Option<Ttl>,
    pub(crate) store: Store,
    pub(crate) home: Home,
    pub(crate) bypass_if: Option<Expr>,
    pub(crate) single_flight: SingleFlight,
    /// The `"fleet"` of the option, as it was written.
    pub(crate) fleet: Option<TokenStream>,
    pub(crate) max_wait: Option<MaxWait>,
    pub(crate) callbacks: Callbacks,
    pub(crate) companions: Companions,
    pub(crate) context: Context,
    /// Whether it is a default method of a trait, of which there may be a `dyn`.
    pub(crate) in_trait: bool,
    /// Where generated code finds the runtime.
    pub(crate) runtime: Path,
    /// Tells this function from others that its path does not tell it from.
    pub(crate) number: Number,

    /// The arguments that are not skipped: what the key is made of.
    pub(crate) key_args: Vec<usize>,
    /// What `on_hit` and `on_miss` receive: all but `&mut`.
    pub(crate) callback_args: Vec<usize>,
    /// What companions that do not run the body take: the key's arguments, and skipped ones that `extra` or
    /// `backend` name.
    pub(crate) companion_args: Vec<usize>,
    /// What `_refresh` and `_uncached` take.
    pub(crate) all_args: Vec<usize>,
    /// What `_invalidate_all` and `_stats` take: the arguments that `backend` names.
    pub(crate) backend_args: Vec<usize>,
}

/// What identifies a call. Each is made of [`Model::key_args`].
pub(crate) enum KeySource {
    /// The arguments themselves, some of them not to be read.
    Arguments { naming: Naming, redacted: Vec<usize> },
    /// What the callable makes of the arguments.
    Rewrite(Callable, Naming),
    /// The whole text of the key, which leaves nothing to name.
    Text(Callable),
}

/// What a key has beside the arguments.
pub(crate) struct Naming {
    pub(crate) prefix: Option<Prefix>,
    pub(crate) version: Option<Version>,
    pub(crate) extra: Option<Expr>,
}

/// What is kept of a call.
pub(crate) enum Store {
    /// That it ran.
    Mark,
    /// What it returned, if that is worth it.
    Value(Box<Worth>),
}

/// Which results are stored.
pub(crate) struct Worth {
    pub(crate) cache_if: Option<Callable>,
    /// Whether `None` is a value like any other.
    pub(crate) cache_none: bool,
    pub(crate) cache_err: Option<StoredErr>,
}

/// Which errors are stored, and for how long if not for the `ttl`.
pub(crate) struct StoredErr {
    pub(crate) which: CacheErr,
    pub(crate) ttl: Option<Ttl>,
}

/// Where entries live.
pub(crate) enum Home {
    /// In memory of the function's own.
    Own(Bound),
    Backend {
        backend: Backend,
        /// How values become bytes there, if not as the backend has it.
        codec: Option<Expr>,
    },
}

/// How much a function's own memory holds.
pub(crate) enum Bound {
    /// As many entries as the runtime finds sensible.
    Default,
    Entries(Expr),
    Weight {
        capacity: Expr,
        weigher: Callable,
    },
    Unbounded,
}

/// What the user wants to hear about.
pub(crate) struct Callbacks {
    pub(crate) on_hit: Option<Callable>,
    pub(crate) on_miss: Option<Callable>,
}

/// What is generated beside the function.
pub(crate) enum Companions {
    None,
    Visibility(Visibility),
}

/// How generated code reaches what is generated beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Context {
    /// In an `impl` or a trait: as `Self::name`.
    Method,
    /// A free function, known to be one or taken for one: as `name`.
    Free,
    /// A free function or an associated one; nothing tells which. Not at all.
    Ambiguous,
}

impl Model {
    /// Judges the options against each other and the function. What was found is in `errors`; with errors,
    /// the model is only as good as the rest allowed.
    pub(crate) fn new(args: Args, item: Item, errors: &mut Errors) -> Self {
        check::check(&args, &item, errors);
        let standing = Standing::of(&item.sig);
        check::standing(&args, &item, standing, errors);
        let context = Context::of(&args, &item, standing);
        let number = Number::of(&args.tokens, &item);
        let places = Places::of(&args, &item.arguments);
        let key_args = places.all(|argument| !args.skips(argument));
        let companion_args =
            places.all(|argument| !args.skips(argument) || places.is_named_anywhere(argument));
        let redacted = places.all(|argument| args.redacts(argument));
        let naming = Naming::of(args.prefix, args.version, args.extra);
        let worth = Worth::of(args.cache_if, args.cache_none, args.cache_err, args.err_ttl);
        Self {
            key_args,
            callback_args: places.all(|argument| !argument.is_ref_mut()),
            companion_args,
            all_args: places.all(|_| true),
            backend_args: places.all(|argument| argument.is_named_in(&places.backend)),
            context,
            companion_attrs: item.attrs.iter().filter_map(repeated).collect(),
            companions: Companions::of(args.companions, &item.vis, standing),
            in_trait: standing == Standing::Trait,
            key: KeySource::of(args.key, args.args_rewrite, naming, redacted),
            store: Store::of(args.store_result, worth),
            home: Home::of(args.backend, args.codec, args.capacity, args.weigher),
            ttl: value(args.ttl),
            bypass_if: value(args.bypass_if),
            fleet: args.single_flight.as_ref().and_then(Given::fleet),
            single_flight: value(args.single_flight).unwrap_or(SingleFlight::On),
            max_wait: value(args.max_wait),
            callbacks: Callbacks { on_hit: value(args.on_hit), on_miss: value(args.on_miss) },
            number,
            runtime: value(args.krate).unwrap_or_else(manifest::runtime),
            attrs: item.attrs,
            vis: item.vis,
            defaultness: item.defaultness,
            sig: item.sig,
            arguments: item.arguments,
            body: item.body,
        }
    }
}

impl Model {
    /// The expression that is one more part of the key.
    pub(crate) fn extra(&self) -> Option<&Expr> {
        match &self.key {
            KeySource::Arguments { naming, .. } | KeySource::Rewrite(_, naming) => naming.extra.as_ref(),
            KeySource::Text(_) => None,
        }
    }

    /// The expressions that name arguments.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.extra().into_iter().chain(self.backend()).chain(&self.bypass_if)
    }

    /// The expression that gives the backend.
    pub(crate) fn backend(&self) -> Option<&Expr> {
        match &self.home {
            Home::Backend { backend: Backend::Expr(backend), .. } => Some(backend),
            Home::Backend { backend: Backend::Name(_), .. } | Home::Own(_) => None,
        }
    }
}

fn value<T>(given: Option<Given<T>>) -> Option<T> {
    given.map(|given| given.value)
}

/// Finds the places of arguments.
struct Places {
    arguments: Vec<Argument>,
    extra: TokenStream,
    backend: TokenStream,
}

impl Places {
    fn of(args: &Args, arguments: &[Argument]) -> Self {
        let extra = args.extra.as_ref().map(|given| given.value.to_token_stream());
        let backend = args.backend.as_ref().and_then(|given| match &given.value {
            Backend::Expr(expr) => Some(expr.to_token_stream()),
            Backend::Name(_) => None,
        });
        Self {
            arguments: arguments.to_vec(),
            extra: extra.unwrap_or_default(),
            backend: backend.unwrap_or_default(),
        }
    }

    fn all(&self, wanted: impl Fn(&Argument) -> bool) -> Vec<usize> {
        let places = self.arguments.iter().enumerate();
        places.filter(|(_, argument)| wanted(argument)).map(|(place, _)| place).collect()
    }

    fn is_named_anywhere(&self, argument: &Argument) -> bool {
        argument.is_named_in(&self.extra) || argument.is_named_in(&self.backend)
    }
}

impl KeySource {
    fn of(
        key: Option<Given<Callable>>,
        rewrite: Option<Given<Callable>>,
        naming: Naming,
        redacted: Vec<usize>,
    ) -> Self {
        match (value(key), value(rewrite)) {
            (Some(text), _) => Self::Text(text),
            (None, Some(rewrite)) => Self::Rewrite(rewrite, naming),
            (None, None) => Self::Arguments { naming, redacted },
        }
    }
}

impl Naming {
    fn of(
        prefix: Option<Given<Prefix>>,
        version: Option<Given<Version>>,
        extra: Option<Given<Expr>>,
    ) -> Self {
        Self { prefix: value(prefix), version: value(version), extra: value(extra) }
    }
}

impl Store {
    fn of(store_result: Option<Given<bool>>, worth: Worth) -> Self {
        match value(store_result) {
            Some(false) => Self::Mark,
            Some(true) | None => Self::Value(Box::new(worth)),
        }
    }
}

impl Worth {
    fn of(
        cache_if: Option<Given<Callable>>,
        cache_none: Option<Given<bool>>,
        cache_err: Option<Given<CacheErr>>,
        err_ttl: Option<Given<Ttl>>,
    ) -> Self {
        Self {
            cache_if: value(cache_if),
            cache_none: value(cache_none).unwrap_or(true),
            cache_err: value(cache_err).map(|which| StoredErr { which, ttl: value(err_ttl) }),
        }
    }
}

impl Home {
    fn of(
        backend: Option<Given<Backend>>,
        codec: Option<Given<Codec>>,
        capacity: Option<Given<Capacity>>,
        weigher: Option<Given<Callable>>,
    ) -> Self {
        if let Some(backend) = value(backend) {
            return Self::Backend { backend, codec: value(codec).map(|Codec(expr)| expr) };
        }
        Self::Own(match (value(capacity), value(weigher)) {
            (None, _) => Bound::Default,
            (Some(Capacity::Unbounded), _) => Bound::Unbounded,
            (Some(Capacity::Expr(entries)), None) => Bound::Entries(entries),
            (Some(Capacity::Expr(capacity)), Some(weigher)) => Bound::Weight { capacity, weigher },
        })
    }
}

impl Companions {
    fn of(wanted: Option<Given<CompanionsOption>>, own: &Visibility, standing: Standing) -> Self {
        match value(wanted) {
            // Of what cannot be there, nothing is said that the checks have not.
            _ if standing.has_no_room() => Self::None,
            Some(CompanionsOption::Off) => Self::None,
            Some(CompanionsOption::Visibility(visibility)) => Self::Visibility(visibility),
            Some(CompanionsOption::On) | None => Self::Visibility(own.clone()),
        }
    }
}

impl Context {
    fn of(args: &Args, item: &Item, standing: Standing) -> Self {
        let receiver = item.arguments.iter().any(Argument::is_receiver);
        let says_self = || {
            let sources = [item.sig.to_token_stream(), item.body.stream(), args.tokens.clone()];
            sources.into_iter().any(scan::mentions_self_type)
        };
        // An argument may hide what is to be named.
        let hidden = |argument: &Argument| {
            let mut names =
                ["uncached", JUDGE].map(|suffix| format_ident!("{}_{suffix}", item.sig.ident)).into_iter();
            names.any(|name| argument.name == name)
        };
        match standing {
            Standing::Free if item.arguments.iter().any(hidden) => Self::Ambiguous,
            Standing::Free => Self::Free,
            Standing::Unknown if receiver || says_self() => Self::Method,
            // Something in the body must not be emitted twice.
            Standing::Unknown if scan::has_singular_item(&item.body) => Self::Free,
            Standing::Unknown => Self::Ambiguous,
            Standing::Inherent | Standing::Trait | Standing::TraitImpl | Standing::Rewritten => Self::Method,
        }
    }
}

/// The attribute as companions repeat it. They exist where the function does and are as visible and as
/// deprecated; a lint that the signature sets off, it sets off in each of them.
fn repeated(attribute: &Attribute) -> Option<Attribute> {
    let is = |name| attribute.path().is_ident(name);
    if is("cfg") || is("allow") || is("deprecated") || is_doc_hidden(attribute) {
        return Some(attribute.clone());
    }
    // What is expected of the function need not come true in every companion.
    match &attribute.meta {
        Meta::List(list) if is("expect") => {
            let lints = &list.tokens;
            Some(parse_quote!(#[allow(#lints)]))
        }
        _ => None,
    }
}

fn is_doc_hidden(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    }
}

#[cfg(test)]
mod tests;
