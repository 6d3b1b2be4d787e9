//! Functions in an `impl`.
#![allow(clippy::boxed_local, clippy::needless_arbitrary_self_type)]

use std::hash::Hash;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use cache_memoize::cache_memoize;

use crate::{ran, row, runs};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Rate(u32);

impl Rate {
    #[cache_memoize]
    fn by_ref(&self, x: u32) -> u32 {
        ran();
        self.0 * x
    }
    #[cache_memoize]
    fn by_ref_spelled_out(self: &Self, x: u32) -> u32 {
        ran();
        self.0 * x
    }
    #[cache_memoize]
    fn by_named_ref<'a>(&'a self, x: &'a str) -> usize {
        ran();
        self.0 as usize * x.len()
    }
    #[cache_memoize]
    fn by_value(self, x: u32) -> u32 {
        ran();
        self.0 * x
    }
    #[cache_memoize]
    fn by_mut_value(mut self, x: u32) -> u32 {
        ran();
        self.0 *= x;
        self.0
    }
    #[cache_memoize]
    fn by_arc(self: Arc<Self>, x: u32) -> u32 {
        ran();
        self.0 * x
    }
    #[cache_memoize]
    fn by_arc_ref(self: &Arc<Self>, x: u32) -> u32 {
        ran();
        self.0 * x
    }
    #[cache_memoize]
    fn by_box(self: Box<Self>, x: u32) -> u32 {
        ran();
        self.0 * x
    }
    #[cache_memoize(skip(self))]
    fn by_rc_skipped(self: Rc<Self>, x: u32) -> u32 {
        ran();
        x
    }
    #[cache_memoize(skip(self))]
    fn by_pin_skipped(self: Pin<&mut Self>, x: u32) -> u32 {
        ran();
        x
    }
    #[cache_memoize(args_rewrite = |this, x| (this.0, *x))]
    fn rewritten(&self, x: u32) -> u32 {
        ran();
        self.0 * x
    }
}

#[test]
fn receiver_by_reference() {
    let (a, b) = (Rate(2), Rate(3));
    row!(a.by_ref(1), b.by_ref(1), a.by_ref_invalidate(1));
    row!(a.by_ref_spelled_out(1), a.by_ref_spelled_out(2), a.by_ref_spelled_out_invalidate(1));
    row!(a.by_named_ref("x"), a.by_named_ref("y"), a.by_named_ref_invalidate("x"));
    row!(a.rewritten(1), b.rewritten(1), a.rewritten_invalidate(1));
    assert_eq!(a.by_ref_refresh(4), 8);
    assert_eq!(a.by_ref_peek(4), Some(8));
    assert_eq!(Rate::by_ref_stats().entries, 3);
    assert_eq!(a.by_ref_uncached(4), 8);
}

#[test]
fn receiver_by_value() {
    row!(Rate(2).by_value(1), Rate(3).by_value(1), Rate(2).by_value_invalidate(1));
    row!(Rate(2).by_mut_value(2), Rate(3).by_mut_value(2), Rate(2).by_mut_value_invalidate(2));
    row!(Box::new(Rate(2)).by_box(1), Box::new(Rate(3)).by_box(1), Box::new(Rate(2)).by_box_invalidate(1));
}

#[test]
fn receiver_by_arc() {
    let (a, b) = (Arc::new(Rate(2)), Arc::new(Rate(3)));
    row!(a.clone().by_arc(1), b.clone().by_arc(1), a.clone().by_arc_invalidate(1));
    row!(a.by_arc_ref(1), b.by_arc_ref(1), a.by_arc_ref_invalidate(1));
}

#[test]
fn receiver_skipped() {
    let a = Rc::new(Rate(2));
    row!(a.clone().by_rc_skipped(1), a.clone().by_rc_skipped(2), Rate::by_rc_skipped_invalidate(1));
    let mut b = Rate(2);
    row!(
        Pin::new(&mut b).by_pin_skipped(1),
        Pin::new(&mut b).by_pin_skipped(2),
        Rate::by_pin_skipped_invalidate(1)
    );
}

impl Rate {
    #[cache_memoize]
    fn without_self_type(x: u32) -> u32 {
        ran();
        x * 2
    }
    #[cache_memoize]
    fn with_self_type(x: u32) -> u32 {
        ran();
        Self::helper(x)
    }
    #[cache_memoize]
    fn returning_self(x: u32) -> Self {
        ran();
        Self(x)
    }
    #[cache_memoize]
    fn returning_more(x: u32) -> Option<Vec<Self>> {
        ran();
        (x > 0).then(|| vec![Self(x)])
    }
    #[cache_memoize]
    fn taking_self(other: Self, more: &[Self]) -> u32 {
        ran();
        other.0 + u32::try_from(more.len()).unwrap()
    }
    #[cache_memoize]
    fn with_state(x: u32) -> (u32, u8)
    where
        Self: Sized,
    {
        static CALLS: AtomicU8 = AtomicU8::new(0);
        ran();
        (x, CALLS.fetch_add(1, Relaxed))
    }
    fn helper(x: u32) -> u32 {
        x * 3
    }
}

#[test]
fn associated_function_without_self() {
    row!(Rate::without_self_type(1), Rate::without_self_type(2), Rate::without_self_type_invalidate(1));
    assert_eq!(Rate::without_self_type_refresh(3), 6);
    assert_eq!(Rate::without_self_type_peek(3), Some(6));
    assert_eq!(Rate::without_self_type_uncached(3), 6);
    assert_eq!(Rate::without_self_type_stats().entries, 3);
}

#[test]
fn associated_function_with_self() {
    row!(Rate::with_self_type(1), Rate::with_self_type(2), Rate::with_self_type_invalidate(1));
    row!(Rate::returning_self(1), Rate::returning_self(2), Rate::returning_self_invalidate(1));
    row!(Rate::returning_more(0), Rate::returning_more(1), Rate::returning_more_invalidate(0));
    row!(
        Rate::taking_self(Rate(1), &[Rate(2)]),
        Rate::taking_self(Rate(1), &[Rate(3)]),
        Rate::taking_self_invalidate(Rate(1), &[Rate(2)])
    );
    assert_eq!(Rate::returning_self(7), Rate(7));
}

#[test]
fn associated_function_with_a_static() {
    assert_eq!(Rate::with_state(1), (1, 0));
    assert_eq!(Rate::with_state(1), (1, 0));
    assert_eq!(Rate::with_state_refresh(1), (1, 1));
    assert_eq!(Rate::with_state_uncached(1), (1, 2), "one state for all of them");
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct S<T>(T);

impl<T> S<T>
where
    T: Hash + Eq + Clone + Send + Sync + 'static,
{
    #[cache_memoize]
    fn get(&self, x: u8) -> (T, u8) {
        ran();
        (self.0.clone(), x)
    }
    #[cache_memoize]
    fn make(x: T) -> Self {
        ran();
        Self(x)
    }
    #[cache_memoize]
    fn width(x: u8) -> usize {
        ran();
        size_of::<T>() + usize::from(x)
    }
    #[cache_memoize]
    fn cast<U: From<T> + Clone + Send + Sync + 'static>(&self) -> U {
        ran();
        U::from(self.0.clone())
    }
}

#[test]
fn method_of_a_generic_type() {
    row!(S(1_u8).get(1), S(1_u8).get(2), S(1_u8).get_invalidate(1));
    row!(S('a').get(1), S('a').get(2), S('a').get_invalidate(1));
    row!(S::make(1_u8), S::make(2_u8), S::make_invalidate(1_u8));
    row!(S(1_u8).cast::<u16>(), S(1_u8).cast::<u32>(), S(1_u8).cast_invalidate::<u16>());
}

#[test]
fn associated_function_of_a_generic_type() {
    row!(S::<u8>::width(0), S::<u64>::width(0), S::<u8>::width_invalidate(0));
    assert_eq!((S::<u8>::width(0), S::<u64>::width(0)), (1, 8));
}

struct Borrowing<'a>(&'a str);

impl<'a> Borrowing<'a> {
    #[cache_memoize(args_rewrite = |this| this.0)]
    fn len(&self) -> usize {
        ran();
        self.0.len()
    }
    #[cache_memoize(skip(self), extra = self.0)]
    fn plus(&self, x: &'a str) -> usize {
        ran();
        self.0.len() + x.len()
    }
    #[cache_memoize]
    fn longest(x: &'a str, y: &'a str) -> String {
        ran();
        let longest: &'a str = if x.len() < y.len() { y } else { x };
        longest.to_owned()
    }
}

#[test]
fn method_of_a_type_that_borrows() {
    let text = String::from("ab");
    row!(Borrowing(&text).len(), Borrowing("b").len(), Borrowing("ab").len_invalidate());
    row!(Borrowing(&text).plus("a"), Borrowing(&text).plus("b"), Borrowing("ab").plus_invalidate("a"));
    row!(
        Borrowing::longest(&text, "a"),
        Borrowing::longest("a", &text),
        Borrowing::longest_invalidate(&text, "a")
    );
}

struct Metre(u8);
struct Mile(u8);

impl Metre {
    #[cache_memoize(args_rewrite = |this| this.0)]
    fn show(&self) -> String {
        ran();
        format!("{} m", self.0)
    }
    #[cache_memoize]
    fn name(_x: u8) -> &'static str {
        ran();
        "metre"
    }
}

impl Mile {
    #[cache_memoize(args_rewrite = |this| this.0)]
    fn show(&self) -> String {
        ran();
        format!("{} mi", self.0)
    }
    #[cache_memoize]
    fn name(_x: u8) -> &'static str {
        ran();
        "mile"
    }
}

#[test]
fn two_types_with_the_same_method_name() {
    row!(Metre(1).show(), Mile(1).show(), Metre(1).show_invalidate());
    row!(Metre::name(1), Mile::name(1), Metre::name_invalidate(1));
    assert_eq!((Metre(1).show(), Mile(1).show()), ("1 m".to_owned(), "1 mi".to_owned()));
    assert_eq!((Metre::name(1), Mile::name(1)), ("metre", "mile"));
    assert_ne!(Metre::name_cache_key(1), Mile::name_cache_key(1));
}

/// One `impl` for each type argument, with a method of the same name.
struct In<U>(u8, PhantomData<U>);

impl In<Metre> {
    #[cache_memoize]
    fn unit(x: u8) -> String {
        ran();
        format!("{x} m")
    }
}

impl In<Mile> {
    #[cache_memoize]
    fn unit(x: u8) -> String {
        ran();
        format!("{x} mi")
    }
}

#[test]
fn two_impls_of_one_generic_type() {
    row!(In::<Metre>::unit(1), In::<Mile>::unit(1), In::<Metre>::unit_invalidate(1));
    assert_eq!((In::<Metre>::unit(1), In::<Mile>::unit(1)), ("1 m".to_owned(), "1 mi".to_owned()));
    let _ = In::<Mile>(1, PhantomData).0;
}

#[cache_memoize]
fn twin(x: u8) -> &'static str {
    ran();
    if x > 0 { "free" } else { "zero" }
}

struct Twin;

impl Twin {
    #[cache_memoize]
    fn twin(x: u8) -> &'static str {
        ran();
        if x > 0 { "associated" } else { "zero" }
    }
}

#[test]
fn a_free_and_an_associated_function_of_one_name() {
    row!(twin(1), Twin::twin(1), twin_invalidate(1));
    assert_eq!((twin(1), Twin::twin(1)), ("free", "associated"));
    assert_eq!((twin_refresh(1), Twin::twin_refresh(1)), ("free", "associated"));
    assert_eq!((twin_uncached(1), Twin::twin_uncached(1)), ("free", "associated"));
}

/// An associated function calls a free one of its own name: the copy of the body must not call a companion.
impl Twin {
    #[cache_memoize]
    fn other(x: u8) -> &'static str {
        ran();
        twin(x)
    }
}

#[test]
fn an_associated_function_calls_a_free_one() {
    assert_eq!(runs(|| Twin::other(9)), 2);
    assert_eq!(runs(|| Twin::other(9)), 0);
}

mod elsewhere {
    use super::{cache_memoize, ran};

    impl super::Twin {
        #[cache_memoize(companions = pub(super))]
        pub(super) fn far(x: u8) -> u8 {
            ran();
            x
        }
    }
}

#[test]
fn an_impl_in_another_module() {
    row!(Twin::far(1), Twin::far(2), Twin::far_invalidate(1));
}
