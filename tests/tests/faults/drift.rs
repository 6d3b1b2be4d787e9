//! Two releases of a program on one backend, and types that no codec gives back: misses and refusals, never another
//! value.
//!
//! Types of two blocks of one function have one name, as those of two releases have.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use cache_memoize::{Codec, ErrorKind, EventKind, Memory, Redis, Shared, cache_memoize, observe};
use cache_memoize_tests::servers::RedisServer;
use serde::{Deserialize, Serialize};

use crate::subject::AMPLE;

/// A day, as date libraries write it: rejects what is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Date(String);

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.starts_with("20") { Ok(Self(text)) } else { Err("it is no date") }
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.0
    }
}

fn day() -> Date {
    Date("2026-11-30".into())
}

// What the second release finds of what the first one stored, in each codec, on a server. `{types} {types}` of the first
// and of the second, then the type of the result and a value of it.
macro_rules! releases {
    ({$($one:item)*} {$($other:item)*} $type:ty = $value:expr) => {{
        let server = RedisServer::start();
        [Codec::Bincode, Codec::Postcard, Codec::MessagePack, Codec::Json].map(|codec| {
            let is_by_name = matches!(codec, Codec::MessagePack | Codec::Json);
            let redis = Redis::builder().url(server.url()).timeout(AMPLE).codec(codec).build().unwrap();
            {
                $(#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)] #[allow(dead_code)] $one)*
                #[cache_memoize(ttl = 600, skip(redis), backend = redis, prefix = "release")]
                fn first(redis: &Redis) -> $type {
                    let _ = redis;
                    $value
                }

                first_invalidate(&redis).unwrap();
                assert_eq!(first(&redis), $value);
                let found = first_peek(&redis).unwrap();
                // Where fields have no names, some types are not stored at all.
                assert!(found == Some($value) || (found.is_none() && !is_by_name), "{found:?}");
            }
            {
                $(#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)] #[allow(dead_code)] $other)*
                #[cache_memoize(ttl = 600, skip(redis), backend = redis, prefix = "release")]
                #[allow(dead_code, reason = "only its entries are looked up")]
                fn second(redis: &Redis) -> $type {
                    let _ = redis;
                    unreachable!("only looked up")
                }

                second_peek(&redis).unwrap().map(|value| format!("{value:?}"))
            }
        })
    }};
}

#[test]
fn a_map_whose_keys_are_checked() {
    let found = releases!(
        { struct Price { low: f64, high: f64 } }
        { struct Price { high: f64, low: f64 } }
        BTreeMap<Date, Price> = [(day(), Price { low: 1.0, high: 9.0 })].into()
    );
    assert_eq!(found, [None, None, None, None]);
}

#[test]
fn a_tuple_whose_first_place_is_checked() {
    let found = releases!(
        { struct Price { low: f64, high: f64 } }
        { struct Price { high: f64, low: f64 } }
        Vec<(Date, Price)> = vec![(day(), Price { low: 1.0, high: 9.0 })]
    );
    assert_eq!(found, [None, None, None, None]);
    let found = releases!(
        { enum State { Open, Closed } enum At { Never, On(Date, State) } }
        { enum State { Pending, Open, Closed } enum At { Never, On(Date, State) } }
        At = At::On(day(), State::Closed)
    );
    // By name it is the right value, and would be a hit if nothing but the position had changed.
    assert_eq!(found[..2], [None, None]);
    assert!(found[2..].iter().flatten().all(|found| found.contains("Closed")), "{found:?}");
}

#[test]
fn what_is_behind_untagged() {
    let found = releases!(
        { #[serde(untagged)] enum Id { Number(u64), Name(String) } }
        { #[serde(untagged)] enum Id { Float(f64), Number(u64), Name(String) } }
        (Id, u8) = (Id::Number(7), 1)
    );
    assert_eq!(found, [None, None, None, None]);
}

#[test]
fn a_variant_among_hundreds() {
    let found = releases!(
        { enum Kind { V0, V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12, V13, V14, V15, V16, V17, V18, V19, V20, V21, V22, V23, V24, V25, V26, V27, V28, V29, V30, V31, V32, V33, V34, V35, V36, V37, V38, V39, V40, V41, V42, V43, V44, V45, V46, V47, V48, V49, V50, V51, V52, V53, V54, V55, V56, V57, V58, V59, V60, V61, V62, V63, V64, V65, V66, V67, V68, V69, V70, V71, V72, V73, V74, V75, V76, V77, V78, V79, V80, V81, V82, V83, V84, V85, V86, V87, V88, V89, V90, V91, V92, V93, V94, V95, V96, V97, V98, V99, V100, V101, V102, V103, V104, V105, V106, V107, V108, V109, V110, V111, V112, V113, V114, V115, V116, V117, V118, V119, V120, V121, V122, V123, V124, V125, V126, V127, V128, V129, V130, V131, V132, V133, V134, V135, V136, V137, V138, V139, V140, V141, V142, V143, V144, V145, V146, V147, V148, V149, V150, V151, V152, V153, V154, V155, V156, V157, V158, V159, V160, V161, V162, V163, V164, V165, V166, V167, V168, V169, V170, V171, V172, V173, V174, V175, V176, V177, V178, V179, V180, V181, V182, V183, V184, V185, V186, V187, V188, V189, V190, V191, V192, V193, V194, V195, V196, V197, V198, V199, Last { from: u32, to: u32 } } struct Two(Kind, Kind); }
        { enum Kind { V0, V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12, V13, V14, V15, V16, V17, V18, V19, V20, V21, V22, V23, V24, V25, V26, V27, V28, V29, V30, V31, V32, V33, V34, V35, V36, V37, V38, V39, V40, V41, V42, V43, V44, V45, V46, V47, V48, V49, V50, V51, V52, V53, V54, V55, V56, V57, V58, V59, V60, V61, V62, V63, V64, V65, V66, V67, V68, V69, V70, V71, V72, V73, V74, V75, V76, V77, V78, V79, V80, V81, V82, V83, V84, V85, V86, V87, V88, V89, V90, V91, V92, V93, V94, V95, V96, V97, V98, V99, V100, V101, V102, V103, V104, V105, V106, V107, V108, V109, V110, V111, V112, V113, V114, V115, V116, V117, V118, V119, V120, V121, V122, V123, V124, V125, V126, V127, V128, V129, V130, V131, V132, V133, V134, V135, V136, V137, V138, V139, V140, V141, V142, V143, V144, V145, V146, V147, V148, V149, V150, V151, V152, V153, V154, V155, V156, V157, V158, V159, V160, V161, V162, V163, V164, V165, V166, V167, V168, V169, V170, V171, V172, V173, V174, V175, V176, V177, V178, V179, V180, V181, V182, V183, V184, V185, V186, V187, V188, V189, V190, V191, V192, V193, V194, V195, V196, V197, V198, V199, Last { to: u32, from: u32 } } struct Two(Kind, Kind); }
        Option<Two> = Some(Two(Kind::V7, Kind::Last { from: 1, to: 2 }))
    );
    assert_eq!(found, [None, None, None, None]);
}

/// A type that must be seen before it is read, seldom there: not stored where fields have no names, and told.
#[test]
fn a_value_that_could_not_be_read_back() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Note {
        Text { text: String },
        Empty,
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Document {
        id: u64,
        note: Option<Note>,
    }
    #[cache_memoize(ttl = 600, skip(shared), backend = shared, prefix = "seldom-read-back")]
    fn document(shared: &Shared, id: u64) -> Document {
        let _ = shared;
        let note = id.is_multiple_of(2).then(|| Note::Text { text: "rare".into() });
        Document { id, note }
    }
    static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    observe(|event| {
        if event.message.contains("seldom-read-back") {
            assert_eq!(event.kind, EventKind::Refused);
            TOLD.lock().unwrap().push(event.message.clone());
        }
    });

    let shared = Shared::from(Memory::new(100));
    for _ in 0..5 {
        assert_eq!(document(&shared, 1).note, None);
        assert!(document(&shared, 2).note.is_some());
    }
    let stats = document_stats(&shared);
    assert_eq!((stats.hits, stats.misses, stats.stores), (4, 6, 1), "{stats:#}");
    let told = TOLD.lock().unwrap().clone();
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.contains("as Bincode") && told.contains("`codec = Codec::MessagePack` would do"), "{told}");
    let refused = Document { id: 3, note: Some(Note::Empty) };
    for error in
        [document_set(&shared, 3, refused.clone()).unwrap_err(), document_refresh(&shared, 2).unwrap_err()]
    {
        assert_eq!(error.kind(), ErrorKind::Codec);
        assert!(error.to_string().contains("Codec::MessagePack"), "{error}");
    }
    assert_eq!(document_peek(&shared, 3).unwrap(), None);
    document_set(&shared, 3, Document { note: None, ..refused.clone() }).unwrap();

    #[cache_memoize(ttl = 600, backend = *NAMED, codec = Codec::MessagePack)]
    fn named(id: u64) -> Document {
        Document { id, note: Some(Note::Empty) }
    }
    assert_eq!(named(3), refused);
    assert_eq!(named(3), refused);
    named_set(3, Document { id: 4, ..refused }).unwrap();
    assert_eq!((named(3).id, named_stats().hits), (4, 2));
}

static NAMED: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(100)));

const CHILD: &str = "CACHE_MEMOIZE_TESTS_EXIT_AT_A_PANIC";

/// To see the shape of a type raises no panic: with a hook that ends the process, or `panic = "abort"`, it goes on.
#[test]
fn no_type_panics_at_what_the_program_never_stored() {
    let me = std::env::current_exe().unwrap();
    let mut child = Command::new(me);
    child.args(["drift::in_a_process_that_ends_at_a_panic", "--exact", "--nocapture"]).env(CHILD, "1");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("all were hits"), "{output:?}");
}

#[test]
fn in_a_process_that_ends_at_a_panic() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::exit(3);
    }));

    /// An address, trusted to be one.
    #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(from = "String", into = "String")]
    struct Host(std::net::Ipv4Addr);
    impl From<String> for Host {
        fn from(text: String) -> Self {
            Self(text.parse().expect("we write nothing but addresses"))
        }
    }
    impl From<Host> for String {
        fn from(host: Host) -> Self {
            host.0.to_string()
        }
    }

    /// A range, trusted not to be empty.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(from = "(u8, u8)", into = "(u8, u8)")]
    struct Range(u8, u8);
    impl From<(u8, u8)> for Range {
        fn from((from, to): (u8, u8)) -> Self {
            assert!(from < to, "never stored");
            Self(from, to)
        }
    }
    impl From<Range> for (u8, u8) {
        fn from(range: Range) -> Self {
            (range.0, range.1)
        }
    }

    type Everything = (Host, Vec<(Host, Range)>, BTreeMap<Host, Option<Range>>, Result<Range, [Host; 2]>);
    macro_rules! each {
        ($($codec:ident)*) => {$({
            #[cache_memoize(ttl = 600, skip(shared), backend = shared, codec = Codec::$codec)]
            fn everything(shared: &Shared) -> Everything {
                let _ = shared;
                let host = || Host([10, 0, 0, 7].into());
                let map = [(host(), Some(Range(2, 3)))].into();
                (host(), vec![(host(), Range(2, 5))], map, Err([host(), host()]))
            }

            let shared = Shared::from(Memory::new(100));
            assert_eq!(everything(&shared), everything(&shared));
            assert_eq!(everything_stats(&shared).hits, 1, stringify!($codec));
        })*};
    }
    each!(Bincode Postcard MessagePack Json);
    println!("all were hits");
}
