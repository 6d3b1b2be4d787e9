//! What a value takes in memory when it is read is bounded, and what is stored obeys the same bound: a value that
//! could not be read back is refused aloud, and never stored.

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet, HashMap, LinkedList, VecDeque};
use std::sync::Mutex;

use cache_memoize::{Codec, ErrorKind, EventKind, Memory, Shared, cache_memoize, observe};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::backends::custom_backend::Map;

const CODECS: [Codec; 4] = [Codec::Bincode, Codec::Postcard, Codec::MessagePack, Codec::Json];

const BOUND: usize = 4 << 20;

trait Value: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static> Value for T {}

#[cache_memoize(backend = store, skip(store, value), prefix = "kept")]
fn kept<T: Value>(store: &Shared, value: T) -> T {
    value
}

/// With a codec, all of it comes back, or nothing is stored and what would have stored it says why. Whether it comes
/// back.
#[track_caller]
fn comes_back<T: Value>(codec: &Codec, value: &T) -> bool {
    let store = Shared::builder(Map::default()).codec(codec.clone()).max_decoded_size(BOUND).build();
    let of = format!("{codec:?} {}", type_name::<T>());
    let set = kept_set(&store, value.clone());
    let peeked = kept_peek::<T>(&store).unwrap();
    match &set {
        Ok(()) => assert!(peeked.as_ref() == Some(value), "{of}: stored and not read"),
        Err(error) => {
            assert!(peeked.is_none(), "{of}");
            assert_eq!(error.kind(), ErrorKind::Codec, "{of}: {error}");
            let text = error.to_string();
            assert!(text.contains("could not be read back"), "{of}: {text}");
            let too_large = text.contains("max_decoded_size") && text.contains(&BOUND.to_string());
            assert!(too_large || text.contains("more elements than its bytes"), "{of}: {text}");
        }
    }
    // A refresh says the same; a call has its value, and stores only what can be read.
    assert_eq!(kept_refresh(&store, value.clone()).is_ok(), set.is_ok(), "{of}");
    assert!(kept(&store, value.clone()) == *value, "{of}");
    assert_eq!(kept_peek::<T>(&store).unwrap().is_some(), set.is_ok(), "{of}");
    set.is_ok()
}

#[track_caller]
fn come_back<T: Value>(value: &T) -> [bool; 4] {
    CODECS.each_ref().map(|codec| comes_back(codec, value))
}

type Wide = Option<[u64; 16]>;

/// Of no bytes where fields have places, and of some where they have names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Silent {
    #[serde(skip)]
    filler: [u64; 16],
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct WideAndSilent {
    #[serde(skip)]
    filler: [[u64; 32]; 8],
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Boxed {
    Nothing,
    Something(Box<[[u64; 32]; 32]>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "a byte that becomes much is what this is about")]
enum Huge {
    Nothing,
    Something([[u64; 32]; 32]),
}

#[test]
fn a_long_list_of_nothing_is_read_back_or_refused() {
    const MANY: usize = 60_000;
    assert_eq!(come_back(&vec![None::<[u64; 16]>; MANY]), [false; 4]);
    assert_eq!(come_back(&VecDeque::from(vec![None::<[u64; 16]>; MANY])), [false; 4]);
    assert_eq!(come_back(&vec![Silent::default(); MANY]), [false; 4]);
    assert_eq!(come_back(&(0..MANY).map(|_| Wide::None).collect::<LinkedList<_>>()), [false; 4]);
    come_back(&vec![(); MANY]);
    come_back(&vec![(); 1_000]);
    come_back(&vec![Boxed::Nothing; MANY]);
}

#[test]
fn a_short_list_of_something_huge_is_read_back_or_refused() {
    // 256 KiB each, in memory, and a byte in an entry.
    let nothing = |n: usize| (0..n).map(|_| Box::new(Huge::Nothing)).collect::<Vec<_>>();
    assert_eq!(come_back(&nothing(10)), [true; 4]);
    assert_eq!(come_back(&nothing(1_000)), [false; 4]);
    come_back(&(0..60).map(|_| Some(Box::new(Huge::Nothing))).collect::<Vec<_>>());
    come_back(&(0..300).map(|n| (n, Box::new(Huge::Nothing))).collect::<HashMap<u16, _>>());
    come_back(&(0..300).map(|n| (n, Box::new(Huge::Nothing))).collect::<BTreeMap<u16, _>>());
    for n in [1, 5, 16, 17, 18, 20, 30, 40, 100, 1_000] {
        come_back(&vec![WideAndSilent::default(); n]);
        come_back(&(0..n).map(|n| (n as u8, WideAndSilent::default())).collect::<BTreeMap<_, _>>());
    }
    come_back(&vec![Silent::default(); 63]);
    come_back(&vec![Silent::default(); 300]);
    come_back(&vec![Silent::default(); 3_000]);
}

#[test]
fn what_fits_is_read_back() {
    assert_eq!(come_back(&vec![7_u64; 100_000]), [true; 4]);
    assert_eq!(come_back(&vec![7_u8; 100_000]), [true; 4]);
    assert_eq!(come_back(&"text".repeat(100_000)), [true; 4]);
    assert_eq!(come_back(&vec![None::<[u64; 16]>; 10_000]), [true; 4]);
    assert_eq!(come_back(&(0..20_000).map(|n| (n, n)).collect::<HashMap<u64, u64>>()), [true; 4]);
    assert_eq!(come_back(&(0..20_000).map(|n| (n, n)).collect::<BTreeMap<u64, u64>>()), [true; 4]);
    assert_eq!(come_back(&(0..20_000).collect::<BTreeSet<u64>>()), [true; 4]);
    assert_eq!(come_back(&vec![vec![1_u32; 3]; 10_000]), [true; 4]);
}

#[test]
fn by_default_there_is_room_for_much() {
    let store = Shared::from(Memory::new(100));
    let value = vec![Wide::None; 300_000];
    kept_set(&store, value.clone()).unwrap();
    assert!(kept_peek::<Vec<Wide>>(&store).unwrap() == Some(value));
    let error = kept_set(&store, vec![None::<[[u64; 16]; 16]>; 100_000]).unwrap_err().to_string();
    assert!(error.contains("max_decoded_size") && error.contains("268435456"), "{error}");
}

/// The event of a refusal names the function's key, what it would take, and the setting.
#[test]
fn a_refusal_is_told() {
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    observe(|event| {
        if event.kind == EventKind::Refused {
            TOLD.lock().unwrap().push(event.to_string());
        }
    });
    #[cache_memoize(backend = store, skip(store))]
    fn told(store: &Shared) -> Vec<Wide> {
        vec![None; 100_000]
    }
    let store = Shared::builder(Map::default()).max_decoded_size(54_321).build();
    for _ in 0..3 {
        assert_eq!(told(&store).len(), 100_000);
    }
    assert_eq!((told_stats(&store).hits, told_stats(&store).stores, told_stats(&store).errors), (0, 0, 3));
    let told = TOLD.lock().unwrap();
    let about: Vec<_> = told.iter().filter(|event| event.contains("54321")).collect();
    assert_eq!(about.len(), 1, "{told:?}");
    assert!(about[0].contains("max_decoded_size") && about[0].contains("told"), "{about:?}");
}
