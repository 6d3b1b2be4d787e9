//! The walk of writing or reading through the tree of a value: its depth, and the outline of the part that was passed.
//!
//! A format without names reads wrong values without noticing when `Serialize` writes other fields than
//! `Deserialize` reads, as with `#[serde(skip_serializing)]`: `{a, x: 0, v: [0]}` without `a` is the bytes `0 1 0`,
//! which are also `{a: None, x: 1, v: []}`. No checksum of bytes and no fingerprint of a type sees that. The
//! outline does: a hash over the tree of levels and leaves, without the leaves' kinds and values. A field more or
//! less is a branch more or less.

use std::cell::Cell;

use super::refusal::{DEEPEST, Refusal};

const OPEN: u64 = 0;
const CLOSE: u64 = 1;

/// The state of a walk through a value.
pub(super) struct Walk {
    depth: Cell<u32>,
    /// Leaves since the last level began or ended. There are many of them in a row, and each costs no more than an
    /// addition.
    leaves: Cell<u64>,
    /// Leaves and levels that were passed before `leaves`.
    passed: Cell<u64>,
    outline: Cell<u64>,
    refusal: Cell<Option<Refusal>>,
}

impl Walk {
    #[inline]
    pub(super) fn new() -> Self {
        Self {
            depth: Cell::new(0),
            leaves: Cell::new(0),
            passed: Cell::new(0),
            outline: Cell::new(0xcbf2_9ce4_8422_2325),
            refusal: Cell::new(None),
        }
    }

    /// Passes a leaf, a value with no other inside: a number, a text, `None`, a unit.
    #[inline]
    pub(super) fn leaf(&self) {
        self.leaves.set(self.leaves.get() + 1);
    }

    /// Enters a level, a value with others inside, until the level is dropped.
    #[inline]
    pub(super) fn descend(&self) -> Result<Level<'_>, Refusal> {
        let wrapper = self.unwrap()?;
        self.pass(OPEN);
        Ok(Level(wrapper))
    }

    /// Enters a newtype, until the wrapper is dropped. It counts as a level of the stack, but is no branch of the
    /// outline: nothing is written for it, and the value may be read without it, as with `#[serde(try_from = "…")]`.
    #[inline]
    pub(super) fn unwrap(&self) -> Result<Wrapper<'_>, Refusal> {
        let depth = self.depth.get();
        if depth >= DEEPEST {
            return Err(self.refuse(Refusal::TooDeep));
        }
        self.depth.set(depth + 1);
        Ok(Wrapper(self))
    }

    /// Ends the walk, and remembers the reason.
    #[cold]
    pub(super) fn refuse(&self, refusal: Refusal) -> Refusal {
        self.refusal.set(Some(refusal));
        refusal
    }

    /// The reason why the walk ended early.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.get()
    }

    /// The outline of the whole value, at the end of the walk.
    #[inline]
    pub(super) fn outline(&self) -> u32 {
        let outline = self.after(CLOSE);
        (outline ^ (outline >> 32)) as u32
    }

    /// The number of leaves and levels that were passed. A level counts twice, since it begins and ends.
    #[inline]
    pub(super) fn parts(&self) -> u64 {
        self.passed.get() + self.leaves.get()
    }

    /// The current point of the walk, for [`forget_since`](Self::forget_since).
    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark { leaves: self.leaves.get(), outline: self.outline.get() }
    }

    /// Takes everything that was passed since `mark` out of the outline.
    #[inline]
    pub(super) fn forget_since(&self, mark: Mark) {
        self.leaves.set(mark.leaves);
        self.outline.set(mark.outline);
    }

    #[inline]
    fn pass(&self, step: u64) {
        self.outline.set(self.after(step));
        self.passed.set(self.parts() + 1);
        self.leaves.set(0);
    }

    /// The outline after the latest leaves and the step that follows them: FNV-1a over words.
    #[inline]
    fn after(&self, step: u64) -> u64 {
        (self.outline.get() ^ (self.leaves.get() << 1 | step)).wrapping_mul(0x0000_0100_0000_01b3)
    }
}

/// A point of a walk.
pub(super) struct Mark {
    leaves: u64,
    outline: u64,
}

/// A level that [`Walk::descend`] entered.
pub(super) struct Level<'w>(Wrapper<'w>);

impl Drop for Level<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.0.pass(CLOSE);
    }
}

/// A newtype that [`Walk::unwrap`] entered.
pub(super) struct Wrapper<'w>(&'w Walk);

impl Drop for Wrapper<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every tree of at most this many leaves and levels, as text: `.` for a leaf, `(` and `)` around a level.
    fn trees(leaves: usize, levels: usize) -> Vec<String> {
        fn grow(text: &str, open: usize, leaves: usize, levels: usize, all: &mut Vec<String>) {
            if open == 0 {
                all.push(text.into());
            }
            if leaves > 0 {
                grow(&format!("{text}."), open, leaves - 1, levels, all);
            }
            if levels > 0 {
                grow(&format!("{text}("), open + 1, leaves, levels - 1, all);
            }
            if open > 0 {
                grow(&format!("{text})"), open - 1, leaves, levels, all);
            }
        }
        let mut all = Vec::new();
        grow("", 0, leaves, levels, &mut all);
        all
    }

    fn outline(tree: &str) -> u32 {
        let walk = Walk::new();
        let mut levels = Vec::new();
        for step in tree.chars() {
            match step {
                '.' => walk.leaf(),
                '(' => levels.push(walk.descend().ok().unwrap()),
                _ => drop(levels.pop()),
            }
        }
        walk.outline()
    }

    #[test]
    fn no_two_trees_have_the_same_outline() {
        let trees = trees(5, 4);
        let mut outlines: Vec<u32> = trees.iter().map(|tree| outline(tree)).collect();
        outlines.sort_unstable();
        outlines.dedup();
        assert_eq!((trees.len(), outlines.len()), (trees.len().max(5_000), trees.len()));
    }

    #[test]
    fn a_forgotten_part_leaves_no_trace_in_the_outline() {
        let walk = Walk::new();
        walk.leaf();
        let mark = walk.mark();
        walk.leaf();
        drop(walk.descend().ok().unwrap());
        walk.forget_since(mark);
        walk.leaf();
        assert_eq!(walk.outline(), outline(".."));
    }

    #[test]
    fn depth_is_limited_and_decreases_with_each_level_that_ends() {
        let walk = Walk::new();
        let levels: Vec<Level<'_>> = (0..DEEPEST).map(|_| walk.descend().ok().unwrap()).collect();
        assert!(matches!(walk.descend(), Err(Refusal::TooDeep)));
        drop(levels);
        assert!(walk.descend().is_ok());
    }
}
