//! What a server was asked: counts by command, or every command word by word.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::RedisServer;
use super::resp::{Connection, Value};

/// Counts by `INFO commandstats` before and after. It counts itself once in between.
pub(super) fn counted<T>(server: &RedisServer, work: impl FnOnce() -> T) -> (T, BTreeMap<String, u64>) {
    let mut connection = server.connect().expect("a connection to count with");
    let mut counts = || {
        let stats = connection.command(&["INFO", "commandstats"]).expect("an answer").expect("INFO").text();
        stats.lines().filter_map(count).collect::<BTreeMap<_, _>>()
    };
    let before = counts();
    let result = work();
    let mut during = counts();
    for (name, count) in &mut during {
        *count -= before.get(name).copied().unwrap_or(0) + u64::from(name == "info");
    }
    during.retain(|_, count| *count > 0);
    (result, during)
}

/// From `cmdstat_get:calls=3,usec=…`.
fn count(line: &str) -> Option<(String, u64)> {
    let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
    Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
}

/// Everything that clients send, by `MONITOR`. Commands that administrate (`CONFIG`, `SHUTDOWN`) and
/// passwords do not appear there.
pub struct Recording<'a> {
    server: &'a RedisServer,
    monitor: Connection,
}

/// A command as the server got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `address:port` of the client or `unix:` and the path; `lua` for a command that a script executes.
    pub client: String,
    /// Its words, the name first, as the client spelt them.
    pub words: Vec<Vec<u8>>,
}

impl Recorded {
    /// The name in upper case.
    pub fn name(&self) -> String {
        self.words.first().map(|name| String::from_utf8_lossy(name).to_uppercase()).unwrap_or_default()
    }

    /// Whether a script executed it, rather than a client.
    pub fn is_in_script(&self) -> bool {
        self.client == "lua"
    }
}

impl<'a> Recording<'a> {
    pub(super) fn begin(server: &'a RedisServer) -> Self {
        let mut monitor = server.connect().expect("a connection to record with");
        monitor.command(&["MONITOR"]).expect("an answer").expect("MONITOR");
        Self { server, monitor }
    }

    /// Ends it: every command that the server executed meanwhile, in that order.
    ///
    /// # Panics
    /// When the server does not answer, or has ended meanwhile.
    pub fn end(mut self) -> Vec<Recorded> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let mark = format!("end of recording {}", NUMBER.fetch_add(1, Relaxed));
        self.server.command(&["ECHO", &mark]).expect("ECHO");
        let mut commands = Vec::new();
        loop {
            let line = self.monitor.reply().expect("the next command");
            let command = parse(&line);
            if command.words.last().is_some_and(|word| word == mark.as_bytes()) {
                return commands;
            }
            commands.push(command);
        }
    }
}

/// From `1339518083.107412 [0 127.0.0.1:60866] "set" "key" "\x00value"`.
fn parse(line: &Value) -> Recorded {
    let Value::Bytes(line) = line else { panic!("not a line of MONITOR: {line:?}") };
    let line = String::from_utf8_lossy(line);
    let (client, words) = line
        .split_once("] \"")
        .and_then(|(head, words)| Some((head.split_once('[')?.1.split_once(' ')?.1, words)))
        .unwrap_or_else(|| panic!("not a line of MONITOR: {line}"));
    Recorded { client: client.to_owned(), words: words_of(words) }
}

/// The words, each between quotes and with escapes; the first quote is gone already.
fn words_of(text: &str) -> Vec<Vec<u8>> {
    let mut words = vec![Vec::new()];
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let word = words.last_mut().expect("never empty");
        match byte {
            b'"' => match bytes.nth(1) {
                Some(_) => words.push(Vec::new()),
                None => break,
            },
            b'\\' => word.push(match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'a') => 7,
                Some(b'b') => 8,
                Some(b'x') => {
                    let mut digit =
                        || bytes.next().and_then(|digit| char::from(digit).to_digit(16)).expect("a digit");
                    u8::try_from(digit() * 16 + digit()).expect("two digits")
                }
                Some(other) => other,
                None => break,
            }),
            other => word.push(other),
        }
    }
    words
}
