//! What servers answer, byte by byte: the second version of Redis' protocol, the one that connections begin with.
//!
//! The client has a parser, too. This one looks at the bytes where they were read to, so that a hit copies what it
//! keeps and nothing else; to take it apart costs a sixth.

use ::redis::Value;

use super::failure::{Failure, What};

/// Room for most answers.
const ROOM: usize = 8 << 10;
/// Nothing is read into less.
const LEAST: usize = 1 << 10;
/// A buffer that grew larger than this is given back.
const KEPT: usize = 64 << 10;
/// Longer lines than this are none.
const LONGEST_LINE: usize = 8 << 10;
/// Our scripts answer with arrays of strings and numbers.
const DEEPEST: usize = 8;
/// An answer with more parts than this was not asked for: the longest is about the 128 fences of one renewal.
const MOST_PARTS: usize = 256;
/// So many bytes more may be in the strings beside a value: generations, epochs.
const BESIDE: usize = 256;

/// Bytes that were read and not yet understood.
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// So many bytes that are to come belong to a string that is too long to be kept.
    unwanted: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; ROOM], start: 0, end: 0, unwanted: 0 }
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether everything that was asked for, and came, is understood.
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end && self.unwanted == 0
    }

    /// Whether bytes are still to come that will be dropped.
    pub(super) fn is_passing_over(&self) -> bool {
        self.unwanted > 0
    }

    /// So many bytes were understood.
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > KEPT {
                self.bytes = vec![0; ROOM];
            }
        }
    }

    /// The next bytes are dropped as they come.
    pub(super) fn pass_over(&mut self, count: usize) {
        self.unwanted = count;
        self.drop_unwanted();
    }

    fn drop_unwanted(&mut self) {
        let count = self.unwanted.min(self.end - self.start);
        self.unwanted -= count;
        self.consume(count);
    }

    /// Where more can be read to; never empty.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.end < LEAST {
            if self.start > 0 {
                self.bytes.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            if 2 * self.end > self.bytes.len() {
                self.bytes.resize(2 * self.bytes.len(), 0);
            }
        }
        &mut self.bytes[self.end..]
    }

    /// So many bytes were read.
    pub(super) fn filled(&mut self, count: usize) {
        self.end += count;
        if self.unwanted > 0 {
            self.drop_unwanted();
        }
    }
}

/// An answer, or the beginning of one with parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Element<'b> {
    Nil,
    String(&'b [u8]),
    /// A string that is longer than may be: how many bytes follow. They are to be [passed over](Inbox::pass_over).
    TooLong(usize),
    Number(i64),
    /// How many elements follow.
    Array(usize),
    Status(&'b [u8]),
    /// As it was sent, with what is around it.
    Error(&'b [u8]),
}

/// The line that some bytes begin with, and how long it is with its end.
fn line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Failure> {
    let Some(newline) = bytes.iter().take(LONGEST_LINE).position(|&byte| byte == b'\n') else {
        return if bytes.len() < LONGEST_LINE { Ok(None) } else { Err(garbage()) };
    };
    match &bytes[..newline] {
        [line @ .., b'\r'] => Ok(Some((line, newline + 1))),
        _ => Err(garbage()),
    }
}

/// The element that some bytes begin with, and how long it is; none if it is not all there. A string may have so many
/// bytes at most.
pub(super) fn element(bytes: &[u8], longest: usize) -> Result<Option<(Element<'_>, usize)>, Failure> {
    let Some((line, length)) = line(bytes)? else { return Ok(None) };
    let [kind, line @ ..] = line else { return Err(garbage()) };
    let element = match kind {
        b'$' => {
            let Some(size) = size(line)? else { return Ok(Some((Element::Nil, length))) };
            if size > longest {
                return Ok(Some((Element::TooLong(size.saturating_add(2)), length)));
            }
            let Some(rest) = bytes.get(length..length.saturating_add(size).saturating_add(2)) else {
                return Ok(None);
            };
            let Some(string) = rest.strip_suffix(b"\r\n") else { return Err(garbage()) };
            return Ok(Some((Element::String(string), length + size + 2)));
        }
        b'*' => size(line)?.map_or(Element::Nil, Element::Array),
        b':' => Element::Number(number(line)?),
        b'+' => Element::Status(line),
        b'-' => Element::Error(&bytes[..length]),
        _ => return Err(garbage()),
    };
    Ok(Some((element, length)))
}

/// Takes an answer apart as it comes. Each byte is looked at once, and what is kept is bounded by what was asked for.
pub(super) struct Parser {
    /// The arrays that have begun, and how many elements each will have.
    begun: Vec<(Vec<Value>, usize)>,
    /// How many elements more there may be, and how many bytes in their strings.
    parts: usize,
    bytes: usize,
    /// The longest string that can have been asked for.
    longest: usize,
    has_passed_over: bool,
}

impl Parser {
    /// For an answer with one string of at most so many bytes, and little beside it.
    pub(super) fn new(longest: usize) -> Self {
        let (begun, bytes, has_passed_over) = (Vec::new(), longest.saturating_add(BESIDE), false);
        Self { begun, parts: MOST_PARTS, bytes, longest, has_passed_over }
    }

    /// The answer, if it is all there.
    pub(super) fn next(&mut self, inbox: &mut Inbox) -> Result<Option<Value>, Failure> {
        loop {
            let Some((element, length)) = element(inbox.unread(), self.bytes)? else { return Ok(None) };
            let mut unwanted = 0;
            let value = match element {
                Element::Array(count) if count > 0 => {
                    if self.begun.len() == DEEPEST || count > self.parts {
                        return Err(garbage());
                    }
                    self.parts -= count;
                    self.begun.push((Vec::with_capacity(count), count));
                    None
                }
                Element::TooLong(rest) => {
                    unwanted = rest;
                    Some(self.stand_in()?)
                }
                element => {
                    if let Element::String(string) = &element {
                        self.bytes -= string.len();
                    }
                    Some(simple(element)?)
                }
            };
            inbox.consume(length);
            inbox.pass_over(unwanted);
            if let Some(answer) = value.and_then(|value| self.put(value)) {
                return Ok(Some(answer));
            }
        }
    }

    /// In the place of a string that is too long: so long that it is refused wherever its length is looked at. The
    /// memory is that of zeros, which the system does not give before it is written to.
    fn stand_in(&mut self) -> Result<Value, Failure> {
        if std::mem::replace(&mut self.has_passed_over, true) {
            return Err(garbage());
        }
        Ok(Value::BulkString(vec![0; self.longest.saturating_add(1)]))
    }

    /// Where it belongs. The whole answer, if that was the last of it.
    fn put(&mut self, mut value: Value) -> Option<Value> {
        loop {
            let Some((values, count)) = self.begun.last_mut() else { return Some(value) };
            values.push(value);
            if values.len() < *count {
                return None;
            }
            value = Value::Array(std::mem::take(values));
            self.begun.pop();
        }
    }
}

/// Without parts.
fn simple(element: Element<'_>) -> Result<Value, Failure> {
    Ok(match element {
        Element::Nil => Value::Nil,
        Element::String(string) => Value::BulkString(string.to_vec()),
        Element::Number(number) => Value::Int(number),
        Element::Status(b"OK") => Value::Okay,
        Element::Status(status) => Value::SimpleString(String::from_utf8_lossy(status).into_owned()),
        Element::Error(line) => ::redis::parse_redis_value(line).map_err(|_| garbage())?,
        Element::Array(_) => Value::Array(Vec::new()),
        Element::TooLong(_) => return Err(garbage()),
    })
}

/// None for what is not there.
fn size(line: &[u8]) -> Result<Option<usize>, Failure> {
    match number(line)? {
        -1 => Ok(None),
        size => usize::try_from(size).map(Some).map_err(|_| garbage()),
    }
}

fn number(line: &[u8]) -> Result<i64, Failure> {
    let text = std::str::from_utf8(line).map_err(|_| garbage())?;
    text.parse().map_err(|_| garbage())
}

/// The connection is of no use any more.
pub(super) fn garbage() -> Failure {
    Failure::new(What::Dropped, "the server answered with something that is not Redis' protocol")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: &[u8] =
        b"*4\r\n$3\r\na\r\n\r\n$-1\r\n:-7\r\n*1\r\n+OK\r\n-WRONGTYPE no\r\n$0\r\n\r\n*-1\r\n*0\r\n";
    const LONGEST: usize = 1000;

    fn put(inbox: &mut Inbox, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = inbox.room();
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            inbox.filled(count);
            bytes = &bytes[count..];
        }
    }

    /// The answers in some bytes that come in pieces.
    fn all(bytes: &[u8], piece: usize) -> Result<Vec<Value>, Failure> {
        let (mut inbox, mut parser, mut values) = (Inbox::new(), Parser::new(LONGEST), Vec::new());
        for piece in bytes.chunks(piece) {
            put(&mut inbox, piece);
            while let Some(value) = parser.next(&mut inbox)? {
                values.push(value);
                parser = Parser::new(LONGEST);
            }
        }
        Ok(values)
    }

    #[test]
    fn answers_are_what_the_client_says_however_they_come() {
        let mut parser = ::redis::Parser::new();
        let mut bytes = ANSWERS;
        let theirs: Vec<Value> = (0..5).map(|_| parser.parse_value(&mut bytes).unwrap()).collect();
        for piece in 1..=ANSWERS.len() {
            assert_eq!(all(ANSWERS, piece).unwrap(), theirs, "{piece}");
        }
    }

    #[test]
    fn garbage_is_no_answer_and_reserves_nothing() {
        for bytes in [
            "HTTP/1.1 400\r\n",
            "\r\n",
            "\n",
            ":\r\n",
            ":x\r\n",
            "$-2\r\n",
            "$1\r\nab\r\n",
            "*-2\r\n",
            "+OK\n",
            "%1\r\n",
            "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
            "*9223372036854775807\r\n",
            "*257\r\n",
            "*2\r\n*255\r\n",
            &"+".repeat(LONGEST_LINE),
        ] {
            assert_eq!(all(bytes.as_bytes(), 3).unwrap_err().what, What::Dropped, "{bytes:?}");
        }
        assert_eq!(all(b"$9223372036854775807\r\nx", 1).unwrap(), [Value::BulkString(vec![0; LONGEST + 1])]);
    }

    #[test]
    fn a_string_that_is_too_long_is_passed_over() {
        let long = format!("*3\r\n$5000\r\n{}\r\n$2\r\nok\r\n:1\r\n:2\r\n", "x".repeat(5000));
        let stand_in = Value::BulkString(vec![0; LONGEST + 1]);
        let array = Value::Array(vec![stand_in, Value::BulkString(b"ok".to_vec()), Value::Int(1)]);
        for piece in [1, 7, 4096, 10_000] {
            assert_eq!(all(long.as_bytes(), piece).unwrap(), [array.clone(), Value::Int(2)], "{piece}");
        }
        let together = format!("*2\r\n$800\r\n{0}\r\n$800\r\n{0}\r\n", "x".repeat(800));
        let [Value::Array(parts)] = &all(together.as_bytes(), 100).unwrap()[..] else { panic!("an array") };
        assert_eq!(parts[1], Value::BulkString(vec![0; LONGEST + 1]), "all strings share the limit");
        let mut inbox = Inbox::new();
        put(&mut inbox, b"$100000000\r\n");
        assert_eq!(element(inbox.unread(), LONGEST).unwrap(), Some((Element::TooLong(100_000_002), 12)));
        inbox.consume(12);
        inbox.pass_over(100_000_002);
        for _ in 0..10 {
            put(&mut inbox, &[b'x'; 1 << 20]);
        }
        assert!(!inbox.is_empty());
        assert_eq!(inbox.bytes.len(), ROOM, "nothing of it is kept");
    }

    #[test]
    fn an_inbox_keeps_what_is_unread() {
        let (mut inbox, mut expected) = (Inbox::new(), Vec::new());
        for round in 0..50_u8 {
            let room = inbox.room();
            let count = room.len().min(5000);
            room[..count].fill(round);
            inbox.filled(count);
            expected.extend(vec![round; count]);
            inbox.consume(300);
            expected.drain(..300);
            assert_eq!(inbox.unread(), expected);
        }
        inbox.consume(expected.len());
        assert!(inbox.unread().is_empty() && inbox.room().len() == ROOM);
    }
}
