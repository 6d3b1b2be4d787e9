//! Options as they are written: read, refused, and where the complaint lies.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::*;

fn read(tokens: TokenStream) -> (Args, Vec<String>) {
    let mut errors = Errors::default();
    let args = Args::parse(tokens, &mut errors);
    (args, errors.messages())
}

fn fine(tokens: TokenStream) -> Args {
    let (args, messages) = read(tokens);
    assert_eq!(messages, Vec::<String>::new());
    args
}

fn only_mistake(tokens: TokenStream) -> String {
    let (_, mut messages) = read(tokens.clone());
    assert_eq!(messages.len(), 1, "{tokens}: {messages:?}");
    messages.remove(0)
}

#[test]
fn nothing_is_fine() {
    assert!(fine(quote!()).ttl.is_none());
}

#[test]
fn every_option_is_read() {
    let args = fine(quote! {
        ttl = "1h 30m", err_ttl = 5, skip(db, self,), redact(token), extra = user.locale, version = 3, prefix = "posts",
        key = |a, b| format!("{a}{b}"), args_rewrite = Self::rewrite::<A, B>, on_hit = hit, on_miss = |a| miss(a),
        store_result = true, cache_err = |e| e.ok(), cache_none = false, cache_if = |v| true, bypass_if = a < b,
        capacity = Map::<K, V>::CAP, weigher = |k, v: &Vec<(u8, u8)>| 1, backend = self.cache,
        codec = Codec::Json, single_flight = "fleet", companions = pub(crate), crate = crate::rt,
    });
    assert!(
        matches!(args.ttl.as_ref().unwrap().value, Ttl::Duration(duration) if duration.as_secs() == 5_400)
    );
    assert!(matches!(args.err_ttl.as_ref().unwrap().value, Ttl::Expr(_)));
    assert_eq!(args.skip.as_ref().unwrap().value, ["db", "self"]);
    assert_eq!(args.redact.as_ref().unwrap().value, ["token"]);
    assert!(args.codec.is_some());
    assert!(matches!(args.args_rewrite.as_ref().unwrap().value, Callable::Path(_)));
    assert!(matches!(args.cache_err.as_ref().unwrap().value, CacheErr::If(_)));
    assert!(matches!(args.single_flight.as_ref().unwrap().value, SingleFlight::Fleet));
    assert!(matches!(args.companions.as_ref().unwrap().value, CompanionsOption::Visibility(_)));
    assert_eq!(args.krate.as_ref().unwrap().value.to_token_stream().to_string(), "crate :: rt");
    assert_eq!(args.extra.as_ref().unwrap().tokens.to_string(), "user . locale");
}

#[test]
fn the_first_may_be_a_bare_lifetime() {
    for tokens in
        [quote!(60 * 5), quote!("5m"), quote!(TTL), quote!(secs(5)), quote!(|v| v.ttl, capacity = 5)]
    {
        let args = fine(tokens.clone());
        assert!(args.ttl.is_some_and(|given| given.name == "ttl"), "{tokens}");
    }
    assert!(only_mistake(quote!(300, ttl = 5)).contains("`ttl` is given twice"));
    assert!(
        only_mistake(quote!(capacity = 5, 300)).contains("every option but a first, bare `ttl` needs a name")
    );
}

#[test]
fn django_says_it_too() {
    let args = fine(quote! {
        timeout = 300, key_generator_callable = k, hit_callable = h, miss_callable = m, cache_exceptions = true,
        cache_alias = "default"
    });
    assert_eq!(args.ttl.as_ref().unwrap().name, "timeout");
    assert!(args.key.is_some() && args.on_hit.is_some() && args.on_miss.is_some());
    assert!(matches!(args.cache_err.as_ref().unwrap().value, CacheErr::All));
    assert!(matches!(args.backend.as_ref().unwrap().value, Backend::Name(_)));
    assert_eq!(
        only_mistake(quote!(ttl = 1, timeout = 2)),
        "`timeout` and `ttl` are two names of one option: keep one"
    );
}

#[test]
fn one_mistake_does_not_hide_the_others() {
    let (args, messages) = read(quote! {
        tll = HashMap::<A, B>::new(), capacity = 0, skip(a.b, db), version = , on_hit = |a, b| (a, b), prefix = 5,
        bypass_if = @ 3, key = |x, y| x
    });
    assert_eq!(messages.len(), 6, "{messages:#?}");
    assert!(messages[0].contains("did you mean `ttl`?"));
    assert!(messages[1].contains("`capacity = 0` would keep nothing"));
    assert!(messages[2].contains("plain names of arguments"));
    assert!(messages[3].contains("`version` takes an integer or string literal"));
    assert!(messages[4].contains("`prefix` takes a string literal"));
    assert!(messages[5].contains("in the value of `bypass_if`"));
    assert_eq!(args.skip.as_ref().unwrap().value, ["db"]);
    assert!(args.on_hit.is_some() && args.key.is_some());
    assert!(args.named("prefix").is_some(), "a malformed option still counts as given");
}

#[test]
fn names_that_are_no_options() {
    assert_eq!(only_mistake(quote!(tll = 5)), "unknown option `tll`: did you mean `ttl`?");
    assert!(only_mistake(quote!(max_size = 5)).contains("did you mean `capacity`"));
    assert!(only_mistake(quote!(frobnicate = 5)).contains("the options are `ttl`, `err_ttl`"));
    assert!(only_mistake(quote!(skpi(a))).contains("did you mean `skip`"));
    assert!(only_mistake(quote!(ignore(a))).contains("did you mean `skip`"));
    assert!(only_mistake(quote!(redcat(a), ttl = 5)).contains("did you mean `redact`"));
    assert!(only_mistake(quote!(sensitive(a), ttl = 5)).contains("did you mean `redact`"));
    assert!(only_mistake(quote!(serializer = x)).contains("did you mean `codec`"));
    assert!(only_mistake(quote!(ttl = 5, nocache)).contains("unknown option `nocache`"));
}

#[test]
fn a_missing_value_or_comma() {
    assert!(only_mistake(quote!(ttl)).contains("for instance `ttl = 300`"));
    assert!(only_mistake(quote!(ttl: 300)).contains("for instance `ttl = 300`"));
    assert!(only_mistake(quote!(timeout(300))).contains("for instance `timeout = 300`"));
    assert!(only_mistake(quote!(skip)).contains("for instance `skip(db)`"));
    assert!(only_mistake(quote!(skip = db)).contains("for instance `skip(db)`"));
    assert!(only_mistake(quote!(redact = db)).contains("for instance `redact(token)`"));
    assert!(only_mistake(quote!(redact(a.b), ttl = 5)).contains("for instance `redact(token)`"));
    assert!(only_mistake(quote!(ttl = 300 capacity = 5)).contains("expected a `,`"));
    assert_eq!(read(quote!(ttl, skip, capacity = 5)).1.len(), 2);
}

#[test]
fn lifetimes_that_cannot_be() {
    for (tokens, says) in [
        (quote!(ttl = 0), "`ttl = 0` would store nothing: leave `ttl` out for no expiry"),
        (quote!(timeout = 0u64), "`timeout = 0u64` would store nothing"),
        (quote!(err_ttl = "0s"), "leave `err_ttl` out to give errors"),
        (quote!(ttl = -5), "`ttl` is negative"),
        (quote!(ttl = 1.5), "write `ttl = \"1500ms\"`"),
        (quote!(ttl = 300s), "write `ttl = \"300s\"`"),
        (quote!(ttl = "300"), "`ttl = \"300\"`: `300` needs a unit"),
        (quote!(ttl = true), "`ttl` takes seconds"),
        (quote!(ttl = async |v| 5), "not awaited"),
        (quote!(ttl = pub(crate)), "`ttl` takes seconds"),
    ] {
        let message = only_mistake(tokens.clone());
        assert!(message.contains(says), "{tokens}: {message}");
    }
}

#[test]
fn waits_that_cannot_be() {
    for (tokens, says) in [
        (quote!(max_wait = 0), "`max_wait = 0` would have nobody wait: write `single_flight = false`"),
        (quote!(max_wait = "0ms"), "would have nobody wait"),
        (quote!(max_wait = -5), "`max_wait` is negative"),
        (quote!(max_wait = 1.5), "write `max_wait = \"1500ms\"`"),
        (quote!(max_wait = 300ms), "write `max_wait = \"300ms\"`"),
        (quote!(max_wait = "300"), "`300` needs a unit"),
        (quote!(max_wait = ""), "there is no time in it"),
        (quote!(max_wait = |v| 5), "not a closure"),
        (quote!(max_wait = true), "`max_wait` takes seconds"),
        (quote!(max_wait), "for instance `max_wait = \"5s\"`"),
    ] {
        let message = only_mistake(tokens.clone());
        assert!(message.contains(says), "{tokens}: {message}");
    }
}

#[test]
fn values_of_the_wrong_kind() {
    for (tokens, says) in [
        (quote!(key = 5), "a closure or the path of a function"),
        (quote!(cache_err = false), "leave it out"),
        (quote!(cache_err = "all"), "`true`, a closure"),
        (quote!(version = 1.5), "an integer or string literal"),
        (quote!(version = -1), "an integer or string literal"),
        (quote!(store_result = "false"), "`true` or `false`"),
        (quote!(capacity = -5), "`unbounded`"),
        (quote!(capacity = "unbounded"), "the word `unbounded`"),
        (quote!(single_flight = fleet), "write `single_flight = \"fleet\"`"),
        (quote!(single_flight = "flete"), "`\"fleet\"`"),
        (quote!(companions = private), "`false` or a visibility"),
        (quote!(extra = |u| u.locale), "not a closure"),
        (quote!(backend = 5), "a backend"),
        (quote!(backend = "redis://127.0.0.1/"), "`cache_memoize::register("),
        (quote!(cache_alias = "redis+unix:///run/redis.sock"), "write `cache_alias = "),
        (quote!(codec = "json"), "a `cache_memoize::Codec`"),
        (quote!(codec = |_| Codec::Json), "a `cache_memoize::Codec`"),
        (quote!(crate = "rt"), "the path of `cache_memoize`"),
    ] {
        let message = only_mistake(tokens.clone());
        assert!(message.contains(says), "{tokens}: {message}");
    }
    assert!(matches!(fine(quote!(capacity = unbounded)).capacity.unwrap().value, Capacity::Unbounded));
    assert!(matches!(fine(quote!(companions = false)).companions.unwrap().value, CompanionsOption::Off));
}

#[test]
fn a_value_from_macro_rules_counts_as_its_contents() {
    let zero = proc_macro2::Group::new(proc_macro2::Delimiter::None, quote!(0));
    assert!(only_mistake(quote!(ttl = #zero)).contains("would store nothing"));
    assert!(only_mistake(quote!((0))).contains("would store nothing"));
}
