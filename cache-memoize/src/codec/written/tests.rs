//! Tests: the differences between values that show in their names, and those that do not.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::*;

fn names<T: Serialize + ?Sized>(value: &T) -> u64 {
    Written::of(value, false).unwrap().names
}

fn content<T: Serialize + ?Sized>(value: &T) -> u64 {
    Written::of(value, false).unwrap().content
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum State {
    Open,
    Closed,
}

#[test]
fn names_and_kinds_show_and_content_does_not() {
    #[derive(Serialize)]
    struct Point {
        x: u8,
        y: u8,
    }
    #[derive(Serialize)]
    #[serde(rename = "Point")]
    struct Turned {
        y: u8,
        x: u8,
    }

    let point = Point { x: 1, y: 2 };
    assert_eq!(names(&point), names(&Point { x: 2, y: 1 }));
    assert_ne!(content(&point), content(&Point { x: 2, y: 1 }));
    assert_ne!(names(&point), names(&Turned { x: 1, y: 2 }));
    let kinds =
        [names(&1_u8), names(&1_u16), names(&1_i8), names(&1_f32), names("x"), names(&'x'), names(&())];
    assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
    assert_ne!(names(&Some(1)), names(&None::<i32>));
    assert_ne!(names(&[State::Open, State::Closed]), names(&[State::Closed, State::Open]));
    assert_ne!(names(&vec![State::Open, State::Closed]), names(&vec![State::Closed, State::Open]));
    assert_ne!(names(&vec![1]), names(&vec![1, 1]));
}

#[test]
fn maps_and_sets_have_no_order_and_keep_what_belongs_together() {
    let map = |pairs: [(u8, State); 2]| pairs.into_iter().collect::<HashMap<_, _>>();
    let set = |pairs: [(u8, State); 2]| pairs.into_iter().collect::<HashSet<_>>();
    let pairs = [(1, State::Open), (2, State::Closed)];
    let crossed = [(2, State::Open), (1, State::Closed)];
    for _ in 0..20 {
        assert_eq!(names(&map(pairs)), names(&map(pairs)));
        assert_eq!(names(&set(pairs)), names(&set(pairs)));
        assert_eq!(content(&set(pairs)), content(&set(pairs)));
    }
    assert_ne!(names(&map(pairs)), names(&map(crossed)));
    assert_ne!(names(&set(pairs)), names(&set(crossed)));
}

#[test]
fn a_value_that_does_not_write_itself_has_no_names() {
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("in Serialize")
        }
    }

    assert_eq!(Written::of(&Panics, false), None);
    assert_eq!(Written::of(&std::path::Path::new("/a"), false).map(|_| ()), Some(()));
}
