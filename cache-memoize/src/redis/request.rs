//! What is sent to a server for each thing a backend does, and what its answers mean. No I/O.
//!
//! Each request is harmless when it is carried out twice, which happens when a connection ends before the answer is
//! there and the request is sent again:
//!
//! - *read*, *unchanged* and *marks* change nothing, *renew* and *remove all* do the same again.
//! - *begin* takes another ticket, later than the first. At worst it counts as two computations, and its fence stays
//!   until the lease ends.
//! - *commit* and *release* find their fence gone, or stand for another computation that ends: its value is then not
//!   stored. A miss. Of a commit that expects something the fence remembers what became of it.
//! - *remove* and *expire* begin another epoch, *mark* marks again. Within the call, so their instant is merely later.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use ::redis::{Arg, Cmd, RedisWrite as _, Value};

use super::failure::{Failure, What};
use super::keys::{self, Keys};
use super::scripts::{self, Script};
use crate::backend::token;
use crate::backend::{
    Begin, Begun, Bucket, Commit, Expect, Fence, Group, Key, Leader, Left, Mark, Marks, Read, Stored, Token,
};
use crate::codec::envelope;

/// What is sent.
pub(super) struct Request {
    pub(super) cmd: Cmd,
    /// For messages.
    pub(super) doing: &'static str,
    script: Option<&'static Script>,
}

/// Who knows the generation of a group.
#[derive(Clone, Copy)]
pub(super) enum Generation<'a> {
    /// The script looks: its key is beside the value.
    Stored,
    /// We: its key is on another server.
    Known(&'a Token),
}

impl Request {
    fn plain(name: &str, arguments: usize, size: usize, doing: &'static str) -> Self {
        let mut cmd = Cmd::with_capacity(arguments + 1, name.len() + size);
        cmd.arg(name);
        Self { cmd, doing, script: None }
    }

    fn script(script: &'static Script, keys: &[&str], size: usize, doing: &'static str) -> Self {
        let length: usize = keys.iter().map(|key| key.len()).sum();
        let mut cmd = Cmd::with_capacity(12, 64 + length + size);
        cmd.arg("EVALSHA").arg(&script.digest).arg(keys.len());
        for key in keys {
            cmd.arg(key);
        }
        Self { cmd, doing, script: Some(script) }
    }

    /// The script on the value and its fence, and on the generation if that is beside them.
    fn entry(
        script: &'static Script,
        keys: &Keys<'_>,
        generation: Generation<'_>,
        doing: &'static str,
    ) -> Self {
        match generation {
            Generation::Stored => {
                Self::script(script, &[&keys.value, &keys.fence, &keys.generation], 192, doing)
            }
            Generation::Known(_) => Self::script(script, &[&keys.value, &keys.fence], 192, doing),
        }
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.cmd.write_arg(bytes);
        self
    }

    fn number(mut self, number: impl Display) -> Self {
        self.cmd.write_arg_fmt(number);
        self
    }

    fn flag(self, flag: bool) -> Self {
        self.bytes(if flag { b"1" } else { b"" })
    }

    /// The same with the script's text instead of its digest, for a server that does not know it. It knows it then.
    pub(super) fn spelled_out(&self) -> Option<Cmd> {
        let script = self.script?;
        let mut cmd = Cmd::new();
        cmd.arg("EVAL").arg(script.text);
        for argument in self.cmd.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                cmd.write_arg(bytes);
            }
        }
        Some(cmd)
    }
}

pub(super) const READING: &str = "reading a value";
pub(super) const STORING: &str = "storing a value";
pub(super) const COMPARING: &str = "comparing a value";
pub(super) const BEGINNING: &str = "beginning a computation";
pub(super) const LOOKING_AT_TAGS: &str = "looking at tags";
pub(super) const RENEWING: &str = "keeping a computation";

/// Value and generation in one command. It answers nil for what has another type.
fn read(key: &Key) -> Request {
    let value = keys::value(key.text());
    let generation = keys::Generation(key.group());
    let mut request = Request::plain("MGET", 2, value.len() + generation.len(), READING);
    request.cmd.arg(&*value);
    request.cmd.write_arg_fmt(generation);
    request
}

/// The same, and what is left of the value's lifetime.
pub(super) fn read_with_lifetime(keys: &Keys<'_>, place: Generation<'_>) -> Request {
    match place {
        Generation::Stored => Request::script(&scripts::READ, &[&keys.value, &keys.generation], 0, READING),
        Generation::Known(_) => Request::script(&scripts::READ, &[&keys.value], 0, READING),
    }
}

/// The value alone, or what is left of its lifetime, too. Where the script can look for the generation.
pub(super) fn read_as(key: &Key, read: Read) -> Request {
    if read.lifetime { read_with_lifetime(&Keys::of(key), Generation::Stored) } else { self::read(key) }
}

/// What [`read_as`] is answered with.
pub(super) fn was_read_as(answer: Value, read: Read) -> Result<Option<Stored>, Failure> {
    if !read.lifetime {
        return was_read(answer);
    }
    let (value, generation, left) = was_read_with_lifetime(answer)?;
    Ok(current(value, &generation).map(|value| Stored::new(value).left(left)))
}

/// What [`read_with_lifetime`] is answered with: the value with its stamp, the generation if the script looked, and what
/// is left.
pub(super) fn was_read_with_lifetime(answer: Value) -> Result<(Value, Value, Left), Failure> {
    let strange = Failure::strange(&answer);
    let Value::Array(parts) = answer else { return Err(strange) };
    match <[Value; 3]>::try_from(parts) {
        Ok([value, generation, Value::Int(left)]) => Ok((value, generation, as_left(left))),
        _ => Err(strange),
    }
}

/// The end of a value, its stamp included.
pub(super) fn unchanged(keys: &Keys<'_>, tail: &[u8], read: Read, place: Generation<'_>) -> Request {
    let request = match place {
        Generation::Stored => {
            Request::script(&scripts::UNCHANGED, &[&keys.value, &keys.generation], 16, COMPARING)
        }
        Generation::Known(_) => Request::script(&scripts::UNCHANGED, &[&keys.value], 16, COMPARING),
    };
    request.number(tail.len() + size_of::<Token>()).flag(read.lifetime)
}

/// What [`unchanged`] is answered with, as [`was_read_with_lifetime`].
pub(super) fn was_compared(answer: Value, tail: &[u8]) -> Result<(Option<Token>, Value, Left), Failure> {
    let (found, generation, left) = was_read_with_lifetime(answer)?;
    let stamp = match &found {
        Value::BulkString(found) => found.strip_prefix(tail).and_then(|stamp| stamp.try_into().ok()),
        _ => None,
    };
    Ok((stamp, generation, left))
}

/// In milliseconds, as the server says it: -1 for ever. What we say ourselves where it was not asked is no time.
pub(super) fn as_left(milliseconds: i64) -> Left {
    match (milliseconds, u64::try_from(milliseconds)) {
        (-1, _) => Left::Forever,
        (_, Ok(left)) => Left::For(Duration::from_millis(left)),
        _ => Left::Unknown,
    }
}

/// What is left of a value's lifetime. Before the value is read: then it is not that of a later one.
pub(super) fn write_pttl(value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"*2\r\n$4\r\nPTTL\r\n");
    write_argument(value, out);
}

/// The generations of some groups and some values in one command: how it begins. So many arguments follow.
pub(super) fn write_mget(arguments: usize, out: &mut Vec<u8>) {
    write_number(b'*', arguments + 1, out);
    out.extend_from_slice(b"$4\r\nMGET\r\n");
}

pub(super) fn write_argument(argument: &str, out: &mut Vec<u8>) {
    write_number(b'$', argument.len(), out);
    out.extend_from_slice(argument.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The key of a group's generation.
pub(super) fn write_generation(group: &Group, out: &mut Vec<u8>) {
    let generation = keys::Generation(group);
    write_number(b'$', generation.len(), out);
    // Writing to memory does not fail.
    let _ = write!(out, "{generation}\r\n");
}

fn write_number(kind: u8, number: usize, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(out, "{}{number}\r\n", char::from(kind));
}

/// What [`read`] is answered with.
fn was_read(answer: Value) -> Result<Option<Stored>, Failure> {
    match answer {
        Value::Array(both) => match <[Value; 2]>::try_from(both) {
            Ok([value, generation]) => Ok(current(value, &generation).map(Stored::new)),
            Err(both) => Err(Failure::strange(&Value::Array(both))),
        },
        other => Err(Failure::strange(&other)),
    }
}

/// The value without its stamp, if that is the generation. What is not there, or is no string, does not match.
pub(super) fn current(value: Value, generation: &Value) -> Option<Vec<u8>> {
    match (value, generation) {
        (Value::BulkString(mut value), Value::BulkString(generation)) => {
            let length = unstamped(&value, generation)?.len();
            // Moves nothing.
            value.truncate(length);
            Some(value)
        }
        _ => None,
    }
}

/// A value without its stamp, if that is the generation.
pub(super) fn unstamped<'v>(value: &'v [u8], generation: &[u8]) -> Option<&'v [u8]> {
    if generation.len() == size_of::<Token>() { value.strip_suffix(generation) } else { None }
}

/// Only for clusters.
pub(super) fn get(key: &str) -> Request {
    Request::plain("GET", 1, key.len(), READING).bytes(key.as_bytes())
}

/// Only for clusters.
pub(super) fn generation(keys: &Keys<'_>) -> Request {
    Request::script(&scripts::GENERATION, &[&keys.generation], 64, "beginning a generation").bytes(&token())
}

pub(super) fn begin(keys: &Keys<'_>, begin: &Begin, generation: Generation<'_>) -> Request {
    let known = match generation {
        Generation::Stored => token(),
        Generation::Known(generation) => *generation,
    };
    let request = Request::entry(&scripts::BEGIN, keys, generation, BEGINNING)
        .bytes(&begin.token)
        .number(milliseconds(begin.lease))
        .flag(begin.over)
        .flag(begin.lead)
        .bytes(&known);
    let request = match &begin.joining {
        Some(fence) => request.bytes(&fence.epoch).bytes(&fence.generation).number(fence.ticket),
        None => request.bytes(b"").bytes(b"").number(0),
    };
    let request = match &begin.instead_of {
        Some(before) => request.bytes(&before.name).bytes(before.sign.as_deref().unwrap_or_default()),
        None => request.bytes(b"").bytes(b""),
    };
    let request = match begin.waited_for {
        Some(ticket) => request.number(ticket),
        None => request.bytes(b""),
    };
    request.flag(begin.lifetime)
}

/// What [`begin`] is answered with.
pub(super) fn was_begun(answer: Value, token: Token) -> Result<Begun, Failure> {
    let strange = Failure::strange(&answer);
    let Value::Array(answer) = answer else { return Err(strange) };
    let mut parts = answer.into_iter();
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Value::Int(0)), Some(Value::BulkString(mut value)), Some(Value::Int(left)), _) => {
            value.truncate(value.len().saturating_sub(size_of::<Token>()));
            Ok(Begun::Value(Stored::new(value).left(as_left(left))))
        }
        (Some(Value::Int(1)), ..) => Ok(Begun::Standing),
        (Some(Value::Int(2)), ..) => Ok(Begun::LedByAnother),
        (Some(Value::Int(3)), Some(generation), Some(epoch), Some(Value::Int(ticket))) => {
            let (Some(generation), Some(epoch), Ok(ticket)) =
                (as_token(&generation), as_token(&epoch), ticket.try_into())
            else {
                return Err(strange);
            };
            Ok(Begun::Fence(Fence { token, generation, epoch, ticket }))
        }
        _ => Err(strange),
    }
}

/// Nobody waits for the answer of a [`begin`] that would lead: leads no more, if it did begin. Sent on the same
/// connection, so that it is carried out after it, and in full, for nobody reads the answer.
pub(super) fn regret(keys: &Keys<'_>, token: &Token, channel: &str) -> Regret {
    Regret(end(keys, token, channel, Ending::Unsure))
}

/// See [`regret`].
pub(super) struct Regret(Request);

impl Regret {
    pub(super) fn cmd(&self) -> Cmd {
        self.0.spelled_out().unwrap_or_else(|| self.0.cmd.clone())
    }
}

/// How a computation ends that stores nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Perhaps it did not begin.
    Unsure,
    /// It was given up.
    GivenUp,
    /// It was carried out.
    Failed,
}

pub(super) fn end(keys: &Keys<'_>, token: &Token, channel: &str, ending: Ending) -> Request {
    Request::script(&scripts::RELEASE, &[&keys.value, &keys.fence], 96, "ending a computation")
        .bytes(token)
        .bytes(channel.as_bytes())
        .flag(ending == Ending::Unsure)
        .flag(ending == Ending::Failed)
}

/// Who leads: a plain command on the fence, which needs no script.
pub(super) fn leader(keys: &Keys<'_>) -> Request {
    let request = Request::plain("HMGET", 4, keys.fence.len() + 3, "looking for a leader");
    request.bytes(keys.fence.as_bytes()).bytes(b"o").bytes(b"u").bytes(b"l")
}

/// What [`leader`] is answered with. In what somebody else wrote there may be anything.
pub(super) fn was_led(answer: Value) -> Result<Option<Leader>, Failure> {
    let Value::Array(parts) = &answer else { return Err(Failure::strange(&answer)) };
    let [name, sign, ticket] = parts.as_slice() else { return Err(Failure::strange(&answer)) };
    let Value::BulkString(name) = name else { return Ok(None) };
    let text = |value: &Value| match value {
        Value::BulkString(text) => text.clone(),
        _ => Vec::new(),
    };
    let ticket = String::from_utf8(text(ticket)).ok().and_then(|ticket| ticket.parse().ok());
    Ok(Some(Leader::new(name.clone(), text(sign), ticket.unwrap_or(u64::MAX))))
}

pub(super) fn commit(
    keys: &Keys<'_>,
    commit: &Commit<'_>,
    channel: &str,
    generation: Generation<'_>,
) -> Request {
    let fence = commit.fence;
    let mut request = Request::entry(&scripts::COMMIT, keys, generation, STORING)
        .bytes(&fence.token)
        .bytes(&fence.generation)
        .bytes(&fence.epoch)
        .number(fence.ticket)
        .number(lifetime(commit.kept()))
        .flag(commit.refresh)
        .bytes(channel.as_bytes());
    match commit.value {
        Some(value) => stamped(&mut request.cmd, value, &fence.generation),
        None => request = request.bytes(b""),
    }
    match commit.expect {
        None => request.bytes(b"").bytes(b""),
        Some(Expect::Nothing) => request.bytes(b"0").bytes(b""),
        Some(Expect::Tail(tail)) => request.bytes(b"1").bytes(tail),
    }
}

/// What [`commit`] is answered with.
pub(super) fn was_committed(answer: Value) -> Result<bool, Failure> {
    match answer {
        Value::Int(2) => Err(unknown()),
        answer => was_done(answer),
    }
}

/// Of a commit that expects something: it may have stored.
pub(super) fn unknown() -> Failure {
    let words =
        "the fence of the computation is gone, so it is not known whether the value was stored before";
    Failure::new(What::Refused, words)
}

/// Value and stamp as one argument, written where it is sent from.
fn stamped(cmd: &mut Cmd, value: &[u8], stamp: &Token) {
    cmd.reserve_space_for_args([value.len() + stamp.len()]);
    let mut argument = cmd.writer_for_next_arg();
    // Writing to memory does not fail.
    let _ = argument.write_all(value).and_then(|()| argument.write_all(stamp));
}

/// For any number of fences, where the script looks for the generations; for one elsewhere.
pub(super) fn renew(fences: &[(Key, Fence)], lease: Duration, place: RenewAt) -> Request {
    let keys: Vec<Keys<'_>> = fences.iter().map(|(key, _)| Keys::of(key)).collect();
    let (width, keys): (usize, Vec<&str>) = match place {
        RenewAt::Server => (2, keys.iter().flat_map(|keys| [&*keys.fence, &*keys.generation]).collect()),
        RenewAt::Slot => (1, keys.iter().map(|keys| &*keys.fence).collect()),
    };
    let request = Request::script(&scripts::RENEW, &keys, 96 * fences.len(), RENEWING)
        .number(milliseconds(lease))
        .number(width);
    fences.iter().fold(request, |request, (_, fence)| {
        request.bytes(&fence.token).bytes(&fence.generation).bytes(&fence.epoch).number(fence.ticket)
    })
}

/// Where the script can look.
#[derive(Clone, Copy)]
pub(super) enum RenewAt {
    /// Everywhere.
    Server,
    /// In the slot of the one fence.
    Slot,
}

/// What [`renew`] is answered with.
pub(super) fn were_renewed(answer: Value, many: usize) -> Result<Vec<bool>, Failure> {
    let strange = Failure::strange(&answer);
    match answer {
        Value::Array(each) if each.len() == many => each.into_iter().map(was_done).collect(),
        _ => Err(strange),
    }
}

/// What [`renew`] is answered with for each.
pub(super) fn was_done(answer: Value) -> Result<bool, Failure> {
    match answer {
        Value::Int(number) => Ok(number > 0),
        other => Err(Failure::strange(&other)),
    }
}

/// How a value goes.
#[derive(Clone, Copy)]
pub(super) enum Removal {
    /// At once.
    Remove,
    /// When its stale window is over.
    Expire,
}

impl Removal {
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Remove => "removing a value",
            Self::Expire => "ending a lifetime",
        }
    }

    pub(super) fn request(self, key: &Key, generation: Generation<'_>) -> Request {
        let script = match self {
            Self::Remove => &scripts::REMOVE,
            Self::Expire => &scripts::EXPIRE,
        };
        let request = Request::entry(script, &Keys::of(key), generation, self.doing())
            .bytes(&token())
            .bytes(keys::channel(key.group()).as_bytes());
        match self {
            Self::Remove => request,
            Self::Expire => request.bytes(&envelope::BEGINNING).number(envelope::STALE_AT),
        }
    }
}

/// What a [`Removal`] is answered with: the stamp of what was there, and the generation if the script looked.
pub(super) fn was_removed(answer: Value) -> Result<(Option<Token>, Option<Token>), Failure> {
    match &answer {
        Value::Array(parts) => match parts.as_slice() {
            [stamp, generation] => Ok((as_token(stamp), as_token(generation))),
            _ => Err(Failure::strange(&answer)),
        },
        _ => Err(Failure::strange(&answer)),
    }
}

/// A plain DEL: it works without free memory, and needs no script.
pub(super) fn remove_all(group: &Group) -> Request {
    let generation = keys::Generation(group);
    Request::plain("DEL", 1, generation.len(), "removing all values").number(generation)
}

/// What [`remove_all`] is answered with: how many there were.
pub(super) fn was_removed_all(answer: Value) -> Result<(), Failure> {
    match answer {
        Value::Int(0 | 1) => Ok(()),
        other => Err(Failure::strange(&other)),
    }
}

/// What [`release`] is answered with.
pub(super) fn was_released(answer: Value) -> Result<(), Failure> {
    was_done(answer).map(drop)
}

/// The marks of some buckets, or nil where there is no epoch.
pub(super) fn marks(tags: &str, buckets: &[Bucket]) -> Request {
    let size = tags.len() + 2 + 5 * buckets.len();
    let request = Request::plain("HMGET", buckets.len() + 3, size, LOOKING_AT_TAGS);
    let request = request.bytes(tags.as_bytes()).bytes(b"e").bytes(b"c");
    buckets.iter().fold(request, Request::number)
}

/// What [`marks`] is answered with; none if no epoch has begun.
pub(super) fn were_marked(answer: Value, buckets: &[Bucket]) -> Result<Option<Marks>, Failure> {
    let strange = Failure::strange(&answer);
    let Value::Array(parts) = answer else { return Err(strange) };
    let [epoch, clock, marks @ ..] = parts.as_slice() else { return Err(strange) };
    if marks.len() != buckets.len() {
        return Err(strange);
    }
    let Some(epoch) = as_token(epoch) else { return Ok(None) };
    let marks = marks.iter().map(as_mark).collect();
    Ok(Some(Marks::new(epoch, as_number(clock).unwrap_or(0), marks)))
}

fn as_number(value: &Value) -> Option<u64> {
    match value {
        Value::BulkString(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

/// What is no mark of ours is later than anything: nothing that carries it is valid.
fn as_mark(value: &Value) -> Option<Mark> {
    let Value::BulkString(bytes) = value else { return None };
    let parsed = bytes.split_last_chunk().and_then(|(digits, token)| {
        let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(Mark::new(number, *token))
    });
    Some(parsed.unwrap_or(Mark::new(u64::MAX, [0; 8])))
}

/// Begins an epoch of tags where there is none.
pub(super) fn begin_epoch(tags: &str) -> Request {
    Request::script(&scripts::EPOCH, &[tags], 16, LOOKING_AT_TAGS).bytes(&token())
}

pub(super) fn mark(tags: &str, buckets: &[Bucket]) -> Request {
    let request = Request::script(&scripts::MARK, &[tags], 32 + 6 * buckets.len(), "marking tags");
    let request = request.bytes(&token()).bytes(&token()[..8]);
    buckets.iter().fold(request, Request::number)
}

pub(super) fn as_token(value: &Value) -> Option<Token> {
    match value {
        Value::BulkString(bytes) => bytes.as_slice().try_into().ok(),
        _ => None,
    }
}

/// In milliseconds, at least one; 0 is for ever.
fn lifetime(lifetime: Option<Duration>) -> u64 {
    lifetime.map_or(0, milliseconds)
}

/// At least one. The server adds it to the time of day, which must not overflow: at most a thousand years.
fn milliseconds(duration: Duration) -> u64 {
    const LONGEST: u128 = 1000 * 366 * 24 * 3600 * 1000;
    u64::try_from(duration.as_millis().clamp(1, LONGEST)).expect("clamped")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(request: &Request) -> String {
        String::from_utf8_lossy(&request.cmd.get_packed_command()).into_owned()
    }

    #[test]
    fn a_read_is_one_command() {
        let group = Group::in_namespace("shop", "price");
        let request = read(&Key::new("shop:price:7", group.clone()));
        let expected = "*3\r\n$4\r\nMGET\r\n$12\r\nshop:price:7\r\n$13\r\nshop:\u{1f}{price}\r\n";
        assert_eq!(packed(&request), expected);
        let mut written = Vec::new();
        write_generation(&group, &mut written);
        assert_eq!(written, b"$13\r\nshop:\x1f{price}\r\n");
    }

    #[test]
    fn only_a_value_of_the_current_generation_is_one() {
        let bytes = |bytes: &[u8]| Value::BulkString(bytes.to_vec());
        let generation = bytes(&[7; 16]);
        assert_eq!(current(bytes(&[[1; 16], [7; 16]].concat()), &generation), Some(vec![1; 16]));
        assert_eq!(current(bytes(&[7; 16]), &generation), Some(vec![]));
        assert_eq!(current(bytes(&[7; 15]), &generation), None);
        assert_eq!(current(bytes(&[8; 20]), &generation), None);
        assert_eq!(current(Value::Nil, &generation), None);
        assert_eq!(current(bytes(&[7; 20]), &Value::Nil), None);
        assert_eq!(current(bytes(&[7; 20]), &bytes(b"")), None, "an empty generation matches nothing");
    }

    #[test]
    fn times_are_such_that_the_server_takes_them() {
        assert_eq!(milliseconds(Duration::ZERO), 1);
        assert_eq!(milliseconds(Duration::from_micros(1999)), 1);
        assert!(milliseconds(Duration::MAX) < 1 << 53, "exact in a script");
        assert_eq!(lifetime(None), 0);
        assert_eq!(lifetime(Some(Duration::ZERO)), 1);
    }

    #[test]
    fn answers_of_other_servers_are_errors() {
        for answer in [Value::Nil, Value::Int(3), Value::Array(vec![]), Value::Array(vec![Value::Int(3)])] {
            assert!(was_begun(answer, [0; 16]).is_err());
        }
        assert!(was_read(Value::Array(vec![Value::Nil])).is_err());
        assert!(was_done(Value::Nil).is_err());
        assert!(were_renewed(Value::Array(vec![Value::Int(1)]), 2).is_err());
        for answer in
            [Value::Nil, Value::Okay, Value::Array(vec![]), Value::BulkString(vec![]), Value::Int(7)]
        {
            assert!(was_removed_all(answer).is_err());
        }
        assert!(was_removed_all(Value::Int(0)).is_ok() && was_removed_all(Value::Int(1)).is_ok());
        assert!(was_released(Value::Okay).is_err());
        assert!(was_removed(Value::Array(vec![])).is_err());
        assert!(was_led(Value::Nil).is_err());
        assert!(was_led(Value::Array(vec![Value::Nil])).is_err());
    }
}
