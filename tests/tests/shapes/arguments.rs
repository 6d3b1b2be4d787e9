//! What functions take.
#![allow(clippy::boxed_local, clippy::ptr_arg)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use cache_memoize::{KeyPart, cache_memoize};

use crate::{ran, row, runs};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct UserId(u32);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Point {
    x: i32,
    y: i32,
}

#[test]
fn none() {
    #[cache_memoize]
    fn f() -> u8 {
        ran();
        7
    }
    assert_eq!(runs(f), 1);
    assert_eq!(runs(f), 0);
    assert!(f_invalidate());
    assert_eq!(runs(f), 1);
}

#[test]
fn str() {
    #[cache_memoize]
    fn f(x: &str) -> usize {
        ran();
        x.len()
    }
    row!(f("a"), f("bc"), f_invalidate("a"));
    assert_eq!(f(&String::from("bc")), 2);
}

#[test]
fn bytes() {
    #[cache_memoize]
    fn f(x: &[u8]) -> usize {
        ran();
        x.len()
    }
    row!(f(b"a"), f(&[1, 2]), f_invalidate(b"a"));
}

#[test]
fn optional_str() {
    #[cache_memoize]
    fn f(x: Option<&str>) -> usize {
        ran();
        x.map_or(0, str::len)
    }
    row!(f(None), f(Some("")), f_invalidate(None));
}

#[test]
fn cow_str() {
    #[cache_memoize]
    fn f(x: Cow<str>) -> usize {
        ran();
        x.len()
    }
    row!(f("a".into()), f("b".into()), f_invalidate("a".into()));
    assert_eq!(runs(|| f(Cow::Owned("a".to_owned()))), 0, "borrowed or not");
}

#[test]
fn reference() {
    #[cache_memoize]
    fn f(x: &Point) -> i32 {
        ran();
        x.x + x.y
    }
    row!(f(&Point { x: 1, y: 2 }), f(&Point { x: 2, y: 1 }), f_invalidate(&Point { x: 1, y: 2 }));
}

#[test]
fn reference_to_reference() {
    #[cache_memoize]
    fn f(x: &&Point, y: &&str) -> i32 {
        ran();
        x.x + x.y + i32::try_from(y.len()).unwrap()
    }
    let (p, q) = (&Point { x: 1, y: 2 }, &Point { x: 2, y: 1 });
    row!(f(&p, &"a"), f(&q, &"a"), f_invalidate(&p, &"a"));
}

#[test]
fn float() {
    #[cache_memoize]
    fn f(x: f64) -> f64 {
        ran();
        1.0 / x
    }
    row!(f(0.0), f(-0.0), f_invalidate(0.0));
    row!(f(f64::NAN), f(1.5), f_invalidate(f64::NAN));
    assert_eq!(f(-0.0).to_bits(), f64::NEG_INFINITY.to_bits());
}

#[test]
fn floats_in_other_types() {
    #[cache_memoize]
    fn f(x: (f32, f64), y: Vec<f64>, z: Option<f32>) -> f64 {
        ran();
        f64::from(x.0) + x.1 + y[0] + f64::from(z.unwrap_or(0.0))
    }
    row!(
        f((1.0, 2.0), vec![3.0], None),
        f((1.0, 2.0), vec![3.0], Some(0.0)),
        f_invalidate((1.0, 2.0), vec![3.0], None)
    );
}

#[test]
fn vec_of_strings() {
    #[cache_memoize]
    fn f(x: Vec<String>) -> usize {
        ran();
        x.len()
    }
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    row!(f(words(&["a", "b"])), f(words(&["ab"])), f_invalidate(words(&["a", "b"])));
}

#[test]
fn slice_of_strs() {
    #[cache_memoize]
    fn f(x: &[&str]) -> usize {
        ran();
        x.len()
    }
    row!(f(&["a", "b"]), f(&["ab"]), f_invalidate(&["a", "b"]));
}

#[test]
fn paths_and_os_strings() {
    #[cache_memoize]
    fn f(x: &Path, y: &OsStr) -> usize {
        ran();
        x.as_os_str().len() + y.len()
    }
    row!(
        f(Path::new("a"), OsStr::new("b")),
        f(Path::new("b"), OsStr::new("a")),
        f_invalidate(Path::new("a"), OsStr::new("b"))
    );
}

#[test]
fn collections_and_pointers() {
    #[cache_memoize]
    fn f(a: BTreeMap<String, u8>, b: &BTreeSet<UserId>, c: Arc<str>, d: Box<[u8]>, e: [u8; 3]) -> usize {
        ran();
        a.len() + b.len() + c.len() + d.len() + e.len()
    }
    let map = || BTreeMap::from([("a".to_owned(), 1)]);
    let set = BTreeSet::from([UserId(1)]);
    row!(
        f(map(), &set, "x".into(), Box::new([1]), [1; 3]),
        f(map(), &set, "y".into(), Box::new([1]), [1; 3]),
        f_invalidate(map(), &set, "x".into(), Box::new([1]), [1; 3])
    );
}

#[test]
fn rc_of_str() {
    #[cache_memoize]
    fn f(x: Rc<str>) -> usize {
        ran();
        x.len()
    }
    row!(f("a".into()), f("b".into()), f_invalidate("a".into()));
}

#[test]
fn unit_and_char_and_bool() {
    #[cache_memoize]
    fn f(_unit: (), x: char, y: bool) -> (char, bool) {
        ran();
        (x, y)
    }
    row!(f((), 'a', true), f((), 'a', false), f_invalidate((), 'a', true));
}

#[test]
fn function_pointer() {
    #[cache_memoize]
    fn f(g: fn(u8) -> u8, x: u8) -> u8 {
        ran();
        g(x)
    }
    // One pointer: taken twice, the address of a function need not be the same.
    let reverse: fn(u8) -> u8 = u8::reverse_bits;
    row!(f(reverse, 1), f(reverse, 2), f_invalidate(reverse, 1));
}

#[test]
fn named_lifetime() {
    #[cache_memoize]
    fn f<'a>(x: &'a str, y: &'a str) -> usize {
        ran();
        x.len() + y.len()
    }
    row!(f("a", "b"), f("b", "a"), f_invalidate("a", "b"));
}

#[test]
fn two_named_lifetimes() {
    #[cache_memoize]
    fn f<'a, 'b: 'a>(x: &'a str, y: &'b str) -> usize {
        ran();
        x.len() + y.len()
    }
    row!(f("a", "b"), f("b", "a"), f_invalidate("a", "b"));
}

#[test]
fn static_lifetime() {
    #[cache_memoize]
    fn f(x: &'static str) -> &'static str {
        ran();
        x
    }
    row!(f("a"), f("b"), f_invalidate("a"));
}

struct W<'a> {
    text: &'a str,
    page: u32,
    _trace: Option<Rc<u8>>,
}

impl<'a> W<'a> {
    fn new(text: &'a str, page: u32) -> Self {
        Self { text, page, _trace: None }
    }
}

#[test]
fn lifetime_in_a_type_by_args_rewrite() {
    #[cache_memoize(args_rewrite = |w| (w.text, w.page))]
    fn f(w: W<'_>) -> usize {
        ran();
        w.text.len()
    }
    row!(f(W::new("a", 1)), f(W::new("a", 2)), f_invalidate(W::new("a", 1)));
}

#[test]
fn lifetime_in_a_type_by_skip() {
    #[cache_memoize(skip(w))]
    fn f(w: W<'_>, id: u8) -> usize {
        ran();
        w.text.len() + usize::from(id)
    }
    row!(f(W::new("a", 1), 1), f(W::new("a", 1), 2), f_invalidate(1));
    assert_eq!(runs(|| f(W::new("b", 2), 1)), 0, "the skipped one does not matter");
}

/// As `W`, with an idea of its own of what makes a key.
struct Query<'a> {
    text: &'a str,
    page: u32,
}

impl KeyPart for Query<'_> {
    type Owned = (String, u32);
    fn hash_part<H: Hasher>(&self, state: &mut H) {
        (self.text, self.page).hash(state);
    }
    fn is_same(&self, owned: &Self::Owned) -> bool {
        self.text == owned.0 && self.page == owned.1
    }
    fn to_owned_part(&self) -> Self::Owned {
        (self.text.to_owned(), self.page)
    }
}

#[test]
fn lifetime_in_a_type_by_key_part() {
    #[cache_memoize]
    fn f(q: Query<'_>) -> usize {
        ran();
        q.text.len()
    }
    let query = |page| Query { text: "a", page };
    row!(f(query(1)), f(query(2)), f_invalidate(query(1)));
}

#[test]
fn references_to_key_parts() {
    #[cache_memoize]
    fn f<'a>(q: &Query<'a>, more: &[Query<'a>], maybe: Option<Query<'_>>) -> usize {
        ran();
        q.text.len() + more.len() + usize::from(maybe.is_some())
    }
    let query = |page| Query { text: "a", page };
    row!(
        f(&query(1), &[query(1), query(2)], None),
        f(&query(1), &[query(1), query(3)], None),
        f_invalidate(&query(1), &[query(1), query(2)], None)
    );
}

#[test]
fn thirteen() {
    #[cache_memoize]
    #[allow(clippy::too_many_arguments)]
    fn f(
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
        usize::from(a + b + c + d + e + g + h + i + j + k + l + m) + n.len()
    }
    row!(
        f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "x"),
        f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "y"),
        f_invalidate(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "x")
    );
}

#[test]
#[rustfmt::skip]
fn twenty() {
    #[cache_memoize]
    #[allow(clippy::too_many_arguments)]
    fn f(
        a: u8, b: u8, c: u8, d: u8, e: u8, g: u8, h: u8, i: u8, j: u8, k: u8,
        l: u8, m: u8, n: u8, o: u8, p: u8, q: u8, r: u8, s: u8, t: u8, u: String,
    ) -> usize {
        ran();
        let sum = a + b + c + d + e + g + h + i + j + k + l + m + n + o + p + q + r + s + t;
        usize::from(sum) + u.len()
    }
    row!(
        f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, "x".into()),
        f(2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, "x".into()),
        f_invalidate(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, "x".into())
    );
}

#[test]
fn mutable() {
    #[cache_memoize]
    fn f(mut x: Vec<u8>) -> Vec<u8> {
        ran();
        x.sort_unstable();
        x
    }
    row!(f(vec![2, 1]), f(vec![1, 2]), f_invalidate(vec![2, 1]));
    assert_eq!(f(vec![2, 1]), [1, 2]);
}

#[test]
fn mutable_copy() {
    #[cache_memoize]
    fn f(mut x: u8, y: u8) -> u8 {
        ran();
        x += y;
        x
    }
    row!(f(1, 2), f(2, 1), f_invalidate(1, 2));
}

#[test]
fn tuple_pattern() {
    #[cache_memoize]
    fn f((a, b): (String, String)) -> String {
        ran();
        a + &b
    }
    row!(
        f(("a".into(), "b".into())),
        f(("ab".into(), String::new())),
        f_invalidate(("a".into(), "b".into()))
    );
}

#[test]
fn tuple_pattern_with_mut() {
    #[cache_memoize]
    fn f((mut a, b): (String, &str)) -> String {
        ran();
        a.push_str(b);
        a
    }
    row!(f(("a".into(), "b")), f(("ab".into(), "")), f_invalidate(("a".into(), "b")));
}

#[test]
fn struct_pattern() {
    #[cache_memoize]
    fn f(Point { x, y }: Point) -> i32 {
        ran();
        x - y
    }
    row!(f(Point { x: 1, y: 2 }), f(Point { x: 2, y: 1 }), f_invalidate(Point { x: 1, y: 2 }));
}

#[test]
fn struct_pattern_behind_a_reference() {
    #[cache_memoize]
    fn f(Point { x, y }: &Point, &z: &i32) -> i32 {
        ran();
        x - y - z
    }
    row!(f(&Point { x: 1, y: 2 }, &0), f(&Point { x: 2, y: 1 }, &0), f_invalidate(&Point { x: 1, y: 2 }, &0));
}

#[test]
fn nested_pattern() {
    #[cache_memoize]
    fn f((Point { x, .. }, [a, _, b]): (Point, [i32; 3]), UserId(id): UserId) -> i32 {
        ran();
        x + a + b + i32::try_from(id).unwrap()
    }
    let p = || Point { x: 1, y: 2 };
    row!(
        f((p(), [1, 2, 3]), UserId(1)),
        f((p(), [1, 0, 3]), UserId(1)),
        f_invalidate((p(), [1, 2, 3]), UserId(1))
    );
}

#[test]
fn binding_beside_a_pattern() {
    #[cache_memoize]
    fn f(all @ (a, b): (u8, u8)) -> u8 {
        ran();
        all.0 + a + b
    }
    row!(f((1, 2)), f((2, 1)), f_invalidate((1, 2)));
}

#[test]
fn wildcard() {
    #[cache_memoize]
    fn f(_: u32, _: &str) -> u8 {
        ran();
        1
    }
    row!(f(1, "a"), f(2, "a"), f_invalidate(1, "a"));
}

#[test]
fn leading_underscore() {
    #[cache_memoize]
    fn f(_x: u32) -> u8 {
        ran();
        1
    }
    row!(f(1), f(2), f_invalidate(1));
}

#[test]
fn raw_names() {
    #[cache_memoize]
    fn r#match(r#type: u32) -> u32 {
        ran();
        r#type
    }
    row!(r#match(1), r#match(2), match_invalidate(1));
    assert!(match_cache_key(1).contains("::match~"), "{}", match_cache_key(1));
    assert!(!match_cache_key(1).contains('#'));
}

#[test]
fn raw_names_in_options() {
    #[cache_memoize(skip(r#fn), extra = r#type % 10)]
    fn f(r#fn: &UserId, r#type: u32) -> u32 {
        ran();
        r#type + r#fn.0
    }
    row!(f(&UserId(1), 1), f(&UserId(1), 2), f_invalidate(1));
}

#[test]
fn impl_trait_by_args_rewrite() {
    #[cache_memoize(args_rewrite = |x| x.to_string())]
    fn f(x: impl ToString) -> String {
        ran();
        x.to_string()
    }
    row!(f(1), f(2), f_invalidate(1));
    row!(f("1"), f("2"), f_invalidate("1"));
}

#[test]
fn impl_trait_borrowing_its_key() {
    #[cache_memoize(args_rewrite = |x| x.as_ref())]
    fn f(x: impl AsRef<str>) -> usize {
        ran();
        x.as_ref().len()
    }
    row!(f("a"), f("b"), f_invalidate("a"));
    assert_eq!(runs(|| f(String::from("a"))), 1, "another type is another function");
}

#[test]
fn impl_trait_by_its_bounds() {
    #[cache_memoize]
    fn f(x: impl Hash + Eq + Clone + Send + Sync + Into<u64> + 'static) -> u64 {
        ran();
        x.into()
    }
    row!(f(1_u8), f(2_u8), f_invalidate(1_u8));
    row!(f(1_u32), f(2_u32), f_invalidate(1_u32));
}

/// Neither `Hash` nor `Clone`.
struct Db;

#[test]
fn database_by_skip() {
    #[cache_memoize(skip(db))]
    fn f(db: &Db, id: u64) -> u64 {
        ran();
        let Db = db;
        id
    }
    row!(f(&Db, 1), f(&Db, 2), f_invalidate(1));
    assert_eq!(f_refresh(&Db, 3), 3);
    assert_eq!(f_peek(3), Some(3));
}

#[test]
fn database_by_value_by_skip() {
    #[cache_memoize(skip(db))]
    fn f(db: Db, id: u64) -> u64 {
        ran();
        let Db = db;
        id
    }
    row!(f(Db, 1), f(Db, 2), f_invalidate(1));
}

#[test]
fn mutable_reference_by_skip() {
    #[cache_memoize(skip(log))]
    fn f(id: u64, log: &mut Vec<u64>) -> u64 {
        ran();
        log.push(id);
        id
    }
    let mut log = Vec::new();
    row!(f(1, &mut log), f(2, &mut log), f_invalidate(1));
    assert_eq!(log, [1, 2, 1]);
}

#[test]
fn mutable_reference_in_a_generic_function() {
    #[cache_memoize(skip(into))]
    fn f<W: std::io::Write>(id: u64, into: &mut W) -> u64 {
        ran();
        into.write_all(b"x").unwrap();
        id
    }
    let mut out = Vec::new();
    row!(f(1, &mut out), f(2, &mut out), f_invalidate::<Vec<u8>>(1));
}

#[test]
fn impl_trait_by_skip() {
    #[cache_memoize(skip(db, compute))]
    fn f(db: &impl Debug, id: u64, compute: impl FnOnce() -> u64) -> u64 {
        ran();
        let _ = db;
        id + compute()
    }
    row!(f(&1, 1, || 1), f(&1, 2, || 1), f_invalidate(1));
    assert_eq!(runs(|| f(&"another type", 1, || 2)), 0, "left out is left out, and so is its type");
}

#[test]
fn impl_trait_by_skip_beside_others() {
    #[cache_memoize(skip(db, log), extra = log.len())]
    fn f<A: Into<u64> + Hash + Eq + Clone + Send + Sync + 'static, const N: usize>(
        db: &(impl Debug, Vec<impl Debug>),
        a: A,
        b: impl Hash + Eq + Clone + Send + Sync + 'static + Into<u64>,
        log: &[impl Debug],
        c: [u8; N],
    ) -> u64 {
        ran();
        let _ = (db, log);
        a.into() + b.into() + c.len() as u64
    }
    let (ints, texts) = (&(1, vec![1]), &("a", vec![(1, 'b')]));
    row!(
        f(ints, 1_u8, 1_u8, &[1], [1]),
        f(ints, 1_u8, 1_u16, &[1], [1]),
        f_invalidate(1_u8, 1_u8, &[1], [1])
    );
    assert_eq!(runs(|| f(texts, 1_u8, 1_u8, &["a"], [1])), 0);
    assert_eq!(runs(|| f(texts, 1_u8, 1_u8, &["a", "b"], [1])), 1, "`extra` differs");
    assert_eq!(runs(|| f(texts, 1_u8, 1_u8, &["a"], [1, 2])), 1, "`N` differs");
}

#[test]
fn dyn_trait_by_skip() {
    #[cache_memoize(skip(log))]
    fn f(id: u64, log: &dyn Fn(u64), owned: Box<str>) -> u64 {
        ran();
        log(id);
        id + owned.len() as u64
    }
    row!(f(1, &|_| (), "a".into()), f(2, &|_| (), "a".into()), f_invalidate(1, "a".into()));
}

#[test]
fn tuple_of_a_borrow_and_a_user_type() {
    #[cache_memoize]
    fn f(pair: (&str, UserId)) -> usize {
        ran();
        pair.0.len() + pair.1.0 as usize
    }
    row!(f(("a", UserId(1))), f(("a", UserId(2))), f_invalidate(("a", UserId(1))));
}

#[test]
fn reference_to_a_tuple() {
    #[cache_memoize]
    fn f(pair: &(String, UserId), (a, b): &(u8, UserId)) -> usize {
        ran();
        pair.0.len() + pair.1.0 as usize + usize::from(*a) + b.0 as usize
    }
    let pair = |id| (String::from("a"), UserId(id));
    row!(f(&pair(1), &(1, UserId(1))), f(&pair(2), &(1, UserId(1))), f_invalidate(&pair(1), &(1, UserId(1))));
}

#[test]
fn args_rewrite_to_a_user_type_and_a_borrow() {
    struct User {
        id: UserId,
        name: String,
    }
    #[cache_memoize(args_rewrite = |u, _| (u.id, u.name.as_str()))]
    fn f(u: &User, trace: &[u8]) -> usize {
        ran();
        trace.len() + u.name.len() + u.id.0 as usize
    }
    let user = |id, name: &str| User { id: UserId(id), name: name.to_owned() };
    row!(f(&user(1, "a"), b"x"), f(&user(1, "b"), b"x"), f_invalidate(&user(1, "a"), b"y"));
}

#[test]
fn args_rewrite_by_a_function() {
    fn id_of(point: &Point, _: &str) -> i32 {
        point.x
    }
    #[cache_memoize(args_rewrite = id_of)]
    fn f(point: &Point, name: &str) -> usize {
        ran();
        name.len() + point.y.unsigned_abs() as usize
    }
    row!(
        f(&Point { x: 1, y: 1 }, "a"),
        f(&Point { x: 2, y: 1 }, "a"),
        f_invalidate(&Point { x: 1, y: 9 }, "z")
    );
}

#[test]
fn borrows_of_user_types() {
    #[cache_memoize]
    fn f(
        a: Option<&UserId>,
        b: &Option<&UserId>,
        c: Cow<'_, [UserId]>,
        d: &[UserId],
        e: &Vec<UserId>,
    ) -> usize {
        ran();
        usize::from(a.is_some()) + usize::from(b.is_some()) + c.len() + d.len() + e.len()
    }
    let (one, two) = (UserId(1), UserId(2));
    row!(
        f(Some(&one), &Some(&one), Cow::Borrowed(&[one]), &[one], &vec![one]),
        f(Some(&one), &Some(&two), Cow::Borrowed(&[one]), &[one], &vec![one]),
        f_invalidate(Some(&one), &Some(&one), Cow::Owned(vec![one]), &[one], &vec![one])
    );
}
