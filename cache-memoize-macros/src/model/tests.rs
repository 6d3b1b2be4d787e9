//! The model that is left when nothing is wrong.

use quote::quote;

use super::*;

fn model(args: TokenStream, item: TokenStream) -> Model {
    let mut errors = Errors::default();
    let args = Args::parse(args, &mut errors);
    let item = Item::parse(item, &mut errors).expect("a function");
    let model = Model::new(args, item, &mut errors);
    assert_eq!(errors.messages(), Vec::<String>::new());
    model
}

#[test]
fn the_defaults() {
    let model = model(
        quote!(),
        quote!(
            pub fn f(a: u8) -> u8 {
                a
            }
        ),
    );
    let KeySource::Arguments { naming, redacted } = &model.key else { panic!("the arguments are the key") };
    assert!(matches!(naming, Naming { prefix: None, version: None, extra: None }) && redacted.is_empty());
    assert!(matches!(model.home, Home::Own(Bound::Default)));
    assert!(matches!(&model.store, Store::Value(worth) if worth.cache_none && worth.cache_err.is_none()));
    assert!(matches!(model.companions, Companions::Visibility(Visibility::Public(_))));
    assert_eq!(model.single_flight, SingleFlight::On);
    assert_eq!(model.runtime.to_token_stream().to_string(), ":: cache_memoize");
}

#[test]
fn each_audience_gets_its_arguments() {
    let item = quote!(
        fn f(&self, db: &Db, pool: Pool, id: u64, out: &mut u8) {}
    );
    let model =
        model(quote!(skip(self, db, pool, out), extra = db.tenant(), backend = self.caches[id]), item);
    assert_eq!(model.key_args, [3]);
    assert_eq!(model.callback_args, [0, 1, 2, 3]);
    assert_eq!(model.companion_args, [0, 1, 3]);
    assert_eq!(model.all_args, [0, 1, 2, 3, 4]);
    assert_eq!(model.backend_args, [0, 3]);
}

#[test]
fn options_become_settings() {
    let item = quote!(
        fn f(a: u8) -> u8 {
            a
        }
    );
    let weighed = model(quote!(capacity = 5, weigher = w, companions = false), item.clone());
    assert!(matches!(weighed.home, Home::Own(Bound::Weight { .. })));
    assert!(matches!(weighed.companions, Companions::None));
    assert!(matches!(model(quote!(store_result = false), item.clone()).store, Store::Mark));
    assert!(matches!(model(quote!(key = k), item.clone()).key, KeySource::Text(_)));
    assert!(matches!(
        model(quote!(args_rewrite = k, version = 2), item.clone()).key,
        KeySource::Rewrite(_, Naming { .. })
    ));
    let named = model(quote!(backend = "posts", codec = Codec::Json, redact(a)), item);
    assert!(matches!(named.home, Home::Backend { backend: Backend::Name(_), codec: Some(_) }));
    assert!(matches!(named.key, KeySource::Arguments { redacted, .. } if redacted == [0]));
}

#[test]
fn the_context_is_read_from_the_tokens() {
    for (args, item, expected) in [
        (
            quote!(),
            quote!(
                fn f(&self) {}
            ),
            Context::Method,
        ),
        (
            quote!(),
            quote!(
                fn f() -> Self {}
            ),
            Context::Method,
        ),
        (
            quote!(),
            quote!(
                fn f() {
                    vec![Self::X];
                }
            ),
            Context::Method,
        ),
        (
            quote!(capacity = Self::CAP),
            quote!(
                fn f() {}
            ),
            Context::Method,
        ),
        (
            quote!(),
            quote!(
                fn f() {}
            ),
            Context::Ambiguous,
        ),
        (
            quote!(),
            quote!(
                fn f() {
                    impl A for B {
                        fn n() -> Self {
                            B
                        }
                    }
                }
            ),
            Context::Free,
        ),
        (
            quote!(),
            quote!(
                fn f() {
                    static N: u8 = 1;
                }
            ),
            Context::Free,
        ),
        (
            quote!(),
            quote!(
                fn f(x: &'static str) {
                    let y: &'static str = x;
                }
            ),
            Context::Ambiguous,
        ),
    ] {
        assert_eq!(model(args, item.clone()).context, expected, "{item}");
    }
}

#[test]
fn companions_repeat_only_what_concerns_them() {
    let item = quote! {
        /// Words.
        #[doc(hidden)] #[cfg(unix)] #[must_use] #[inline] #[allow(dead_code)] #[expect(clippy::all)] #[deprecated]
        #[tracing::instrument]
        fn f() {}
    };
    let model = model(quote!(), item);
    let repeated: Vec<String> =
        model.companion_attrs.iter().map(|a| a.to_token_stream().to_string()).collect();
    assert_eq!(model.attrs.len(), 9);
    assert_eq!(
        repeated,
        [
            "# [doc (hidden)]",
            "# [cfg (unix)]",
            "# [allow (dead_code)]",
            "# [allow (clippy :: all)]",
            "# [deprecated]"
        ]
    );
}
