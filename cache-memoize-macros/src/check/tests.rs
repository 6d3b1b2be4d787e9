//! Mistakes that are reported before any code is made.

use proc_macro2::TokenStream;
use quote::quote;

use super::*;

fn mistakes(args: TokenStream, item: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let item = Item::parse(item, &mut errors).expect("a function");
    check(&args, &item, &mut errors);
    errors.messages()
}

fn only_mistake(args: TokenStream, item: TokenStream) -> String {
    let mut found = mistakes(args.clone(), item);
    assert_eq!(found.len(), 1, "{args}: {found:#?}");
    found.remove(0)
}

fn two() -> TokenStream {
    quote!(
        fn f(db: &Db, id: u64) -> u64 {
            1
        }
    )
}

#[test]
fn options_that_contradict_each_other() {
    for (args, says) in [
        (quote!(key = k, args_rewrite = r), "`args_rewrite` cannot be given with `key`"),
        (
            quote!(key_generator_callable = k, extra = id),
            "`extra` cannot be given with `key_generator_callable`",
        ),
        (quote!(key = k, version = 1), "`version` cannot be given with `key`"),
        (quote!(key = k, prefix = "p"), "`prefix` cannot be given with `key`"),
        (quote!(backend = B, capacity = 5), "set it where the backend is built"),
        (quote!(backend = B, weigher = w), "set it where the backend is built"),
        (quote!(store_result = false, cache_if = c), "no value to judge"),
        (quote!(store_result = false, cache_none = false), "no value to judge"),
        (quote!(store_result = false, cache_err = true), "gives the right to run back"),
        (quote!(store_result = false, single_flight = false), "its right to run is single flight"),
        (quote!(err_ttl = 5), "add `cache_err = true`"),
        (quote!(cache_err = true, ttl = |v| v.ttl()), "add `err_ttl = ..`"),
        (quote!(redact(id), key = k), "leave secrets out of that"),
        (quote!(redact(id), args_rewrite = r), "`redact` cannot be given with `args_rewrite`"),
        (quote!(redact(db), skip(db)), "`db` is skipped, so it is in no key"),
        (quote!(codec = Codec::Json), "`codec` is for backends that hold bytes"),
        (quote!(codec = C, backend = B, store_result = false), "a mark has no value to encode"),
        (quote!(weigher = w), "add `capacity = ..`"),
        (quote!(weigher = w, capacity = unbounded), "nothing to weigh against"),
        (quote!(single_flight = "fleet"), "`single_flight = \"fleet\"` needs a backend"),
    ] {
        let message = only_mistake(args.clone(), two());
        assert!(message.contains(says), "{args}: {message}");
    }
}

#[test]
fn options_that_go_together() {
    for args in [
        quote!(key = |db, id| id.to_string(), ttl = 5),
        quote!(skip(db), key = |id| id.to_string()),
        quote!(store_result = false, single_flight = "fleet", backend = B),
        quote!(store_result = true, cache_if = c, cache_none = false, cache_err = true, err_ttl = 5),
        quote!(cache_err = true, ttl = |v| v.ttl(), err_ttl = 5),
        quote!(weigher = |key, value| 1, capacity = 5),
        quote!(backend = B, single_flight = "fleet"),
        quote!(backend = B, single_flight = "fleet", max_wait = 5),
        quote!(store_result = false, max_wait = "5s"),
        quote!(backend = "posts", codec = Codec::Json, redact(id), skip(db)),
    ] {
        assert_eq!(mistakes(args.clone(), two()), Vec::<String>::new(), "{args}");
    }
}

#[test]
fn a_malformed_option_is_not_missing_as_well() {
    assert_eq!(mistakes(quote!(cache_err = 12, err_ttl = 5), two()).len(), 1);
    assert_eq!(mistakes(quote!(backend = 5, single_flight = "fleet"), two()).len(), 1);
    assert_eq!(mistakes(quote!(backend = 5, codec = Codec::Json), two()).len(), 1);
}

#[test]
fn skipping_what_is_not_there() {
    assert_eq!(
        only_mistake(quote!(skip(dbb)), two()),
        "`skip(dbb)`: no argument of this function is called `dbb`; its arguments are `db`, `id`"
    );
    assert!(only_mistake(quote!(skip(self)), two()).contains("no `self`"));
    assert!(only_mistake(quote!(skip(db, db)), two()).contains("skipped twice"));
    assert!(
        only_mistake(
            quote!(skip(x)),
            quote!(
                fn f() {}
            )
        )
        .contains("none to skip")
    );
    let pair = quote!(
        fn f((a, b): (u8, u8), c: u8) {}
    );
    assert!(only_mistake(quote!(skip(a)), pair.clone()).contains("part of a pattern"));
    assert!(only_mistake(quote!(skip(d)), pair).contains("its only argument is `c`"));
}

#[test]
fn redacting_what_is_not_there() {
    assert_eq!(
        only_mistake(quote!(redact(idd)), two()),
        "`redact(idd)`: no argument of this function is called `idd`; its arguments are `db`, `id`"
    );
    assert!(only_mistake(quote!(redact(self)), two()).contains("no `self`"));
    assert!(only_mistake(quote!(redact(id, id)), two()).contains("redacted twice"));
    let none = quote!(
        fn f() {}
    );
    assert!(only_mistake(quote!(redact(x)), none).contains("none to redact"));
}

#[test]
fn mutable_arguments_must_be_skipped() {
    let item = quote!(
        fn f(conn: &mut Conn, id: u64) {}
    );
    assert!(only_mistake(quote!(), item.clone()).contains("`skip(conn)`"));
    assert!(only_mistake(quote!(args_rewrite = |conn, id| id), item.clone()).contains("`skip(conn)`"));
    assert_eq!(mistakes(quote!(skip(conn)), item), Vec::<String>::new());
}

#[test]
fn closures_of_the_wrong_arity() {
    assert_eq!(
        only_mistake(quote!(args_rewrite = |id| id), two()),
        "`args_rewrite` takes 2 parameters here, one for each argument that is not skipped: `|db, id|`; \
         this closure has 1"
    );
    let method = quote!(
        fn f(&self, (a, b): (u8, u8), out: &mut u8) {}
    );
    let message = only_mistake(quote!(skip(out), on_hit = || ()), method);
    assert!(message.contains("takes 2 parameters") && message.contains("`|this, _|`; this closure has none"));
    for (args, says) in [
        (quote!(key = |a, b, c| a), "`|db, id|`"),
        (quote!(on_miss = |a| ()), "`|db, id|`"),
        (quote!(skip(db, id), args_rewrite = |a| a), "takes no parameter here: `||`; this closure has 1"),
        (quote!(ttl = || 5), "takes 1 parameter here, the stored value: `|value|`"),
        (quote!(cache_if = |a, b| true), "`|value|`"),
        (quote!(cache_err = || true), "`|error|`"),
        (quote!(weigher = |v| 1, capacity = 5), "`|key, value|`"),
    ] {
        let message = only_mistake(args.clone(), two());
        assert!(message.contains(says), "{args}: {message}");
    }
}

#[test]
fn mistakes_of_every_kind_are_reported_at_once() {
    let item = quote!(
        const fn f(conn: &mut Conn, id: u64) -> &str {
            ""
        }
    );
    let found = mistakes(quote!(tll = 5, capacity = 0, backend = B, skip(x), on_hit = |a, b| ()), item);
    assert_eq!(found.len(), 8, "{found:#?}");
}

#[test]
fn a_backend_lasts() {
    for backend in [quote!(Memory::new(5)), quote!(&cache_memoize::Memory::builder().unbounded().build())] {
        let message = only_mistake(quote!(backend = #backend), two());
        assert!(message.contains("a new and empty `Memory` at every call"), "{backend}: {message}");
    }
    for backend in [quote!(Memory::of(db)), quote!(db.memory()), quote!(CACHES.new(5)), quote!(new(5))] {
        assert_eq!(mistakes(quote!(backend = #backend), two()), Vec::<String>::new(), "{backend}");
    }
}

#[test]
fn options_about_results_do_not_see_the_arguments() {
    for (args, says) in [
        (
            quote!(cache_if = |v| *v > id),
            "`cache_if` is asked about the value alone and cannot see the argument `id`",
        ),
        (quote!(cache_if = |v| !v.is_empty() && v.f(&[id])), "`bypass_if`"),
        (quote!(ttl = |v| v.ttl(id)), "let the value tell"),
        (quote!(ttl = id), "make it a closure over the value, `ttl = |value| ..`"),
        (quote!(cache_err = |e| e.is(id)), "`cache_err` is asked about the error alone"),
        (quote!(cache_err = true, err_ttl = id * 2), "`err_ttl = |error| ..`"),
        (quote!(capacity = id as u64), "`capacity` is the same for all calls"),
        (quote!(capacity = 5, weigher = |_, _| id), "`|key, value|`"),
        (quote!(backend = B, codec = db.codec()), "`codec` is the same for all calls"),
    ] {
        let message = only_mistake(args.clone(), two());
        assert!(message.contains(says), "{args}: {message}");
    }
}

#[test]
fn names_that_are_no_arguments() {
    for args in [
        quote!(cache_if = |id| *id > 5),
        quote!(cache_if = |v| v.id > db::LIMIT && v.db() == id::<u8>()),
        quote!(cache_if = |v| v.iter().any(|id| *id > 5)),
        quote!(cache_if = |v| matches!(v, Some(id) if *id > 5)),
        quote!(
            cache_if = |v| {
                let id = v.id;
                id > 5
            }
        ),
        quote!(cache_if = |v| *v == Post { id: 5 }),
        quote!(ttl = Duration::from_secs(ID)),
    ] {
        assert_eq!(mistakes(args.clone(), two()), Vec::<String>::new(), "{args}");
    }
}
