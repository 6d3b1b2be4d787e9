//! Texts of keys: canonical, apart from each other, and the same for ever.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde::ser::{SerializeMap as _, SerializeTuple as _};

use super::*;

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = String::new();
    write_part(value, &mut out).unwrap();
    out
}

fn prefix(path: &str) -> String {
    let mut out = String::new();
    write_prefix(path, &mut out);
    out
}

/// A `Serialize` written by hand, for what derive and the standard library do not do.
macro_rules! by_hand {
    (|$serializer:ident| $body:expr) => {{
        struct Value;
        impl Serialize for Value {
            fn serialize<S: Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                $body
            }
        }
        Value
    }};
}

#[test]
fn booleans_and_integers() {
    assert_eq!(text(&true), "true");
    assert_eq!(text(&false), "false");
    assert_eq!(text(&0u8), "0");
    assert_eq!(text(&-1i8), "-1");
    assert_eq!(text(&i16::MIN), "-32768");
    assert_eq!(text(&u16::MAX), "65535");
    assert_eq!(text(&i32::MIN), "-2147483648");
    assert_eq!(text(&u32::MAX), "4294967295");
    assert_eq!(text(&i64::MIN), "-9223372036854775808");
    assert_eq!(text(&u64::MAX), "18446744073709551615");
    assert_eq!(text(&i128::MIN), "-170141183460469231731687303715884105728");
    assert_eq!(text(&u128::MAX), "340282366920938463463374607431768211455");
}

#[test]
fn floats() {
    assert_eq!(text(&0.0f64), "0.0");
    assert_eq!(text(&-0.0f64), "-0.0");
    assert_eq!(text(&1.0f64), "1.0");
    assert_eq!(text(&-1.5f32), "-1.5");
    assert_eq!(text(&0.1f32), "0.1");
    assert_eq!(text(&0.1f64), "0.1");
    assert_eq!(text(&f64::from(0.1f32)), "0.10000000149011612");
    assert_eq!(text(&9007199254740993.0f64), "9007199254740992.0");
    assert_eq!(text(&1e15f64), "1000000000000000.0");
    assert_eq!(text(&1e16f64), "1e16");
    assert_eq!(text(&1.5e300f64), "1.5e300");
    assert_eq!(text(&1e16f32), "1e16");
    assert_eq!(text(&0.0001f64), "0.0001");
    assert_eq!(text(&0.00001f64), "1e-5");
    assert_eq!(text(&f64::MAX), "1.7976931348623157e308");
    assert_eq!(text(&f64::from_bits(1)), "5e-324");
    assert_eq!(text(&f32::MAX), "3.4028235e38");
    assert_eq!(text(&f32::from_bits(1)), "1e-45");
    assert_eq!(text(&f64::INFINITY), "inf");
    assert_eq!(text(&f32::NEG_INFINITY), "-inf");
}

#[test]
fn not_a_number() {
    assert_eq!(text(&f64::from_bits(0x7ff8_0000_0000_0000)), "NaN");
    assert_eq!(text(&f64::from_bits(0xfff8_0000_0000_0000)), "NaN(fff8000000000000)");
    assert_eq!(text(&f64::from_bits(0x7ff8_0000_0000_0001)), "NaN(7ff8000000000001)");
    assert_eq!(text(&f32::from_bits(0x7fc0_0000)), "NaN");
    assert_eq!(text(&f32::from_bits(0xffc0_0000)), "NaN(ffc00000)");
}

#[test]
fn characters() {
    assert_eq!(text(&'c'), "'c'");
    assert_eq!(text(&':'), "':'");
    assert_eq!(text(&'é'), "'é'");
    assert_eq!(text(&'\''), r"'\''");
    assert_eq!(text(&'"'), r#"'\"'"#);
    assert_eq!(text(&'\\'), r"'\\'");
    assert_eq!(text(&'\n'), r"'\n'");
    assert_eq!(text(&'\0'), r"'\u{0}'");
}

#[test]
fn bare_strings() {
    for bare in ["a", "alice", "_", "_1", "Az09_-", "a-", "True", "nan", "Some", "maps", "infinity"] {
        assert_eq!(text(bare), bare);
    }
}

#[test]
fn quoted_strings() {
    for reserved in ["true", "false", "none", "some", "inf", "NaN", "map"] {
        assert_eq!(text(reserved), format!("\"{reserved}\""));
    }
    for raw in ["", "7", "-1", "-inf", "0x", "a b", "a.b", "a:b", "a::b", "a;b@c", "()", "it's", "é", "🦀"]
    {
        assert_eq!(text(raw), format!("\"{raw}\""));
    }
    assert_eq!(text("say \"hi\""), r#""say \"hi\"""#);
    assert_eq!(text("a\\b"), r#""a\\b""#);
    assert_eq!(text("\n\r\t"), r#""\n\r\t""#);
    assert_eq!(text("\0\u{1b}\u{7f}\u{9f}"), r#""\u{0}\u{1b}\u{7f}\u{9f}""#);
    assert_eq!(text("\u{2028}\u{202e}\u{feff}"), "\"\u{2028}\u{202e}\u{feff}\"");
}

#[test]
fn bytes() {
    assert_eq!(text(&by_hand!(|s| s.serialize_bytes(&[]))), "0x");
    assert_eq!(text(&by_hand!(|s| s.serialize_bytes(&[0, 10, 255]))), "0x000aff");
    // Without `serde_bytes`, serde knows no bytes, only sequences of integers.
    assert_eq!(text(&[0u8, 10][..]), "[0,10]");
}

#[test]
fn tuples_and_sequences() {
    #[derive(Serialize)]
    struct Pair(u8, &'static str);

    assert_eq!(text(&()), "()");
    assert_eq!(text(&(1,)), "(1,)");
    assert_eq!(text(&((1,),)), "((1,),)");
    assert_eq!(text(&(1, "a")), "(1,a)");
    assert_eq!(text(&[1, 2]), "(1,2)");
    assert_eq!(text(&[0u8; 0]), "()");
    assert_eq!(text(&Pair(1, "a b")), "(1,\"a b\")");
    assert_eq!(text(&Vec::<u8>::new()), "[]");
    assert_eq!(text(&vec![1]), "[1]");
    assert_eq!(text(&vec![vec![1, 2], vec![]]), "[[1,2],[]]");
}

#[test]
fn a_tuple_shorter_than_announced() {
    let value = by_hand!(|s| {
        let mut tuple = s.serialize_tuple(2)?;
        tuple.serialize_element(&1)?;
        tuple.end()
    });
    assert_eq!(text(&value), "(1,)");
}

#[test]
fn structs() {
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Newtype(&'static str);
    #[derive(Serialize)]
    struct Empty {}
    #[derive(Serialize)]
    struct User {
        name: &'static str,
        #[serde(rename = "user id")]
        id: u64,
        #[serde(rename = "is-admin")]
        admin: Option<bool>,
        map: (),
        #[serde(skip_serializing_if = "Option::is_none")]
        skipped: Option<u8>,
    }

    let user = User { name: "alice", id: 7, admin: Some(true), map: (), skipped: None };
    assert_eq!(text(&Unit), "()");
    assert_eq!(text(&Newtype("a")), "a");
    assert_eq!(text(&Empty {}), "{}");
    assert_eq!(text(&user), r#"{name=alice,"user id"=7,is-admin=some(true),"map"=()}"#);
}

#[test]
fn maps() {
    let numbers: HashMap<u32, &str> = [(1, "a"), (2, "b"), (10, "c"), (3, "")].into();
    assert_eq!(text(&HashMap::<u8, u8>::new()), "map{}");
    // Sorted by text, not by value.
    assert_eq!(text(&numbers), r#"map{1=a,10=c,2=b,3=""}"#);
    assert_eq!(text(&BTreeMap::from([((1, "="), [2])])), r#"map{(1,"=")=(2,)}"#);
    assert_eq!(text(&BTreeMap::from([("k", BTreeMap::from([(1, 2)]))])), "map{k=map{1=2}}");

    let duplicates = by_hand!(|s| s.collect_map([("a", 2), ("b", 0), ("a", 1), ("a", 2)]));
    let reordered = by_hand!(|s| s.collect_map([("b", 0), ("a", 2), ("a", 2), ("a", 1)]));
    assert_eq!(text(&duplicates), "map{a=1,a=2,a=2,b=0}");
    assert_eq!(text(&reordered), text(&duplicates));
}

#[test]
fn flattened_structs() {
    #[derive(Serialize)]
    struct Outer {
        z: u8,
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Serialize)]
    struct Inner {
        a: u8,
    }

    assert_eq!(text(&Outer { z: 1, inner: Inner { a: 2 } }), "map{a=2,z=1}");
}

#[test]
fn options() {
    assert_eq!(text(&None::<u8>), "none");
    assert_eq!(text(&Some(1)), "some(1)");
    assert_eq!(text(&Some("none")), "some(\"none\")");
    assert_eq!(text(&Some(None::<u8>)), "some(none)");
    assert_eq!(text(&Some(())), "some(())");
}

#[test]
fn enums() {
    #[derive(Serialize)]
    enum Shape {
        Unit,
        Empty(),
        Newtype(u8),
        OfUnit(()),
        OfTuple((u8, u8)),
        OfOne((u8,)),
        Tuple(u8, u8),
        Struct {
            a: u8,
            b: Option<&'static str>,
        },
        Braces {},
        #[serde(rename = "two words")]
        Renamed,
        #[serde(rename = "none")]
        Reserved(u8),
    }
    #[derive(Serialize)]
    #[serde(rename = "a:b")]
    enum Odd {
        V,
    }

    assert_eq!(text(&Shape::Unit), "Shape::Unit");
    assert_eq!(text(&Shape::Empty()), "Shape::Empty()");
    assert_eq!(text(&Shape::Newtype(1)), "Shape::Newtype(1)");
    assert_eq!(text(&Shape::OfUnit(())), "Shape::OfUnit(())");
    assert_eq!(text(&Shape::OfTuple((1, 2))), "Shape::OfTuple((1,2))");
    assert_eq!(text(&Shape::OfOne((1,))), "Shape::OfOne((1,))");
    assert_eq!(text(&Shape::Tuple(1, 2)), "Shape::Tuple(1,2)");
    assert_eq!(text(&Shape::Struct { a: 1, b: Some("x") }), "Shape::Struct{a=1,b=some(x)}");
    assert_eq!(text(&Shape::Braces {}), "Shape::Braces{}");
    assert_eq!(text(&Shape::Renamed), "Shape::\"two words\"");
    assert_eq!(text(&Shape::Reserved(1)), "Shape::\"none\"(1)");
    assert_eq!(text(&Odd::V), "\"a:b\"::V");
    assert_eq!(text(&Ok::<u8, u8>(1)), "Result::Ok(1)");
}

#[test]
fn human_readable() {
    assert_eq!(text(&std::net::Ipv4Addr::LOCALHOST), "\"127.0.0.1\"");
    assert_eq!(text(&core::time::Duration::from_millis(1500)), "{secs=1,nanos=500000000}");
    assert_eq!(text(&by_hand!(|s| s.collect_str(&format_args!("{}-{}", "a", 1)))), "a-1");
}

#[test]
fn prefixes() {
    for plain in [
        "f",
        "none",
        "app::show",
        "app::show<alloc::string::String>",
        "<app::P as app::Tr>::f",
        "app::show<&str, (u8, &[u8])>",
        "app::show<alloc::borrow::Cow<'_, str>>",
        "app::é",
    ] {
        assert_eq!(prefix(plain), plain);
    }
    for quoted in ["", ":", "::", "a:b", "a:", "a::", ":a", "::a", "a:::b", "a::::b", "a: :b", "a;b", "a@b"] {
        assert_eq!(prefix(quoted), format!("\"{quoted}\""));
    }
    assert_eq!(prefix("app::show<[u8; 4]>"), "\"app::show<[u8; 4]>\"");
    assert_eq!(prefix("a\"b"), r#""a\"b""#);
    assert_eq!(prefix("a\\b"), r#""a\\b""#);
    assert_eq!(prefix("a\nb"), r#""a\nb""#);
}

#[test]
fn nesting() {
    #[derive(Serialize)]
    struct Through(Option<Box<Through>>);
    #[derive(Serialize)]
    struct Seq(Vec<Seq>);
    #[derive(Serialize)]
    struct Map(BTreeMap<u8, Map>);
    #[derive(Serialize)]
    enum Expr {
        Leaf,
        Not(Box<Expr>),
        And { a: Box<Expr> },
    }

    let not = |depth| (0..depth).fold(Expr::Leaf, |inner, _| Expr::Not(inner.into()));
    let and = |depth| (0..depth).fold(Expr::Leaf, |inner, _| Expr::And { a: inner.into() });
    assert_eq!(text(&not(128)), format!("{}Expr::Leaf{}", "Expr::Not(".repeat(128), ")".repeat(128)));
    assert_eq!(text(&and(2)), "Expr::And{a=Expr::And{a=Expr::Leaf}}");

    let mut out = "f:".to_owned();
    let error = write_part(&not(129), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "nested more than 128 levels deep");
    assert!(write_part(&and(129), &mut out).is_err());
    let through = (0..65).fold(Through(None), |inner, _| Through(Some(inner.into())));
    assert!(write_part(&through, &mut out).is_err());
    let seq = (0..65).fold(Seq(vec![]), |inner, _| Seq(vec![inner]));
    assert!(write_part(&seq, &mut out).is_err());
    let map = (0..65).fold(Map([].into()), |inner, _| Map([(1, inner)].into()));
    assert!(write_part(&map, &mut out).is_err());
    assert_eq!(out, "f:");
}

#[test]
fn endless_recursion_is_an_error() {
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_struct("Endless", self)
        }
    }

    assert!(write_part(&Endless, &mut String::new()).is_err());
}

#[test]
fn errors() {
    let mut out = "f:".to_owned();
    let fails = by_hand!(|_s| Err(ser::Error::custom("no such thing")));
    let error = write_part(&("a", fails), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "no such thing");

    let no_value = by_hand!(|s| {
        let mut map = s.serialize_map(None)?;
        map.serialize_key("k")?;
        map.end()
    });
    let two_keys = by_hand!(|s| {
        let mut map = s.serialize_map(None)?;
        map.serialize_key("k")?;
        map.serialize_key("l")?;
        map.end()
    });
    let no_key = by_hand!(|s| {
        let mut map = s.serialize_map(None)?;
        map.serialize_value("v")?;
        map.end()
    });
    assert!(write_part(&no_value, &mut out).is_err());
    assert!(write_part(&two_keys, &mut out).is_err());
    assert!(write_part(&no_key, &mut out).is_err());
    assert_eq!(out, "f:");
}
