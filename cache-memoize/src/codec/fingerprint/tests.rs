//! Tests: the types that fingerprints tell apart, and those that are the same everywhere.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;
use serde_core::Deserializer;

use super::*;

/// The hashes of the shape alone, without the type's name, so that types of different names can be compared.
fn shape<T: DeserializeOwned>() -> [u64; 2] {
    [false, true].map(|is_readable| Recorder::new(is_readable).record::<T>().hash)
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
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    struct Wrapped(#[allow(dead_code, reason = "nothing but the shape is used")] u8);
    mod other {
        #[derive(serde::Deserialize)]
        pub(super) struct Wrapped(#[allow(dead_code, reason = "nothing but the shape is used")] u8);
    }
    assert_eq!(shape::<Wrapped>(), shape::<other::Wrapped>());
    assert_ne!(Fingerprint::of::<Wrapped>(), Fingerprint::of::<other::Wrapped>());
}

/// Fingerprints are the same on every platform and in every process. The `type_name` of primitives is not going to
/// change.
#[test]
fn a_fingerprint_is_the_same_everywhere() {
    assert_eq!(Fingerprint::of::<u64>().hash, 0x0425_2015_b81a_5faa);
    assert_eq!(Fingerprint::of::<(u8, bool)>().hash, 0x5bc5_2196_ce5b_c4e6);
    assert_eq!(base::shape(), [0xd68f_869f_3d84_d14e; 2]);
}

#[test]
fn the_widest_element_is_found() {
    assert_eq!(Fingerprint::of::<(u64, [u64; 32])>().widest, 0);
    assert_eq!(Fingerprint::of::<Vec<u64>>().widest, 8);
    assert_eq!(Fingerprint::of::<Option<BTreeMap<u64, [u8; 4]>>>().widest, 12);
    assert_eq!(Fingerprint::of::<Result<u8, Vec<[u64; 32]>>>().widest, 256);
    assert_eq!(Fingerprint::of::<Vec<(Date, [u64; 32])>>().widest, UNKNOWN_WIDTH);
    assert_eq!(Fingerprint::of::<Vec<serde_json::Value>>().widest, UNKNOWN_WIDTH);
}

#[test]
fn types_without_blind_spots_are_seen_whole() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "nothing but the shape is used")]
    struct Row<T> {
        at: Date,
        name: String,
        more: Option<T>,
    }
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "nothing but the shape is used")]
    enum Kind {
        A,
        B(u8, String, Vec<Kind>),
        C { d: Date },
    }
    #[derive(Deserialize, PartialEq, Eq, Hash)]
    struct Id(u64);

    fn is_whole<T: DeserializeOwned>() -> bool {
        Fingerprint::of::<T>().is_whole
    }

    assert!(is_whole::<Vec<Row<BTreeMap<Date, Row<u8>>>>>());
    assert!(is_whole::<BTreeMap<Date, Row<Kind>>>());
    assert!(is_whole::<HashMap<(Id, Id), (String, Vec<Date>, Option<Row<u8>>, Row<u8>)>>());
    assert!(is_whole::<[Row<[Date; 4]>; 3]>());
    assert!(is_whole::<(Box<str>, Duration, (Id, u8), [Id; 2], Kind)>());
    assert!(is_whole::<Result<Kind, std::ops::Range<u8>>>());
    assert!(!is_whole::<Vec<(Date, Id)>>());
    // A struct that owns memory may have a `Drop` of its own.
    assert!(!is_whole::<(Row<u8>, Id)>());
    assert!(!is_whole::<Option<serde_json::Value>>());
}

/// The values that are made up for positions before the one that is asked about are made by serde's code and for
/// serde's code.
#[test]
fn no_user_code_sees_a_made_up_value() {
    /// A type that may be read only from values that the program wrote.
    struct Strict;

    impl<'de> Deserialize<'de> for Strict {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            unreachable!("{text:?} was made up")
        }
    }

    /// A type that is made from a value of derived code, which it looks at.
    #[derive(Deserialize)]
    #[serde(from = "(u8, u8)")]
    struct Checked;

    impl From<(u8, u8)> for Checked {
        fn from(pair: (u8, u8)) -> Self {
            unreachable!("{pair:?} was made up")
        }
    }

    /// A type with a field that a function of the user's reads.
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "nothing but the shape is used")]
    struct With(#[serde(deserialize_with = "strict")] u8, u8);

    fn strict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        let number = u8::deserialize(deserializer)?;
        unreachable!("{number} was made up")
    }

    /// A type that notices when it is dropped.
    #[derive(Deserialize)]
    struct Dropped(#[allow(dead_code, reason = "nothing but the shape is used")] u8);

    impl Drop for Dropped {
        fn drop(&mut self) {
            unreachable!("it was made of what was made up")
        }
    }

    /// A type whose derived definition is elsewhere.
    struct Remote(#[allow(dead_code, reason = "nothing but the shape is used")] u8);

    #[derive(Deserialize)]
    #[serde(remote = "Remote")]
    struct Definition(u8);

    impl<'de> Deserialize<'de> for Remote {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let Remote(number) = Definition::deserialize(deserializer)?;
            unreachable!("{number} was made up")
        }
    }

    /// A type that reads by hand, piece by piece.
    struct Pieces;

    impl<'de> Deserialize<'de> for Pieces {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct ByHand;

            impl<'de> de::Visitor<'de> for ByHand {
                type Value = Pieces;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("pieces")
                }

                fn visit_seq<A: de::SeqAccess<'de>>(self, mut parts: A) -> Result<Pieces, A::Error> {
                    let part = parts.next_element::<u8>()?;
                    unreachable!("{part:?} was made up")
                }

                fn visit_map<A: de::MapAccess<'de>>(self, mut parts: A) -> Result<Pieces, A::Error> {
                    let part = parts.next_entry::<String, u8>()?;
                    unreachable!("{part:?} was made up")
                }
            }

            deserializer.deserialize_tuple(2, ByHand)
        }
    }

    type Each<T> = (T, BTreeMap<T, T>, (T, u8), Vec<T>, Option<T>);

    fn look<T>()
    where
        for<'de> T: Deserialize<'de> + Ord,
    {
        for is_readable in [false, true] {
            // Not by `Fingerprint::of`, which catches panics.
            Recorder::new(is_readable).record::<(Each<T>, Result<T, (T, T)>)>();
        }
    }

    macro_rules! each {
        ($($type:ident)*) => {$(
            impl PartialEq for $type {
                fn eq(&self, _: &Self) -> bool {
                    true
                }
            }
            impl Eq for $type {}
            impl PartialOrd for $type {
                fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                    Some(self.cmp(other))
                }
            }
            impl Ord for $type {
                fn cmp(&self, _: &Self) -> std::cmp::Ordering {
                    std::cmp::Ordering::Equal
                }
            }
            look::<$type>();
        )*};
    }
    each!(Strict Checked With Dropped Remote Pieces);
}

/// Enums with hundreds of variants, each with fields of its own, and several times in a type: all are looked into.
#[test]
fn large_enums_are_seen_whole() {
    macro_rules! large {
        ($name:ident { $($variant:ident)* } $last:ty) => {
            #[derive(Deserialize)]
            #[allow(dead_code, reason = "nothing but the shape is used")]
            pub(super) enum $name {
                $($variant(u8),)*
                Last { b: Date, a: $last },
            }
        };
    }
    macro_rules! large_twice {
        ($($variants:tt)*) => {
            mod before {
                use super::*;
                large!(Large { $($variants)* } u8);
            }
            mod after {
                use super::*;
                large!(Large { $($variants)* } u16);
            }
        };
    }
    large_twice! {
        V000 V001 V002 V003 V004 V005 V006 V007 V008 V009 V010 V011 V012 V013 V014 V015 V016 V017 V018 V019 V020 V021
        V100 V101 V102 V103 V104 V105 V106 V107 V108 V109 V110 V111 V112 V113 V114 V115 V116 V117 V118 V119 V120 V121
        V200 V201 V202 V203 V204 V205 V206 V207 V208 V209 V210 V211 V212 V213 V214 V215 V216 V217 V218 V219 V220 V221
        V300 V301 V302 V303 V304 V305 V306 V307 V308 V309 V310 V311 V312 V313 V314 V315 V316 V317 V318 V319 V320 V321
        V400 V401 V402 V403 V404 V405 V406 V407 V408 V409 V410 V411 V412 V413 V414 V415 V416 V417 V418 V419 V420 V421
        V500 V501 V502 V503 V504 V505 V506 V507 V508 V509 V510 V511 V512 V513 V514 V515 V516 V517 V518 V519 V520 V521
        V600 V601 V602 V603 V604 V605 V606 V607 V608 V609 V610 V611 V612 V613 V614 V615 V616 V617 V618 V619 V620 V621
        V700 V701 V702 V703 V704 V705 V706 V707 V708 V709 V710 V711 V712 V713 V714 V715 V716 V717 V718 V719 V720 V721
        V800 V801 V802 V803 V804 V805 V806 V807 V808 V809 V810 V811 V812 V813 V814 V815 V816 V817 V818 V819 V820 V821
        V900 V901 V902 V903 V904 V905 V906 V907 V908 V909 V910 V911 V912 V913 V914 V915 V916 V917 V918 V919 V920 V921
    }

    type Deep<T> = Vec<BTreeMap<u8, Option<Box<(u8, Vec<T>, Option<T>, T)>>>>;
    assert!(Fingerprint::of::<Deep<before::Large>>().is_whole);
    assert_ne!(shape::<Deep<before::Large>>(), shape::<Deep<after::Large>>());
}

#[test]
fn a_type_that_panics_is_known_by_its_name() {
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
fn a_fingerprint_is_found_soon_for_every_type() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "nothing but the shape is used")]
    enum Endless {
        A(Box<Endless>, Box<Endless>, Box<Endless>),
        B(Box<Mutual>, Box<Endless>),
    }
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "nothing but the shape is used")]
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
