//! Tests: a stored value comes back as it was; a value that would not is refused, with an error that names the cure.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::*;

fn codecs() -> [Codec; 4] {
    [Codec::Bincode, Codec::Postcard, Codec::MessagePack, Codec::Json]
}

/// Whether each codec stores the value; and checks that a stored value comes back.
fn stored<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) -> [bool; 4] {
    let fingerprint = Fingerprint::of::<T>();
    codecs().map(|codec| {
        let mut bytes = Vec::new();
        match write(&value, &codec, fingerprint, Bounds::default(), &mut bytes) {
            Ok(()) => {
                assert_eq!(
                    read::<T>(&bytes, &codec, fingerprint, Bounds::default()).as_ref(),
                    Ok(&value),
                    "{codec:?}"
                );
                true
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Codec);
                assert!(error.to_string().contains(&format!("{codec:?}")), "{error}");
                false
            }
        }
    })
}

const BY_ALL: [bool; 4] = [true; 4];
const BY_NAME: [bool; 4] = [false, false, true, true];
const BY_NONE: [bool; 4] = [false; 4];

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
    Pair { a: u8, b: Vec<u8> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Tagged {
    A { a: u8 },
    B,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    A(u8, u8),
    B,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Seldom<T> {
    id: u64,
    name: String,
    seldom: Option<T>,
}

/// Whether each codec stores the value as a field; and checks that all store the struct without it.
fn seldom<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) -> [bool; 4] {
    let seldom = |seldom: Option<T>| Seldom { id: 1, name: "x".into(), seldom };
    assert_eq!(stored(seldom(None)), BY_ALL);
    stored(seldom(Some(value)))
}

#[test]
fn types_that_need_deserialize_any_need_names() {
    for value in [serde_json::json!({ "id": 1, "l": [1.5, null, "x"] }), serde_json::json!(null)] {
        assert_eq!(stored(value.clone()), BY_NAME);
    }
    assert_eq!(seldom(serde_json::json!({ "id": -1 })), BY_NAME);
    assert_eq!(stored(Untagged::Number(7)), BY_NAME);
    assert_eq!(stored(vec![Untagged::Text("x".into()), Untagged::Pair { a: 1, b: vec![2] }]), BY_NAME);
    assert_eq!(seldom(Untagged::Number(7)), BY_NAME);
    assert_eq!(stored((Tagged::A { a: 1 }, Tagged::B)), BY_NAME);
    assert_eq!(seldom(Tagged::B), BY_NAME);
    assert_eq!(stored((Adjacent::A(1, 2), Adjacent::B)), BY_NAME);
    assert_eq!(seldom(Adjacent::A(1, 2)), BY_NAME);
    assert_eq!(seldom(Flat { a: 1, rest: [("b".to_owned(), 2)].into() }), BY_NAME);
}

#[test]
fn a_type_that_reads_another_thing_than_it_writes_is_refused() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Odd(#[serde(deserialize_with = "odd")] u8);

    fn odd<'de, D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        let number = u8::deserialize(deserializer)?;
        if number % 2 == 1 { Ok(number) } else { Err(serde_core::de::Error::custom("even")) }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        #[serde(rename(serialize = "written", deserialize = "read"))]
        a: u8,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Forgetful {
        #[serde(rename(serialize = "written", deserialize = "read"), default)]
        a: u8,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Hiding {
        #[serde(skip_serializing)]
        a: u8,
        b: u8,
    }

    /// An enum whose second variant serde takes for the first.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Hasty {
        Signed(i64),
        Unsigned(u32),
    }

    assert_eq!((stored(Odd(1)), stored(Odd(2))), (BY_ALL, BY_NONE));
    assert_eq!((seldom(Odd(1)), seldom(Odd(2))), (BY_ALL, BY_NONE));
    assert_eq!(stored(Renamed { a: 1 }), [true, true, false, false]);
    assert_eq!(stored(Forgetful { a: 1 }), [true, true, false, false]);
    assert_eq!(stored(Forgetful { a: 0 }), BY_ALL);
    assert_eq!(stored(Hiding { a: 1, b: 2 }), BY_NONE);
    assert_eq!((stored(Hasty::Signed(1)), stored(Hasty::Unsigned(1))), (BY_NAME, BY_NONE));
}

#[test]
fn the_refusal_names_the_codec_that_would_do() {
    let refusal = |codec: &Codec, value: &serde_json::Value| {
        let of = Fingerprint::of::<serde_json::Value>();
        write(value, codec, of, Bounds::default(), &mut Vec::new()).unwrap_err().to_string()
    };
    for codec in [Codec::Bincode, Codec::Postcard] {
        let error = refusal(&codec, &serde_json::json!([1]));
        assert!(error.ends_with("; `codec = Codec::MessagePack` would do"), "{error}");
    }
    // JSON has no keys that are bytes, so another codec is named.
    let of = Fingerprint::of::<BTreeMap<Vec<u8>, f64>>();
    let error =
        write(&BTreeMap::from([(vec![1], 1.0)]), &Codec::Json, of, Bounds::default(), &mut Vec::new())
            .unwrap_err();
    assert!(error.to_string().ends_with("; `codec = Codec::Bincode` would do"), "{error}");
}

#[test]
fn types_of_the_standard_library_come_back() {
    let ip = IpAddr::from([127, 0, 0, 1]);
    assert_eq!(stored((ip, Duration::new(1, 5), SystemTime::UNIX_EPOCH, 'ß', u128::MAX, i128::MIN)), BY_ALL);
    assert_eq!(stored((BTreeMap::from([(i128::MIN, -0.0)]), BTreeSet::from([Some(1)]))), BY_ALL);
    assert_eq!(stored(HashMap::from([(true, f32::MIN_POSITIVE)])), BY_ALL);
    assert_eq!(stored(BTreeMap::from([('x', vec![Ok::<u8, String>(1), Err("no".into())])])), BY_ALL);
    assert_eq!(stored(BTreeMap::from([((1, 2), 3)])), [true, true, true, false]);
    assert_eq!(stored(Some(None::<u8>)), [true, true, false, false]);
    assert_eq!(stored(f64::INFINITY), [true, true, true, false]);
    assert_eq!(seldom(f32::INFINITY), [true, true, true, false]);
}

thread_local! {
    static READ: Cell<u32> = const { Cell::new(0) };
}

/// A value is read back before it is stored, unless serde's own code alone reads its type.
#[test]
fn only_values_that_user_code_reads_are_read_back() {
    #[derive(Debug, PartialEq, Serialize)]
    struct Counted(u8);

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let read = u8::deserialize(deserializer).map(Self)?;
            READ.set(READ.get() + 1);
            Ok(read)
        }
    }

    let of = Fingerprint::of::<Counted>();
    assert!(of.is_whole && !of.is_plain);
    write(&Counted(1), &Codec::Bincode, of, Bounds::default(), &mut Vec::new()).unwrap();
    assert_eq!(READ.get(), 1, "read back, and never asked with a value of ours");
    let plain = Fingerprint::of::<Vec<(u8, Option<HashMap<String, u64>>)>>();
    assert!(plain.is_plain && plain.is_whole);
}
