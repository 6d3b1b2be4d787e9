//! `async fn` in the same forms.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use cache_memoize::{Memory, cache_memoize};
use tokio::task::yield_now;

use crate::{block_on, ran, row, runs};

/// As [`row`], each call awaited.
macro_rules! rows {
    ($call:expr, $other:expr, $invalidate:expr) => {
        row!(block_on($call), block_on($other), block_on($invalidate))
    };
}

fn send<T: Send>(future: T) -> T {
    future
}

trait Key: Hash + Eq + Clone + Send + Sync + 'static {}
impl<T: Hash + Eq + Clone + Send + Sync + 'static> Key for T {}

#[test]
fn free() {
    #[cache_memoize]
    async fn f(x: u8) -> u8 {
        ran();
        yield_now().await;
        x
    }
    rows!(send(f(1)), f(2), send(f_invalidate(1)));
    assert_eq!(block_on(send(f_refresh(3))), 3);
    assert_eq!(block_on(send(f_peek(3))), Some(3));
    block_on(send(f_set(3, 4)));
    assert_eq!(block_on(send(f_uncached(3))), 3);
    assert_eq!((block_on(f(3)), f_stats().entries), (4, 3));
    block_on(send(f_invalidate_all()));
    assert!(f_cache_key(3).ends_with(":3"));
}

#[test]
fn no_arguments_and_no_await() {
    #[cache_memoize]
    async fn f() {
        ran();
    }
    assert_eq!(runs(|| block_on(f())), 1);
    assert_eq!(runs(|| block_on(f())), 0);
    assert!(block_on(f_invalidate()));
}

#[test]
fn borrowed_arguments() {
    #[cache_memoize]
    async fn f(x: &str, y: &[u8], z: Option<&str>, w: Cow<'_, str>) -> usize {
        ran();
        yield_now().await;
        x.len() + y.len() + z.map_or(0, str::len) + w.len()
    }
    let text = String::from("a");
    rows!(
        send(f(&text, &[1], Some(&text), Cow::Borrowed(&text))),
        f("a", &[2], None, "a".into()),
        send(f_invalidate("a", &[1], Some("a"), "a".into()))
    );
    drop(send(f_refresh(&text, &[1], None, Cow::Borrowed(&text))));
    drop(send(f_set(&text, &[1], None, Cow::Borrowed(&text), 1)));
    drop(send(f_peek(&text, &[1], None, Cow::Borrowed(&text))));
}

#[test]
fn named_lifetimes() {
    #[cache_memoize]
    async fn f<'a>(x: &'a str, y: &'a str) -> usize {
        ran();
        yield_now().await;
        x.len() + y.len()
    }
    rows!(send(f("a", "b")), f("b", "a"), f_invalidate("a", "b"));
}

#[test]
fn patterns() {
    #[cache_memoize]
    async fn f((a, mut b): (&str, String), mut x: u8, _: u8) -> String {
        ran();
        yield_now().await;
        b.push_str(a);
        x += 1;
        format!("{b}{x}")
    }
    rows!(
        send(f(("a", "b".into()), 1, 1)),
        f(("b", "a".into()), 1, 1),
        f_invalidate(("a", "b".into()), 1, 1)
    );
}

#[test]
fn early_return_and_question_mark() {
    #[cache_memoize]
    async fn f(x: &str) -> io::Result<u8> {
        ran();
        yield_now().await;
        if x.is_empty() {
            return Ok(0);
        }
        let number = x.parse().map_err(io::Error::other)?;
        yield_now().await;
        Ok(number)
    }
    row!(block_on(send(f("1"))).unwrap(), block_on(f("")).unwrap(), block_on(f_invalidate("1")));
    assert_eq!(runs(|| (block_on(f("x")), block_on(f("x")))), 2);
}

#[test]
fn question_mark_needs_the_return_type() {
    #[cache_memoize]
    async fn f(x: &str) -> anyhow::Result<u8> {
        ran();
        anyhow::ensure!(!x.is_empty(), "empty");
        yield_now().await;
        Ok(x.parse()?)
    }
    row!(block_on(send(f("1"))).unwrap(), block_on(f("2")).unwrap(), block_on(f_invalidate("1")));
}

#[test]
fn inference_from_the_return_type() {
    #[cache_memoize]
    async fn f(x: u8) -> Vec<u64> {
        ran();
        yield_now().await;
        (0..x).map(Into::into).collect()
    }
    #[cache_memoize]
    async fn g(x: u8) -> Arc<dyn Debug + Send + Sync> {
        ran();
        yield_now().await;
        if x == 0 {
            return Arc::new("zero");
        }
        Arc::new(x)
    }
    rows!(send(f(1)), f(2), f_invalidate(1));
    rows!(send(g(0)), g(2), g_invalidate(0));
}

#[test]
fn error_that_is_not_clone() {
    struct Opaque;
    #[cache_memoize]
    async fn f(x: u8) -> Result<u8, Opaque> {
        ran();
        yield_now().await;
        if x == 0 { Err(Opaque) } else { Ok(x) }
    }
    rows!(send(f(1)), f(2), f_invalidate(1));
    assert_eq!(runs(|| (block_on(f(0)), block_on(f(0)))), 2);
}

#[test]
fn generic() {
    #[cache_memoize]
    async fn f<T: Key + Debug, const N: usize>(x: [T; N]) -> String {
        ran();
        yield_now().await;
        format!("{x:?}")
    }
    rows!(send(f([1_u8])), f([2_u8]), f_invalidate([1_u8]));
    rows!(send(f([1_u8, 2])), f([2_u8, 1]), f_invalidate([1_u8, 2]));
}

#[test]
fn phantom_type() {
    #[cache_memoize]
    async fn f<T>(x: u8) -> usize {
        ran();
        yield_now().await;
        size_of::<T>() + usize::from(x)
    }
    rows!(send(f::<u8>(1)), f::<u16>(1), f_invalidate::<u8>(1));
}

#[test]
fn impl_trait_and_skip() {
    #[cache_memoize(args_rewrite = |x| x.as_ref(), skip(db))]
    async fn f(db: &(dyn Debug + Sync), x: impl AsRef<str> + Send) -> usize {
        ran();
        yield_now().await;
        format!("{db:?}").len() + x.as_ref().len()
    }
    rows!(send(f(&1, "a")), f(&1, "b"), f_invalidate("a"));
}

#[test]
fn what_is_not_send() {
    #[cache_memoize(skip(x))]
    async fn f(x: Rc<u8>, y: u8) -> u8 {
        ran();
        yield_now().await;
        *x + y
    }
    rows!(f(Rc::new(1), 1), f(Rc::new(1), 2), f_invalidate(1));
}

#[test]
fn a_key_that_is_not_send_while_it_is_borrowed() {
    // `Rc<str>` is a key whose owned form can be sent; the future cannot.
    #[cache_memoize]
    async fn f(x: Rc<str>) -> usize {
        ran();
        yield_now().await;
        x.len()
    }
    rows!(f("a".into()), f("b".into()), f_invalidate("a".into()));
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Rate(u32);

impl Rate {
    #[cache_memoize]
    async fn by_ref(&self, x: &str) -> usize {
        ran();
        yield_now().await;
        self.0 as usize + x.len()
    }
    #[cache_memoize]
    async fn by_value(self, x: u32) -> u32 {
        ran();
        yield_now().await;
        self.0 + x
    }
    #[cache_memoize]
    async fn by_arc(self: Arc<Self>, x: u32) -> u32 {
        ran();
        yield_now().await;
        self.0 + x
    }
    #[cache_memoize]
    async fn by_arc_ref(self: &Arc<Self>, x: u32) -> u32 {
        ran();
        yield_now().await;
        self.0 + x
    }
    #[cache_memoize]
    async fn associated(x: u32) -> u32 {
        ran();
        yield_now().await;
        x
    }
    #[cache_memoize]
    async fn returning_self(x: u32) -> Result<Self, String> {
        ran();
        yield_now().await;
        let x = u8::try_from(x).map_err(|error| error.to_string())?;
        Ok(Self(x.into()))
    }
}

#[test]
fn methods() {
    rows!(send(Rate(1).by_ref("a")), Rate(2).by_ref("a"), Rate(1).by_ref_invalidate("a"));
    rows!(send(Rate(1).by_value(1)), Rate(2).by_value(1), Rate(1).by_value_invalidate(1));
    let (a, b) = (Arc::new(Rate(1)), Arc::new(Rate(2)));
    rows!(send(a.clone().by_arc(1)), b.clone().by_arc(1), a.clone().by_arc_invalidate(1));
    rows!(send(a.by_arc_ref(1)), b.by_arc_ref(1), a.by_arc_ref_invalidate(1));
}

#[test]
fn associated_functions() {
    rows!(send(Rate::associated(1)), Rate::associated(2), Rate::associated_invalidate(1));
    rows!(send(Rate::returning_self(1)), Rate::returning_self(2), Rate::returning_self_invalidate(1));
    assert_eq!(block_on(Rate::associated_refresh(1)), 1);
}

struct Service<T> {
    cache: Memory,
    value: T,
}

impl<T: Clone + Send + Sync + 'static> Service<T> {
    #[cache_memoize(skip(self), backend = self.cache)]
    async fn get(&self, id: &str) -> Option<T> {
        ran();
        yield_now().await;
        (!id.is_empty()).then(|| self.value.clone())
    }
}

#[test]
fn method_of_a_generic_type_with_a_backend() {
    let service = Service { cache: Memory::default(), value: 1_u8 };
    row!(
        block_on(send(service.get("a"))),
        block_on(service.get("")),
        block_on(send(service.get_invalidate("a"))).unwrap()
    );
    block_on(send(service.get_invalidate_all())).unwrap();
    assert_eq!(service.get_stats().entries, 0);
    assert_eq!(block_on(send(service.get_refresh("b"))).unwrap(), Some(1));
}

#[test]
fn options() {
    #[cache_memoize(
        ttl = "1m",
        extra = a.len(),
        bypass_if = a.is_empty(),
        on_hit = |_, _, _| (),
        on_miss = |_, _, _| (),
        skip(trace)
    )]
    async fn f((a, b): (&str, u8), x: String, trace: &(dyn Debug + Sync)) -> usize {
        ran();
        yield_now().await;
        a.len() + usize::from(b) + x.len() + format!("{trace:?}").len()
    }
    let x = || String::from("x");
    rows!(send(f(("a", 1), x(), &1)), f(("a", 2), x(), &1), send(f_invalidate(("a", 1), x())));
    assert_eq!(runs(|| (block_on(f(("", 1), x(), &1)), block_on(f(("", 1), x(), &1)))), 2);
}

#[test]
fn recursion() {
    #[cache_memoize]
    async fn fib(n: u64) -> u64 {
        ran();
        if n < 2 {
            return n;
        }
        // A `Box<dyn Future + Send>` cannot be had here, with or without a cache: whether the future is `Send` is not
        // known before its own body has been checked.
        let one: Pin<Box<dyn Future<Output = u64>>> = Box::pin(fib(n - 1));
        one.await + Box::pin(fib(n - 2)).await
    }
    assert_eq!(runs(|| block_on(fib(40))), 41);
    assert_eq!(block_on(fib(40)), 102_334_155);
}

#[test]
fn a_static_in_the_body() {
    #[cache_memoize]
    async fn f(x: u8) -> (u8, u8) {
        static CALLS: AtomicU8 = AtomicU8::new(0);
        (x, CALLS.fetch_add(1, Relaxed))
    }
    assert_eq!((block_on(f(1)).1, block_on(f_refresh(1)).1, block_on(f_uncached(1)).1), (0, 1, 2));
}

#[test]
fn many_arguments() {
    #[cache_memoize]
    #[allow(clippy::too_many_arguments)]
    async fn f(
        a: u8,
        b: u8,
        c: u8,
        d: u8,
        e: u8,
        g: u8,
        h: u8,
        i: u8,
        j: u8,
        k: u8,
        l: u8,
        m: u8,
        n: &str,
    ) -> usize {
        ran();
        yield_now().await;
        usize::from(a + b + c + d + e + g + h + i + j + k + l + m) + n.len()
    }
    rows!(
        send(f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "x")),
        f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "y"),
        f_invalidate(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "x")
    );
}

#[test]
fn async_closures_and_blocks_in_the_body() {
    #[cache_memoize]
    async fn f(x: &str) -> usize {
        ran();
        let inner = async |y: usize| {
            if y > 3 {
                return y;
            }
            x.len()
        };
        let block = async { inner(1).await + inner(5).await };
        block.await
    }
    rows!(f("a"), f("b"), f_invalidate("a"));
}

#[test]
fn the_function_is_lazy() {
    #[cache_memoize]
    async fn f(x: u8) -> u8 {
        ran();
        x
    }
    drop(f(1));
    assert_eq!(f_stats().misses, 0);
}

#[test]
fn spawned() {
    #[cache_memoize]
    async fn f(x: String) -> usize {
        yield_now().await;
        x.len()
    }
    let all = block_on(async {
        let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(f("abc".to_owned()))).collect();
        let mut all = 0;
        for task in tasks {
            all += task.await.unwrap();
        }
        all
    });
    assert_eq!((all, f_stats().misses), (24, 1));
}

#[test]
fn a_static_borrow() {
    #[cache_memoize]
    async fn f(x: u8) -> &'static str {
        ran();
        yield_now().await;
        if x == 0 { "zero" } else { "more" }
    }
    #[cache_memoize]
    async fn g(x: &'static str) -> Result<Option<&'static str>, &'static str> {
        ran();
        yield_now().await;
        Ok(Some(x))
    }
    rows!(send(f(0)), f(1), f_invalidate(0));
    rows!(send(g("a")), g("b"), g_invalidate("a"));
}
