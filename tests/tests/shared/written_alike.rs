//! Arguments that `Serialize` writes alike are one call on a shared backend. A build with debug assertions notices two
//! that differ, and tells once for each function.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, Mutex, Once};

use cache_memoize::{EventKind, Memory, Shared, cache_memoize, observe, register};
use serde::{Serialize, Serializer};

static STORE: LazyLock<Shared> = LazyLock::new(|| Shared::from(Memory::new(1_000)));

/// What was told of misuse in this process, by function.
fn told(of: &str) -> usize {
    TOLD.lock().unwrap().iter().filter(|function| function.contains(of)).count()
}

static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        observe(|event| {
            if event.kind == EventKind::Misuse && event.message.contains("have one key") {
                assert!(
                    event.message.contains("`Serialize`") && event.message.contains("`args_rewrite`"),
                    "{event}"
                );
                TOLD.lock().unwrap().push(event.function.clone());
            }
        });
    });
}

#[derive(Clone, Hash, PartialEq, Eq, Serialize)]
struct Caller {
    name: String,
    #[serde(skip)]
    tenant: u64,
}

fn caller(tenant: u64) -> Caller {
    Caller { name: "x".into(), tenant }
}

/// Never to be shown.
#[derive(Clone, Hash, PartialEq, Eq)]
struct Token(&'static str);

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("[secret]")
    }
}

#[derive(Clone, Hash, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Id {
    User(u64),
    Group(u64),
}

macro_rules! functions {
    ($($name:ident($argument:ident: $type:ty) [$($option:tt)*];)*) => {$(
        #[cache_memoize(backend = STORE, $($option)*)]
        fn $name($argument: $type) -> u8 {
            let _ = $argument;
            0
        }
    )*};
}

functions! {
    of_skipped(argument: &Caller) [];
    of_a_secret(argument: Token) [];
    of_untagged(argument: Id) [];
    of_one_in_a_tuple(argument: (u8, &Caller)) [];
    of_one_in_a_list(argument: &[Caller]) [];
    of_one_perhaps(argument: Option<Token>) [];
    of_redacted(argument: Token) [redact(argument)];
    of_rewritten(argument: &Caller) [args_rewrite = |argument| (1, argument.clone())];
    of_extra(argument: u8) [extra = if argument == 0 { Token("a") } else { Token("b") }, args_rewrite = |_argument| 0];
    of_equal(argument: Folded) [];
    of_several(argument: Spelled) [];
    of_rewritten_whole(argument: &Caller) [args_rewrite = |argument| (argument.name.clone(), argument.tenant)];
    of_no_hash(argument: Unhashed) [];
    of_floats(argument: f64) [];
    of_maps(argument: &HashMap<u8, u8>) [];
    of_a_key(argument: &Caller) [key = |argument| format!("written alike {}", argument.name)];
    of_many(argument: u64) [];
}

/// Equal and hashed by less than what is written: one value, several texts.
#[derive(Clone, Serialize)]
struct Spelled(&'static str);

impl PartialEq for Spelled {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}
impl Eq for Spelled {}
impl Hash for Spelled {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

/// Equal, hashed and written by the same part of itself.
#[derive(Clone, Serialize)]
struct Folded {
    id: u64,
    #[serde(skip)]
    #[expect(dead_code, reason = "what nobody looks at")]
    span: u64,
}

impl PartialEq for Folded {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
impl Eq for Folded {}
impl Hash for Folded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

#[derive(Clone, Serialize)]
struct Unhashed {
    #[serde(skip)]
    #[expect(dead_code, reason = "what nobody looks at")]
    all: u64,
}

#[test]
fn two_calls_with_one_text_are_told_once() {
    listen();
    for round in 0..2 {
        for tenant in [1, 1, 2, 3] {
            of_skipped(&caller(tenant));
            of_one_in_a_tuple((7, &caller(tenant)));
            of_one_in_a_list(&[caller(1), caller(tenant)]);
            of_rewritten(&caller(tenant));
        }
        for token in ["ada", "ada", "bob"] {
            of_a_secret(Token(token));
            of_one_perhaps(Some(Token(token)));
            of_redacted(Token(token));
        }
        of_untagged(Id::User(1));
        of_untagged(Id::Group(1));
        of_extra(0);
        of_extra(1);
        for name in [
            "of_skipped",
            "of_one_in_a_tuple",
            "of_one_in_a_list",
            "of_rewritten",
            "of_a_secret",
            "of_one_perhaps",
            "of_redacted",
            "of_untagged",
            "of_extra",
        ] {
            let times = TOLD.lock().unwrap().iter().filter(|told| told.ends_with(name)).count();
            assert_eq!(times, usize::from(cfg!(debug_assertions)), "{name}, {round}");
        }
    }
}

#[test]
fn companions_notice_as_well() {
    #[cache_memoize(backend = STORE)]
    async fn noticed_by_companions(argument: Token) -> u8 {
        let _ = argument;
        0
    }
    listen();
    wait(noticed_by_companions_invalidate(Token("ada"))).unwrap();
    wait(noticed_by_companions_peek(Token("bob"))).unwrap();
    assert_eq!(told("noticed_by_companions"), usize::from(cfg!(debug_assertions)));
    assert_eq!(wait(noticed_by_companions(Token("eve"))), 0);
    assert_eq!(told("noticed_by_companions"), usize::from(cfg!(debug_assertions)));
}

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_is_one_call_is_no_news() {
    listen();
    for n in [0, 1, 2] {
        of_equal(Folded { id: 1, span: n });
        of_rewritten_whole(&caller(n));
        of_no_hash(Unhashed { all: n });
        of_floats([0.0, -0.0, f64::NAN][n as usize]);
        of_floats(f64::from_bits(f64::NAN.to_bits() | n));
        of_maps(&(0..200).map(|key| (key, 0)).collect());
        of_a_key(&caller(n));
    }
    of_several(Spelled("a"));
    of_several(Spelled("A"));
    for n in (0..10_000).chain(0..10_000) {
        of_many(n);
    }
    for name in [
        "of_equal",
        "of_several",
        "of_rewritten_whole",
        "of_no_hash",
        "of_floats",
        "of_maps",
        "of_a_key",
        "of_many",
    ] {
        assert_eq!(told(name), 0, "{name}");
    }
}

/// Under a name, a memory encodes as a server does.
#[test]
fn under_a_name_too() {
    #[cache_memoize(backend = "written alike")]
    fn of_a_name(argument: &Caller) -> u64 {
        argument.tenant
    }
    listen();
    register("written alike", Memory::new(10));
    assert_eq!((of_a_name(&caller(1)), of_a_name(&caller(2))), (1, 1));
    assert_eq!(told("of_a_name"), usize::from(cfg!(debug_assertions)));
}
