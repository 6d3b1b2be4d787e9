//! The mistakes.

use super::Mistake;

macro_rules! mistakes {
    ($($name:ident $level:ident $says:literal: $code:literal)*) => {
        pub(super) const ALL: &[Mistake] = &[
            $(Mistake { name: stringify!($name), code: $code, level: stringify!($level), says: $says },)*
        ];
    };
}

mistakes! {
    // In the body.
    type_in_the_body_of_a_free_function error "mismatched types":
        "#[cache_memoize] fn f(x: u64) -> u64 { let s: String = 5; x }"
    type_in_the_body_of_an_associated_function error "mismatched types":
        "struct A; impl A { #[cache_memoize] fn f(x: u64) -> u64 { let s: String = 5; x } }"
    type_in_the_body_of_a_method error "mismatched types":
        "#[derive(Clone, PartialEq, Eq, Hash)] struct A; impl A { #[cache_memoize] fn f(&self, x: u64) -> u64 { let s: String = 5; x } }"
    type_in_the_body_of_an_async_function error "mismatched types":
        "#[cache_memoize] async fn f(x: u64) -> u64 { let s: String = 5; x }"
    type_in_the_body_of_a_default_method error "mismatched types":
        "trait A { #[cache_memoize(skip(self))] fn f(&self, x: u64) -> u64 { let _s: String = 5; x } }"
    type_in_a_body_without_companions error "mismatched types":
        "#[cache_memoize(companions = false)] fn f(x: u64) -> u64 { let s: String = 5; x }"
    type_in_a_body_on_a_backend error "mismatched types":
        "#[cache_memoize(backend = STORE)] async fn f(x: u64) -> u64 { let s: String = 5; x }"
    wrong_result error "mismatched types": "#[cache_memoize] fn f(x: u64) -> String { x }"
    borrow_in_the_body error "cannot move out": "#[cache_memoize] fn f(x: &String) -> String { *x }"
    unknown_name_in_the_body error "cannot find value `y`": "#[cache_memoize] fn f(x: u64) -> u64 { y }"
    unused_variable_in_a_free_function warning "unused variable: `y`": "#[cache_memoize] fn f(x: u64) -> u64 { let y = 3; x }"
    unused_variable_in_an_associated_function warning "unused variable: `y`":
        "struct A; impl A { #[cache_memoize] fn f(x: u64) -> u64 { let y = 3; x } }"
    unused_variable_in_a_default_method warning "unused variable: `y`":
        "trait A { #[cache_memoize(skip(self))] fn f(&self, x: u64) -> u64 { let y = 3; x } }"
    unused_mut_in_an_async_function warning "does not need to be mutable":
        "#[cache_memoize(ttl = 5)] async fn f(x: u64) -> u64 { let mut y = 3; x + y }"
    unused_argument warning "unused variable: `x`": "#[cache_memoize] fn f(x: u64) -> u64 { 3 }"

    // Results.
    result_not_clone error "`NoClone` cannot be cached": "struct NoClone; #[cache_memoize] fn f(x: u64) -> NoClone { NoClone }"
    result_in_a_result_not_clone error "`NoClone` cannot be cached":
        "struct NoClone; #[cache_memoize] fn f(x: u64) -> Result<NoClone, u8> { Ok(NoClone) }"
    result_rc error "cannot be cached": "use std::rc::Rc; #[cache_memoize] fn f(x: u64) -> Rc<u64> { Rc::new(x) }"
    result_ref_cell error "Mutex": "use std::cell::RefCell; #[cache_memoize] fn f(x: u64) -> RefCell<u64> { RefCell::new(x) }"
    result_generic error "`T` cannot be cached": "#[cache_memoize(skip(t))] fn f<T: Send + Sync + 'static>(x: u64, t: T) -> T { t }"
    result_not_clone_async error "`NoClone` cannot be cached": "struct NoClone; #[cache_memoize] async fn f(x: u64) -> NoClone { NoClone }"
    result_not_stored error "cannot be stored on a shared backend":
        "#[derive(Clone)] struct V; #[cache_memoize(backend = STORE)] fn f(x: u64) -> V { V }"
    result_not_stored_async error "cannot be stored on a shared backend":
        "#[derive(Clone)] struct V; #[cache_memoize(backend = STORE)] async fn f(x: u64) -> V { V }"
    result_static_str_on_a_backend error "cannot be stored on a shared backend":
        "#[cache_memoize(backend = STORE)] fn f(x: u64) -> &'static str { \"x\" }"
    error_not_stored error "`cache_err` cannot store the error": "struct E; #[cache_memoize(cache_err = true)] fn f(x: u64) -> Result<u8, E> { Err(E) }"
    error_of_no_result error "`cache_err` is about the errors": "#[cache_memoize(cache_err = true)] fn f(x: u64) -> u64 { x }"
    none_of_no_option error "`cache_none = false` needs": "#[cache_memoize(cache_none = false)] fn f(x: u64) -> u64 { x }"
    mark_of_a_value error "`store_result = false`": "#[cache_memoize(store_result = false)] fn f(x: u64) -> u64 { x }"

    // Arguments.
    argument_not_hash error "`NoHash` cannot be part of a cache key": "struct NoHash; #[cache_memoize] fn f(x: NoHash) -> u64 { 1 }"
    argument_not_hash_async error "`NoHash` cannot be part of a cache key": "struct NoHash; #[cache_memoize] async fn f(x: &NoHash) -> u64 { 1 }"
    self_not_hash error "cannot be part of a cache key": "struct A; impl A { #[cache_memoize] fn f(&self) -> u64 { 1 } }"
    argument_not_serialize error "cannot be part of a key on a shared backend":
        "struct NoSerde; #[cache_memoize(backend = STORE)] fn f(x: NoSerde) -> u64 { 1 }"
    argument_generic error "`T` cannot be part of a cache key": "#[cache_memoize] fn f<T>(x: T) -> u64 { 1 }"

    // Backends.
    backend_no_backend error "`u8` is not a backend": "static B: u8 = 1; #[cache_memoize(backend = B)] fn f(x: u64) -> u64 { x }"
    backend_a_result error "open it once": "static B: LazyLock<Result<Shared, u8>> = LazyLock::new(|| Err(1)); #[cache_memoize(backend = B)] fn f(x: u64) -> u64 { x }"
    backend_an_option error "open it once": "static B: OnceLock<Shared> = OnceLock::new(); #[cache_memoize(backend = B.get())] async fn f(x: u64) -> u64 { x }"
    backend_a_name error "a name must be a literal": "const NAME: &str = \"x\"; #[cache_memoize(backend = NAME)] fn f(x: u64) -> u64 { x }"
    backend_a_string error "a name must be a literal": "static NAME: LazyLock<String> = LazyLock::new(String::new); #[cache_memoize(backend = NAME)] fn f(x: u64) -> u64 { x }"
    codec_no_codec error "`u8` is not a codec": "#[cache_memoize(backend = STORE, codec = u8::MAX)] fn f(x: u64) -> u64 { x }"
    codec_on_a_memory error "a `Memory` keeps values as they are": "#[cache_memoize(backend = MEMORY, codec = Codec::Json)] fn f(x: u64) -> u64 { x }"

    // Closures.
    cache_if_of_another_type error "mismatched types": "#[cache_memoize(cache_if = |v: &String| v.is_empty())] fn f(x: u64) -> u64 { x }"
    cache_if_that_is_no_bool error "mismatched types": "#[cache_memoize(cache_if = |v| *v)] fn f(x: u64) -> u64 { x }"
    ttl_of_another_type error "is not a": "#[cache_memoize(ttl = String::new())] fn f(x: u64) -> u64 { x }"
    ttl_closure_of_another_type error "mismatched types": "#[cache_memoize(ttl = |v| *v)] fn f(x: u64) -> u64 { x }"
    cache_err_of_another_type error "mismatched types": "#[cache_memoize(cache_err = |e: &u64| true)] fn f(x: u64) -> Result<u64, u8> { Ok(x) }"
    weigher_of_another_type error "mismatched types": "#[cache_memoize(capacity = 5, weigher = |_k, v| *v)] fn f(x: u64) -> u64 { x }"
    capacity_of_another_type error "is not a capacity": "const C: &str = \"\"; #[cache_memoize(capacity = C)] fn f(x: u64) -> u64 { x }"

    // Places.
    in_the_impl_of_a_trait error "add `companions = false`":
        "trait A { fn f(&self, x: u64) -> u64; } struct B; impl A for B { #[cache_memoize(skip(self))] fn f(&self, x: u64) -> u64 { x } }"
}
