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
const LONGEST_LINE: usize = 64 << 10;
/// Our scripts answer with arrays of strings and numbers.
const DEEPEST: usize = 8;

/// Bytes that were read and not yet understood.
pub(super) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; ROOM], start: 0, end: 0 }
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
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
    }
}

/// An answer, or the beginning of one with parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Element<'b> {
    Nil,
    String(&'b [u8]),
    Number(i64),
    /// How many elements follow.
    Array(usize),
    Status(&'b [u8]),
    /// As it was sent, with what is around it.
    Error(&'b [u8]),
}

/// The element that some bytes begin with, and how long it is; none if it is not all there.
pub(super) fn element(bytes: &[u8]) -> Result<Option<(Element<'_>, usize)>, Failure> {
    let Some(newline) = bytes.iter().take(LONGEST_LINE).position(|&byte| byte == b'\n') else {
        return if bytes.len() < LONGEST_LINE { Ok(None) } else { Err(garbage()) };
    };
    let [kind, line @ .., b'\r'] = &bytes[..newline] else { return Err(garbage()) };
    let length = newline + 1;
    let element = match kind {
        b'$' => {
            let Some(size) = size(line)? else { return Ok(Some((Element::Nil, length))) };
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

/// The whole answer that some bytes begin with, and how long it is; none if it is not all there.
pub(super) fn value(bytes: &[u8]) -> Result<Option<(Value, usize)>, Failure> {
    nested(bytes, DEEPEST)
}

fn nested(bytes: &[u8], depth: usize) -> Result<Option<(Value, usize)>, Failure> {
    let Some((element, mut length)) = element(bytes)? else { return Ok(None) };
    let value = match element {
        Element::Nil => Value::Nil,
        Element::String(string) => Value::BulkString(string.to_vec()),
        Element::Number(number) => Value::Int(number),
        Element::Status(b"OK") => Value::Okay,
        Element::Status(status) => Value::SimpleString(String::from_utf8_lossy(status).into_owned()),
        Element::Error(line) => ::redis::parse_redis_value(line).map_err(|_| garbage())?,
        Element::Array(_) if depth == 0 => return Err(garbage()),
        Element::Array(count) => {
            // It is to be believed when it is there.
            let mut values = Vec::with_capacity(count.min(64));
            for _ in 0..count {
                let Some((value, more)) = nested(&bytes[length..], depth - 1)? else { return Ok(None) };
                values.push(value);
                length += more;
            }
            Value::Array(values)
        }
    };
    Ok(Some((value, length)))
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
        b"*4\r\n$3\r\na\r\n\r\n$-1\r\n:-7\r\n*1\r\n+OK\r\n-WRONGTYPE no\r\n$0\r\n\r\n*-1\r\n";

    fn all(mut bytes: &[u8]) -> Vec<Value> {
        let mut values = Vec::new();
        while let Some((value, length)) = value(bytes).unwrap() {
            values.push(value);
            bytes = &bytes[length..];
        }
        assert_eq!(bytes, b"");
        values
    }

    #[test]
    fn answers_are_what_the_client_says() {
        let ours = all(ANSWERS);
        let mut parser = ::redis::Parser::new();
        let mut bytes = ANSWERS;
        let theirs: Vec<Value> = (0..ours.len()).map(|_| parser.parse_value(&mut bytes).unwrap()).collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn what_is_cut_short_is_waited_for() {
        let (_, first) = value(ANSWERS).unwrap().unwrap();
        for end in 0..first {
            assert_eq!(value(&ANSWERS[..end]).unwrap(), None, "{end}");
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
        ] {
            assert_eq!(value(bytes.as_bytes()).unwrap_err().what, What::Dropped, "{bytes:?}");
        }
        for bytes in ["$9223372036854775807\r\n", "*9223372036854775807\r\n"] {
            assert_eq!(value(bytes.as_bytes()).unwrap(), None, "{bytes:?}");
        }
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
