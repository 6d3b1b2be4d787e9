//! The recorder: the notes about a type so far, and the next part to ask about.

use std::any::TypeId;
use std::collections::HashMap;

use serde_core::de::{DeserializeOwned, DeserializeSeed, Visitor};

use super::visitors::{self, Wanted};
use super::{Fingerprint, Fnv, Stop, UNKNOWN_WIDTH};

/// The most questions in all passes. A type with a thousand variants and fields, ten types deep, asks a tenth of them.
const MOST_QUESTIONS: u32 = 200_000;

/// The most types inside each other.
const DEEPEST: usize = 128;

/// A node: a type with parts, by the visitor that reads them. Each is explored once, wherever it occurs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Node {
    visitor: TypeId,
    kind: &'static str,
    parts: usize,
}

/// The progress of exploring a node.
struct Progress {
    /// The number of the node, in the order in which nodes were met: its name in the notes.
    number: usize,
    /// The part to ask about next. Those before it are done.
    next: usize,
    /// The number of parts that were noted.
    noted: usize,
    /// The number of parts whose type was really asked.
    reached: usize,
}

/// Notes what a type asks for, over several passes through it.
pub(super) struct Recorder {
    pub(super) is_readable: bool,
    notes: Fnv,
    questions: u32,
    nodes: HashMap<Node, Progress>,
    /// The nodes that are being asked, outermost first.
    within: Vec<Node>,
    /// The node and the part of it that the next question is about, if that is to be noted.
    part: Option<(usize, usize)>,
    /// The value that the code wants which asks next.
    wanted: Wanted,
    /// Whether that code gets the value.
    is_giving: bool,
    /// Whether the part that was asked about last is known entirely.
    is_done: bool,
    widest: usize,
    is_whole: bool,
    is_plain: bool,
}

impl Recorder {
    pub(super) fn new(is_readable: bool) -> Self {
        Self {
            is_readable,
            notes: Fnv::new(),
            questions: 0,
            nodes: HashMap::new(),
            within: Vec::new(),
            part: Some((0, 0)),
            wanted: Wanted::Unknown,
            is_giving: false,
            is_done: false,
            widest: 0,
            is_whole: true,
            is_plain: true,
        }
    }

    /// Passes through the type until there is nothing more to see.
    pub(super) fn record<T: DeserializeOwned>(mut self) -> Fingerprint {
        loop {
            let explored = self.explored();
            self.wanted = Wanted::value::<T>();
            self.is_giving = false;
            // A type that asks for nothing is known by its name.
            self.is_done = true;
            drop(T::deserialize(&mut self));
            if self.is_done {
                break;
            }
            if self.explored() == explored || self.questions > MOST_QUESTIONS {
                self.is_whole = false;
                break;
            }
        }
        let widest = if self.is_whole { self.widest } else { self.widest.max(UNKNOWN_WIDTH) };
        Fingerprint { hash: self.notes.0, widest, is_whole: self.is_whole, is_plain: self.is_plain }
    }

    fn explored(&self) -> usize {
        self.nodes.values().map(|known| known.next).sum()
    }

    /// Notes that an element of a collection is this wide.
    pub(super) fn see(&mut self, width: usize) {
        self.widest = self.widest.max(width);
    }

    /// Notes that the type has a part that cannot be asked about.
    pub(super) fn overlook(&mut self) {
        self.is_whole = false;
        self.is_plain = false;
    }

    /// Whether the visitor is to be given a value; an error if it may not be.
    pub(super) fn gives<'de, V: Visitor<'de>>(&mut self) -> Result<bool, Stop> {
        self.questions += 1;
        match self.is_giving {
            false => Ok(false),
            true if self.questions <= MOST_QUESTIONS && self.wanted.is::<V::Value>() => Ok(true),
            true => Err(Stop),
        }
    }

    /// Notes the question about a part, the first time; whether it was that.
    fn note(&mut self, kind: &str) -> bool {
        let Some((node, part)) = self.part.take() else { return false };
        self.notes.number(node);
        self.notes.number(part);
        self.notes.text(kind);
        true
    }

    /// Answers a question about a type without parts.
    pub(super) fn leaf<'de, V: Visitor<'de>>(&mut self, kind: &'static str, name: &str) -> Stop {
        self.is_plain &= visitors::is_serdes::<V>() && self.wanted.is::<V::Value>();
        if self.note(kind) {
            self.notes.text(name);
        }
        self.is_done = true;
        Stop
    }

    /// Answers for a variant without content, which asks for nothing.
    pub(super) fn nothing(&mut self) -> Stop {
        self.note("unit variant");
        self.is_done = true;
        Stop
    }

    /// Answers a question about a type with parts, of which `visit` asks about one.
    pub(super) fn explore<'de, V: Visitor<'de>>(
        &mut self,
        kind: &'static str,
        names: &[&[&str]],
        parts: usize,
        visit: impl FnOnce(&mut Self, At) -> Result<V::Value, Stop>,
    ) -> Stop {
        self.is_plain &= visitors::is_serdes::<V>() && self.wanted.is::<V::Value>();
        self.is_whole &= visitors::is_steady::<V>();
        let node = Node { visitor: typeid::of::<V>(), kind, parts };
        let part = self.arrive(node, kind, names);
        if part >= parts || self.within.contains(&node) {
            self.is_done = true;
            return Stop;
        }
        if self.within.len() >= DEEPEST || self.questions > MOST_QUESTIONS {
            self.is_whole = false;
            self.is_done = true;
            return Stop;
        }
        self.within.push(node);
        // A value from `visit` was made without an answer, from defaults of the user's: it goes no further.
        drop(visit(self, At { node, part }));
        self.within.pop();
        self.leave(node, part);
        Stop
    }

    /// Notes the node; the part of it that is next.
    fn arrive(&mut self, node: Node, kind: &'static str, names: &[&[&str]]) -> usize {
        let number = self.nodes.len() + 1;
        let is_noted = self.note(kind);
        let known = self.nodes.entry(node).or_insert(Progress { number, next: 0, noted: 0, reached: 0 });
        if is_noted {
            self.notes.number(known.number);
            // The name as well: serde reads a `Range` and a `RangeInclusive` with one visitor.
            self.notes.text(names.first().and_then(|names| names.first()).unwrap_or(&""));
        }
        if known.number == number {
            self.notes.number(node.parts);
            for list in names {
                self.notes.number(list.len());
                list.iter().for_each(|name| self.notes.text(name));
            }
        }
        known.next
    }

    /// Moves on to the node's next part, if this one is known entirely or could not be reached.
    fn leave(&mut self, node: Node, part: usize) {
        let Some(known) = self.nodes.get_mut(&node) else { return };
        let is_reached = known.reached > part;
        if !is_reached {
            self.is_whole = false;
        }
        if !is_reached || self.is_done {
            known.next = known.next.max(part + 1);
        }
        self.is_done = known.next >= node.parts;
    }

    /// Notes that the part is about to be asked about.
    pub(super) fn reach(&mut self, at: At, wanted: Wanted) {
        let Some(known) = self.nodes.get_mut(&at.node) else { return };
        known.reached = known.reached.max(at.part + 1);
        self.part = (known.noted <= at.part).then_some((known.number, at.part));
        known.noted = known.noted.max(at.part + 1);
        self.wanted = wanted;
        self.is_giving = false;
        self.is_done = true;
    }

    /// Notes that no further part of the node can be reached.
    pub(super) fn give_up(&mut self, at: At) {
        self.is_whole = false;
        if let Some(known) = self.nodes.get_mut(&at.node) {
            known.next = at.node.parts;
            known.reached = at.node.parts;
        }
    }

    /// Asks a seed about the part. A value that it makes goes no further.
    pub(super) fn ask<'de, S: DeserializeSeed<'de>>(&mut self, at: At, seed: S) -> Stop {
        self.reach(at, Wanted::by_seed::<S, S::Value>());
        drop(seed.deserialize(self));
        Stop
    }

    /// Has a seed make a value, if nothing but serde's own code gets it.
    pub(super) fn give<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        self.wanted = Wanted::by_seed::<S, S::Value>();
        self.is_giving = true;
        seed.deserialize(self)
    }
}

/// A part of a node.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) node: Node,
    pub(super) part: usize,
}
