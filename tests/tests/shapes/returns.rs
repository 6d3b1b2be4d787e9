//! What functions return.

use std::collections::HashMap;
use std::io;
use std::num::ParseIntError;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use cache_memoize::cache_memoize;

use crate::{ran, row, runs};

/// No `Clone`, no `Debug`, nothing.
struct Opaque(u8);

#[test]
fn question_mark() {
    #[cache_memoize]
    fn f(x: &str) -> Result<u8, ParseIntError> {
        ran();
        let x: u8 = x.parse()?;
        Ok(x)
    }
    row!(f("1"), f("2"), f_invalidate("1"));
    assert_eq!(runs(|| (f("x"), f("x"))), 2, "errors are not kept");
}

#[test]
fn question_mark_converts() {
    #[cache_memoize]
    fn f(x: &str) -> Result<u8, Box<dyn std::error::Error + Send + Sync>> {
        ran();
        if x.is_empty() {
            Err("empty")?;
        }
        Ok(x.trim().parse()?)
    }
    row!(f("1"), f("2"), f_invalidate("1"));
    assert_eq!(runs(|| (f(""), f("x"), f(""))), 3);
}

#[test]
fn question_mark_on_options() {
    #[cache_memoize]
    fn f(x: &str) -> Option<char> {
        ran();
        let first = x.chars().next()?;
        Some(first)
    }
    row!(f("a"), f("b"), f_invalidate("a"));
    assert_eq!(runs(|| (f(""), f(""))), 1, "`None` is a value");
}

#[test]
fn early_return() {
    #[cache_memoize]
    fn f(x: u8) -> u8 {
        ran();
        if x == 0 {
            return 100;
        }
        for i in 0.. {
            if i == x {
                return i;
            }
        }
        unreachable!()
    }
    row!(f(0), f(3), f_invalidate(0));
    assert_eq!((f(0), f(3)), (100, 3));
}

#[test]
fn early_return_of_unit() {
    #[cache_memoize]
    fn f(x: u8) {
        ran();
        if x == 0 {
            return;
        }
        let _ = x;
    }
    row!(f(0), f(3), f_invalidate(0));
}

#[test]
fn closure_with_return_inside() {
    #[cache_memoize]
    fn f(x: u8) -> u8 {
        ran();
        let inner = |y: u8| {
            if y > 1 {
                return y;
            }
            x
        };
        inner(x) + inner(0)
    }
    row!(f(1), f(2), f_invalidate(1));
}

#[test]
fn labelled_block_and_loop() {
    #[cache_memoize]
    fn f(x: u8) -> u8 {
        ran();
        let y = 'found: {
            if x > 1 {
                break 'found 1;
            }
            2
        };
        let mut z = 0;
        'outer: loop {
            for step in 1.. {
                z += step;
                if z > 3 {
                    break 'outer y + z;
                }
            }
        }
    }
    row!(f(1), f(2), f_invalidate(1));
}

#[test]
fn error_that_is_not_clone() {
    #[cache_memoize]
    fn f(x: u8) -> Result<u8, Opaque> {
        ran();
        if x == 0 { Err(Opaque(0)) } else { Ok(x) }
    }
    row!(f(1), f(2), f_invalidate(1));
    assert_eq!(runs(|| (f(0), f(0))), 2);
    assert_eq!(f(0).err().map(|error| error.0), Some(0));
}

#[test]
fn error_that_is_not_send() {
    #[cache_memoize]
    fn f(x: u8) -> Result<u8, std::rc::Rc<u8>> {
        ran();
        if x == 0 { Err(std::rc::Rc::new(0)) } else { Ok(x) }
    }
    row!(f(1), f(2), f_invalidate(1));
}

#[test]
fn io_result() {
    #[cache_memoize]
    fn f(x: u8) -> io::Result<u8> {
        ran();
        if x == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        io::Write::write_all(&mut io::sink(), &[x])?;
        Ok(x)
    }
    row!(f(1).unwrap(), f(2).unwrap(), f_invalidate(1));
    assert_eq!(runs(|| (f(0), f(0))), 2);
}

#[test]
fn anyhow_result() {
    #[cache_memoize]
    fn f(x: &str) -> anyhow::Result<u8> {
        ran();
        anyhow::ensure!(!x.is_empty(), "empty");
        Ok(x.parse()?)
    }
    row!(f("1").unwrap(), f("2").unwrap(), f_invalidate("1"));
    assert_eq!(runs(|| (f(""), f(""))), 2);
}

type Alias<T, E = Opaque> = Result<T, E>;
type Answer = Alias<u8>;

#[test]
fn aliases_of_result() {
    #[cache_memoize]
    fn generic(x: u8) -> Alias<u8, String> {
        ran();
        if x == 0 { Err("zero".to_owned()) } else { Ok(x) }
    }
    #[cache_memoize]
    fn plain(x: u8) -> Answer {
        ran();
        if x == 0 { Err(Opaque(0)) } else { Ok(x) }
    }
    row!(generic(1), generic(2), generic_invalidate(1));
    row!(plain(1), plain(2), plain_invalidate(1));
    assert_eq!(runs(|| (generic(0), generic(0), plain(0), plain(0))), 4);
}

#[test]
fn errors_kept_through_an_alias() {
    #[cache_memoize(cache_err = true)]
    fn f(x: u8) -> Alias<u8, String> {
        ran();
        if x == 0 { Err("zero".to_owned()) } else { Ok(x) }
    }
    row!(f(0), f(1), f_invalidate(0));
}

type Maybe<T> = Option<T>;

#[test]
fn option() {
    #[cache_memoize]
    fn f(x: u8) -> Option<u8> {
        ran();
        (x > 0).then_some(x)
    }
    row!(f(0), f(1), f_invalidate(0));
    assert_eq!(f_peek(0), Some(None));
}

#[test]
fn none_not_kept_through_an_alias() {
    #[cache_memoize(cache_none = false)]
    fn f(x: u8) -> Maybe<u8> {
        ran();
        (x > 0).then_some(x)
    }
    row!(f(1), f(2), f_invalidate(1));
    assert_eq!(runs(|| (f(0), f(0))), 2);
}

#[test]
fn unit() {
    #[cache_memoize]
    fn silent(_x: u8) {
        ran();
    }
    #[cache_memoize]
    #[allow(clippy::unused_unit)]
    fn spelled_out(_x: u8) -> () {
        ran();
    }
    row!(silent(1), silent(2), silent_invalidate(1));
    row!(spelled_out(1), spelled_out(2), spelled_out_invalidate(1));
}

#[test]
fn unit_or_error() {
    #[cache_memoize(store_result = false)]
    fn f(x: u8) -> Result<(), Opaque> {
        ran();
        if x == 0 { Err(Opaque(0)) } else { Ok(()) }
    }
    row!(f(1), f(2), f_invalidate(1));
    assert_eq!(runs(|| (f(0), f(0))), 2);
}

#[test]
fn arc_of_what_is_not_clone() {
    #[cache_memoize]
    fn f(x: u8) -> Arc<Opaque> {
        ran();
        Arc::new(Opaque(x))
    }
    row!(f(1), f(2), f_invalidate(1));
    assert!(Arc::ptr_eq(&f(1), &f(1)));
    assert_eq!(f(1).0, 1);
}

#[test]
fn result_of_arcs() {
    #[cache_memoize]
    fn f(x: u8) -> Result<Arc<Mutex<Opaque>>, Arc<io::Error>> {
        ran();
        Ok(Arc::new(Mutex::new(Opaque(x))))
    }
    row!(f(1).unwrap(), f(2).unwrap(), f_invalidate(1));
    f(1).unwrap().lock().unwrap().0 = 9;
    assert_eq!(f(1).unwrap().lock().unwrap().0, 9, "shared");
}

#[test]
fn static_str() {
    #[cache_memoize]
    fn f(x: u8) -> &'static str {
        ran();
        if x == 0 { "zero" } else { "more" }
    }
    row!(f(0), f(1), f_invalidate(0));
}

#[test]
fn compound() {
    #[cache_memoize]
    #[allow(clippy::type_complexity)]
    fn f(x: u8) -> (Vec<Option<String>>, HashMap<u8, [u8; 2]>, Result<u8, String>) {
        ran();
        (vec![None], HashMap::from([(x, [x; 2])]), Err("kept, for it is inside".to_owned()))
    }
    row!(f(0), f(1), f_invalidate(0));
}

#[test]
fn trait_objects() {
    #[cache_memoize]
    fn f(x: u8) -> Arc<dyn Fn(u8) -> u8 + Send + Sync> {
        ran();
        Arc::new(move |y| x + y)
    }
    row!(f(0), f(1), f_invalidate(0));
    assert_eq!(f(1)(2), 3);
}

#[test]
fn unsized_arcs() {
    #[cache_memoize]
    fn f(x: &str) -> (Arc<str>, Arc<[u8]>) {
        ran();
        (x.into(), x.as_bytes().into())
    }
    row!(f("a"), f("b"), f_invalidate("a"));
}

#[test]
fn a_function_pointer() {
    #[cache_memoize]
    fn f(x: bool) -> fn(&str) -> &str {
        ran();
        if x { str::trim } else { str::trim_end }
    }
    row!(f(true), f(false), f_invalidate(true));
    assert_eq!(f(true)(" a "), "a");
}

#[test]
fn result_of_an_option() {
    #[cache_memoize(cache_none = false)]
    fn f(x: u8) -> io::Result<Option<u8>> {
        ran();
        Ok((x > 0).then_some(x))
    }
    row!(f(1).unwrap(), f(2).unwrap(), f_invalidate(1));
    assert_eq!(runs(|| (f(0), f(0))), 2);
}

#[test]
fn a_type_that_needs_inference_in_the_body() {
    #[cache_memoize]
    fn f(x: u8) -> Vec<u64> {
        ran();
        let mut all = Vec::new();
        all.extend((0..x).map(u64::from));
        all.into_iter().collect()
    }
    row!(f(1), f(2), f_invalidate(1));
}

#[test]
fn a_body_that_coerces() {
    #[cache_memoize]
    fn f(x: u8) -> Arc<dyn std::fmt::Debug + Send + Sync> {
        ran();
        if x == 0 {
            return Arc::new("zero");
        }
        Arc::new(x)
    }
    row!(f(0), f(1), f_invalidate(0));
}

#[test]
fn a_body_that_never_returns() {
    static CALLS: AtomicU8 = AtomicU8::new(0);

    #[cache_memoize]
    #[allow(clippy::diverging_sub_expression)]
    fn f(_x: u8) -> u8 {
        CALLS.fetch_add(1, Relaxed);
        panic!("as it should")
    }
    for _ in 0..2 {
        assert!(std::panic::catch_unwind(|| f(1)).is_err());
    }
    assert_eq!(CALLS.load(Relaxed), 2);
}
