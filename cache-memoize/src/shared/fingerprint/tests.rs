//! Which types are told apart, and which are the same everywhere.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use super::*;

/// The hash of the shape alone: types of different names can be compared.
fn shape<T: DeserializeOwned>() -> [u64; 2] {
    [false, true].map(|readable| {
        let mut recorder = Recorder::new(readable);
        while recorder.pass::<T>() {}
        recorder.notes.0
    })
}

// Each is a struct `S` in a module of its own, so that nothing but the shape differs.
macro_rules! shapes {
    ($($name:ident { $($item:item)* })*) => {
        $(mod $name {
            #![allow(dead_code, reason = "nothing but the shape is used")]
            #[allow(unused_imports, reason = "not by all of them")]
            use super::{BTreeMap, Date, Deserialize};
            $(#[derive(Deserialize)] $item)*
            pub(super) fn shape() -> [u64; 2] {
                super::shape::<S>()
            }
        })*
        const SHAPES: &[(&str, fn() -> [u64; 2])] = &[$((stringify!($name), $name::shape)),*];
    };
}

/// Like the types of date libraries: rejects whatever it is offered.
struct Date;

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(de::Error::custom(format!("{text} is no date")))
    }
}

shapes! {
    base { struct S { id: u64, admin: bool, e: E } enum E { A(u32), B { x: u8 }, C } }
    reordered { struct S { admin: bool, id: u64, e: E } enum E { A(u32), B { x: u8 }, C } }
    renamed { struct S { key: u64, admin: bool, e: E } enum E { A(u32), B { x: u8 }, C } }
    retyped { struct S { id: u64, admin: u8, e: E } enum E { A(u32), B { x: u8 }, C } }
    signed { struct S { id: i64, admin: bool, e: E } enum E { A(u32), B { x: u8 }, C } }
    optional { struct S { id: u64, admin: Option<bool>, e: E } enum E { A(u32), B { x: u8 }, C } }
    longer { struct S { id: u64, admin: bool, e: E, more: u8 } enum E { A(u32), B { x: u8 }, C } }
    inserted { struct S { id: u64, admin: bool, e: E } enum E { Z, A(u32), B { x: u8 }, C } }
    first_payload { struct S { id: u64, admin: bool, e: E } enum E { A(u64), B { x: u8 }, C } }
    second_payload { struct S { id: u64, admin: bool, e: E } enum E { A(u32), B { x: u16 }, C } }
    second_name { struct S { id: u64, admin: bool, e: E } enum E { A(u32), B { y: u8 }, C } }
    third_payload { struct S { id: u64, admin: bool, e: E } enum E { A(u32), B { x: u8 }, C() } }
    text { struct S { data: String } }
    bytes { struct S { data: Vec<u8> } }
    words { struct S { data: Vec<String> } }
    map { struct S { data: BTreeMap<u8, u8> } }
    map_key { struct S { data: BTreeMap<u16, u8> } }
    map_value { struct S { data: BTreeMap<u8, u16> } }
    tuple { struct S { data: (u8, u16) } }
    tuple_order { struct S { data: (u16, u8) } }
    array { struct S { data: [u8; 4] } }
    array_len { struct S { data: [u8; 5] } }
    tree { struct S { children: Vec<S>, leaf: u8 } }
    tree_leaf { struct S { children: Vec<S>, leaf: u16 } }
    list { struct S { next: Option<Box<S>>, leaf: u8 } }
    list_leaf { struct S { next: Option<Box<S>>, leaf: u16 } }
    terms { struct S(E); enum E { Add(Box<E>, Box<E>), Neg(Box<E>), Call { args: Vec<E>, f: u8 }, Lit(u8) } }
    terms_lit { struct S(E); enum E { Add(Box<E>, Box<E>), Neg(Box<E>), Call { args: Vec<E>, f: u8 }, Lit(u16) } }
    terms_call { struct S(E); enum E { Add(Box<E>, Box<E>), Neg(Box<E>), Call { args: Vec<E>, f: u16 }, Lit(u8) } }
    after_date { struct S { at: Date, n: u8, inner: I, m: u8 } struct I { at: Date, k: u8 } }
    after_date_changed { struct S { at: Date, n: u16, inner: I, m: u8 } struct I { at: Date, k: u8 } }
    within_after_date { struct S { at: Date, n: u8, inner: I, m: u8 } struct I { at: Date, k: u16 } }
    after_within { struct S { at: Date, n: u8, inner: I, m: u16 } struct I { at: Date, k: u8 } }
    aliased { struct S { #[serde(alias = "old")] new: u8, n: u8 } }
    after_alias { struct S { #[serde(alias = "old")] new: u8, n: u16 } }
    two_enums { struct S { a: A, b: B } enum A { X(u8), Y(u8) } enum B { X(u8), Y(u8) } }
    two_enums_last { struct S { a: A, b: B } enum A { X(u8), Y(u8) } enum B { X(u8), Y(u16) } }
    tuple_list { struct S(Option<Box<S>>, u8); }
    tuple_list_leaf { struct S(Option<Box<S>>, u16); }
    tuple_tree { struct S(Vec<S>, u8); }
    tuple_tree_leaf { struct S(Vec<S>, u16); }
    behind_rejection { struct S((A, B)); enum A { X(u8), Y(Date) } enum B { X(u8), Y(u8) } }
    behind_rejection_last { struct S((A, B)); enum A { X(u8), Y(Date) } enum B { X(u8), Y(u16) } }
    generic { struct S { a: Result<u8, u16>, b: Result<u16, u8> } }
    generic_last { struct S { a: Result<u8, u16>, b: Result<u16, u16> } }
}

#[test]
fn every_change_of_shape_shows() {
    let mut seen = HashMap::new();
    for (name, shape) in SHAPES {
        assert_eq!(seen.insert(shape(), name), None, "{name} looks like another");
        assert_eq!(shape(), shape(), "{name}");
    }
}

#[test]
fn the_name_of_the_type_counts() {
    #[derive(Deserialize)]
    struct Wrapped(#[expect(dead_code, reason = "nothing but the shape is used")] u8);
    mod other {
        #[derive(serde::Deserialize)]
        pub(super) struct Wrapped(#[expect(dead_code, reason = "nothing but the shape is used")] u8);
    }
    assert_eq!(shape::<Wrapped>(), shape::<other::Wrapped>());
    assert_ne!(Fingerprint::of::<Wrapped>(), Fingerprint::of::<other::Wrapped>());
}

/// The same on every platform and in every process. `type_name` of primitives is not going to change.
#[test]
fn it_is_the_same_everywhere() {
    assert_eq!(Fingerprint::of::<u64>().hash, 0xca87_0633_a9e7_28af);
    assert_eq!(Fingerprint::of::<(u8, bool)>().hash, 0x96eb_7c13_2abe_8013);
    assert_eq!(base::shape(), [0x8e96_a871_f566_dcca; 2]);
}

#[test]
fn the_widest_element_is_found() {
    assert_eq!(Fingerprint::of::<(u64, [u64; 32])>().widest, 0);
    assert_eq!(Fingerprint::of::<Vec<u64>>().widest, 8);
    assert_eq!(Fingerprint::of::<Option<BTreeMap<u64, [u8; 4]>>>().widest, 12);
    assert_eq!(Fingerprint::of::<Result<u8, Vec<[u64; 32]>>>().widest, 256);
    assert_eq!(Fingerprint::of::<Vec<Date>>().widest, UNKNOWN_WIDTH);
}

#[test]
fn a_panic_leaves_the_name() {
    struct Panics;

    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("I want to be alone")
        }
    }

    assert_eq!(Fingerprint::of::<Panics>(), Fingerprint::of::<Panics>());
    assert_ne!(Fingerprint::of::<Panics>().hash, Fingerprint::of::<Vec<Panics>>().hash);
}

#[test]
fn it_ends_soon_for_every_type() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "nothing but the shape is used")]
    enum Endless {
        A(Box<Endless>, Box<Endless>, Box<Endless>),
        B(Box<Mutual>, Box<Endless>),
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "nothing but the shape is used")]
    struct Mutual {
        a: Endless,
        b: Option<Endless>,
        c: Vec<Mutual>,
        d: Date,
    }
    type Large = [[[[[(); 32]; 32]; 32]; 32]; 32];

    let begun = Instant::now();
    Fingerprint::of::<Endless>();
    Fingerprint::of::<Mutual>();
    Fingerprint::of::<Large>();
    Fingerprint::of::<(IpAddr, Duration, SystemTime, serde_json::Value)>();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}
