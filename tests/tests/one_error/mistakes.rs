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
    capacity_of_another_type error "is not a capacity": "const C: &str = \"\"; #[cache_memoize(capacity = C)] fn f(x: u64) -> u64 { x }"

    // Places.
    in_the_impl_of_a_trait error "add `companions = false`":
        "trait A { fn f(&self, x: u64) -> u64; } struct B; impl A for B { #[cache_memoize(skip(self))] fn f(&self, x: u64) -> u64 { x } }"
    in_an_async_trait error "`#[async_trait]` has rewritten `f`":
        "struct B; impl B { #[cache_memoize(companions = false)] fn f<'life0, 'async_trait>(&'life0 self) -> std::pin::Pin<Box<dyn Future<Output = Option<u8>> + Send + 'async_trait>> where 'life0: 'async_trait { Box::pin(async { None }) } }"
    callback_that_is_async error "not awaited": "async fn hit(_: &u64) {} #[cache_memoize(on_hit = hit)] fn f(x: u64) -> u64 { x }"
    callback_that_gives_a_future error "not awaited": "async fn miss(_: &u64) {} #[cache_memoize(on_miss = |x| miss(x))] async fn f(x: u64) -> u64 { x }"
    callback_with_an_async_block error "not awaited": "#[cache_memoize(on_hit = |_x| async {})] fn f(x: u64) -> u64 { x }"
    callback_needs_a_clone error "`on_miss` is called after the body": "struct A; #[cache_memoize(skip(a), on_miss = |_, _| ())] fn f(a: A, x: u64) -> u64 { x }"
    an_await_in_the_key error "cannot `await`": "async fn tenant() -> u8 { 1 } #[cache_memoize(extra = tenant().await)] async fn f(x: u64) -> u64 { x }"
    a_result_that_is_registered error "take the backend out first": "fn main() { cache_memoize::register(\"x\", Ok::<Memory, u8>(Memory::new(1))); }"
    a_borrowing_cow error "cannot return a borrow": "use std::borrow::Cow; #[cache_memoize] fn f(x: &str) -> Cow<str> { Cow::Owned(x.into()) }"
    a_borrowing_argument error "args_rewrite": "#[derive(Clone, PartialEq, Eq, Hash)] struct Query<'q>(&'q str); #[cache_memoize] fn f(x: Query<'_>) -> u64 { 1 }"

    // What is no mistake.
    of_one_function nothing "": "#[cache_memoize] fn f(x: u64) -> u64 { x }"
    integers_of_64_bits nothing "":
        "#[cache_memoize(capacity = if cfg!(test) { 10 } else { 4_000_000_000 }, ttl = { 5_000_000_000 })] fn e(x: u64) -> u64 { x }
        #[cache_memoize(capacity = 4_000_000_000, ttl = 3_000_000_000)] fn f(x: u64) -> u64 { x }
        #[cache_memoize(capacity = 4 << 30, ttl = 100 * 365 * 24 * 60 * 60)] fn g(x: u64) -> u64 { x }
        #[cache_memoize(100 * (365 * 24) * 60 * 60)] fn h(x: u64) -> u64 { x }
        const DAY: u32 = 86_400;
        #[cache_memoize(ttl = DAY * 2, max_wait = 3_000_000_000, capacity = 2 * 1_000u16)] fn i(x: u64) -> u64 { x }
        #[cache_memoize(ttl = std::time::Duration::from_secs(1) * 2)] fn j(x: u64) -> u64 { x }"
    conditions_on_arguments nothing "":
        "#[cache_memoize(skip(b))] fn f(x: u64, #[cfg(all())] y: u64, #[cfg(any())] b: NoType) -> u64 { x + y }
        fn main() { f(1, 2); f_invalidate(1, 2); }"
    a_dyn_trait nothing "":
        "trait Repo { #[cache_memoize(skip(self))] fn user(&self, id: u64) -> u64 { id }
        #[cache_memoize(ttl = 5 * 60, cache_if = |x| *x > 5, skip(self))] fn other(&self, id: u64) -> u64 { id }
        #[cache_memoize] fn stat(id: u64) -> u64 where Self: Sized { id } }
        struct A; impl Repo for A {} fn main() { let all: [&dyn Repo; 1] = [&A]; all[0].user(1); all[0].user_refresh(1); A::user_invalidate(1); }"
    braces_of_callbacks nothing "":
        "#[deny(unused_braces, unused_parens)] mod strict { use super::*;
        #[cache_memoize(on_hit = |x| { if *x > 5 { println!(); } }, on_miss = |x| -> u8 { *x as u8 }, args_rewrite = |x| { *x })]
        fn f(x: u64) -> u64 { x } }"
    backends_that_last nothing "":
        "struct A { cache: Memory } impl A { #[cache_memoize(backend = self.cache, skip(self))] fn f(&self, x: u64) -> u64 { x } }
        static CELL: OnceLock<Memory> = OnceLock::new();
        #[cache_memoize(backend = CELL.get_or_init(|| Memory::new(5)))] fn g(x: u64) -> u64 { x }
        #[cache_memoize(backend = Memory::clone(&MEMORY))] fn h(x: u64) -> u64 { x }
        #[cache_memoize(backend = { static M: LazyLock<Memory> = LazyLock::new(|| Memory::new(5)); &*M })] fn i(x: u64) -> u64 { x }"
    answers_of_callbacks nothing "":
        "fn counted(_: &u64) -> u64 { 1 } fn ended(_: &u64) -> ! { panic!() }
        #[cache_memoize(on_hit = counted, on_miss = ended)] fn f(x: u64) -> u64 { x }
        #[cache_memoize(on_hit = |_| panic!(\"hit\"), on_miss = |x| drop(x.to_string()))] async fn g(x: u64) -> u64 { x }"
    borrowing_arguments nothing "":
        "#[cache_memoize] fn f(a: &[&str], b: Option<&str>, c: std::borrow::Cow<'_, str>, d: (&str, &[u8]), e: &'static str, f: Vec<&'static str>) -> u64 { 1 }"
}
