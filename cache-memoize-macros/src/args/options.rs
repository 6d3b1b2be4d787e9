//! The table of options: what each is called, what it takes, and where its value goes.

use super::value::Raw;
use super::{Args, Errors, foreign};
use crate::diag::{did_you_mean, listed};

/// One option of the attribute.
pub(super) struct Opt {
    pub(super) name: &'static str,
    /// Django's word for it.
    alias: Option<&'static str>,
    /// Completes "`name` takes …".
    pub(super) takes: &'static str,
    /// Follows the name in an example.
    example: &'static str,
    /// Reads the value into its field.
    pub(super) store: fn(&mut Args, Raw, &mut Errors),
}

const CALLABLE: &str = "a closure or the path of a function";
const LIFETIME: &str = "seconds, text such as `\"1h 30m\"`, a `Duration` or a closure giving one";

/// A row of the table; the field has the option's name unless that is a keyword.
macro_rules! option {
    ($name:ident $(or $alias:ident)?, $takes:expr, $example:expr) => {
        option!($name $(or $alias)?, $takes, $example, $name)
    };
    ($name:ident $(or $alias:ident)?, $takes:expr, $example:expr, $field:ident) => {
        Opt {
            name: stringify!($name),
            alias: [$(Some(stringify!($alias)),)? None][0],
            takes: $takes,
            example: $example,
            store: |args, raw, errors| raw.store(&mut args.$field, errors),
        }
    };
}

static OPTIONS: &[Opt] = &[
    option!(ttl or timeout, LIFETIME, " = 300"),
    option!(err_ttl, LIFETIME, " = \"5s\""),
    option!(args_rewrite, CALLABLE, " = |user| user.id"),
    option!(skip, "the names of arguments in parentheses", "(db)"),
    option!(redact, "the names of arguments in parentheses", "(token)"),
    option!(extra, "an expression over the arguments", " = user.locale"),
    option!(version, "an integer or string literal", " = 2"),
    option!(prefix, "a string literal or the path of a const", " = \"posts\""),
    option!(key or key_generator_callable, CALLABLE, " = |id| format!(\"post:{id}\")"),
    option!(on_hit or hit_callable, CALLABLE, " = |id| log_hit(id)"),
    option!(on_miss or miss_callable, CALLABLE, " = |id| log_miss(id)"),
    option!(store_result, "`true` or `false`", " = false"),
    option!(cache_err or cache_exceptions, "`true`, a closure or a function's path", " = |e| e.is_final()"),
    option!(cache_none, "`true` or `false`", " = false"),
    option!(cache_if, CALLABLE, " = |value| !value.is_empty()"),
    option!(bypass_if, "a condition over the arguments", " = user.is_admin"),
    option!(capacity, "an integer or the word `unbounded`", " = 1_000"),
    option!(weigher, CALLABLE, " = |_key, value| value.len() as u32"),
    option!(backend or cache_alias, "a backend, or the name of a registered one as a string", " = REDIS"),
    option!(codec, "a `cache_memoize::Codec`", " = Codec::Json"),
    option!(single_flight, "`true`, `false` or `\"fleet\"`", " = \"fleet\""),
    option!(max_wait, "seconds, text such as `\"300ms\"` or a `Duration`", " = \"5s\""),
    option!(companions, "`false` or a visibility", " = pub(crate)"),
    option!(crate, "the path of `cache_memoize` as seen from here", " = my_rt::cache_memoize", krate),
];

impl Opt {
    /// The option of this name, or of this Django name.
    pub(super) fn called(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.name == name || option.alias == Some(name))
    }

    /// A use of the option under the user's spelling, `timeout = 300`.
    pub(super) fn example(&self, spelling: &str) -> String {
        format!("{spelling}{}", self.example)
    }

    /// "`prefix` takes a string literal or …, for instance `prefix = "posts"`".
    pub(super) fn usage(&self, spelling: &str) -> String {
        format!("`{spelling}` takes {}, for instance `{}`", self.takes, self.example(spelling))
    }
}

/// What to say about a name that is no option's.
pub(super) fn unknown(name: &str) -> String {
    if let Some(told) = foreign::told(name) {
        return told;
    }
    let names = || OPTIONS.iter().map(|option| option.name);
    let aliases = OPTIONS.iter().filter_map(|option| option.alias);
    match did_you_mean(name, names().chain(aliases)) {
        Some(meant) => format!("unknown option `{name}`: did you mean `{meant}`?"),
        None => format!("unknown option `{name}`: the options are {}", listed(names())),
    }
}

/// The options that are followed by names in parentheses.
const LISTS: [&str; 2] = ["skip", "redact"];

/// Whether `name` is one of those, a slip of it, or what others call it.
pub(super) fn resembles_list(name: &str) -> bool {
    did_you_mean(foreign::ours(name).unwrap_or(name), LISTS).is_some()
}
