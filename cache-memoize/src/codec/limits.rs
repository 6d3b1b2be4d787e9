//! How much a payload may make us do: elements to read, memory to reserve before they are read, memory to hold in all.
//!
//! # What is held
//!
//! A byte of a payload that says `None` is a whole `Option<T>` in a `Vec`, so the number of bytes does not bound what
//! they become. What does: the memory of the value is counted while it is read, and reading stops at
//! `max_decoded_size`. Each element's type is seen as the seed that reads it, and so its width is known without any
//! help of the user's; a text counts by its length, and a value in a box by its own width, since it is wider than the
//! place that it is read for.
//!
//! Collections keep spare room, and while they grow they hold the old room beside the new. Counted is so much that
//! twice as much covers that, whichever of the standard library's collections it is (`codec/held.rs` tries them):
//!
//! - a table or a list that doubles holds up to three times its elements, and a hash table is at most 7/8 full: 7/4 of
//!   each element, and a little for the marks of hash tables;
//! - one that is made of nodes has whole nodes, which are at least five elevenths full but for the first, and links.
//!   Such a collection does not ask how many elements there will be.

use std::cell::Cell;

/// Memory for elements that take no byte of the payload, so that no payload pays for them. A collection that grows
/// holds up to three times as much for a moment.
const UNPAID_MEMORY: usize = 16 * 1024;

/// Elements that take no byte of the payload: so many for each byte, and so many in any case.
const UNPAID_PER_BYTE: usize = 7;
const UNPAID_ELEMENTS: usize = 1024;

/// If there are only so many, they may be as wide as they like.
pub(super) const UNPAID_OF_ANY_WIDTH: usize = 16;

/// Memory that may be reserved on the word of a payload: so many bytes for each of its own up to a limit, and so many
/// in any case. A hash map takes up to 2.3 times what it is asked for.
const RESERVE_PER_BYTE: usize = 6;
const RESERVE_FOR_BYTES: usize = 1 << 20;
const RESERVE: usize = 24 * 1024;

/// The least width that an element is taken to have, for types whose elements could not be found out.
const LEAST_WIDTH: usize = 16;

/// What a value in a box has around it: the counters of an `Arc`.
const AROUND_A_BOX: usize = 16;

/// The budgets of reading one payload: what is left of them.
pub(super) struct Limits {
    /// Elements that take a byte of their own. There can be no more of them than bytes.
    paid: Cell<usize>,
    unpaid: Cell<usize>,
    unpaid_memory: Cell<usize>,
    unpaid_of_any_width: Cell<usize>,
    whole_reserve: usize,
    reserve: Cell<usize>,
    /// How wide an element is taken to be as long as none was read: when a collection asks how much to reserve, it
    /// does not say of what.
    widest: usize,
    /// Memory that the value may take, and what it takes so far.
    most_held: usize,
    held: Cell<usize>,
}

impl Limits {
    /// For so many bytes of a type whose collections have elements at most so wide, and a value that may hold so much.
    #[inline]
    pub(super) fn new(payload: usize, widest: usize, most_held: usize) -> Self {
        let reserve = payload.saturating_mul(RESERVE_PER_BYTE).min(RESERVE_FOR_BYTES) + RESERVE;
        Self {
            paid: Cell::new(payload),
            unpaid: Cell::new(payload.saturating_mul(UNPAID_PER_BYTE).saturating_add(UNPAID_ELEMENTS)),
            unpaid_memory: Cell::new(UNPAID_MEMORY),
            unpaid_of_any_width: Cell::new(UNPAID_OF_ANY_WIDTH),
            whole_reserve: reserve,
            reserve: Cell::new(reserve),
            widest: widest.max(LEAST_WIDTH),
            most_held,
            held: Cell::new(0),
        }
    }

    /// Counts elements of a collection whose length the payload determines; `false` if they are too many.
    fn count(&self, elements: usize, width: usize) -> bool {
        // What takes no memory most likely takes no byte, and must not use up those of the others.
        if width > 0
            && let Some(paid) = self.paid.get().checked_sub(elements)
        {
            self.paid.set(paid);
            return true;
        }
        self.count_unpaid(elements, width)
    }

    /// Without this, a `Vec<()>` with a length of 2^64 is nine bytes of payload and centuries of reading.
    #[cold]
    fn count_unpaid(&self, elements: usize, width: usize) -> bool {
        let paid = if width > 0 { self.paid.take() } else { 0 };
        let elements = elements - paid;
        let of_any_width = self.unpaid_of_any_width.get().checked_sub(elements);
        self.unpaid_of_any_width.set(of_any_width.unwrap_or(0));
        let memory = self.unpaid_memory.get().checked_sub(elements.saturating_mul(width));
        let unpaid = self.unpaid.get().checked_sub(elements);
        self.unpaid_memory.set(memory.unwrap_or(0));
        self.unpaid.set(unpaid.unwrap_or(0));
        (memory.is_some() || of_any_width.is_some()) && unpaid.is_some()
    }

    /// Counts so many bytes of memory that the value holds.
    #[inline]
    pub(super) fn hold(&self, bytes: usize) -> Result<(), Excess> {
        let held = self.held.get().saturating_add(bytes);
        self.held.set(held);
        if held <= self.most_held { Ok(()) } else { Err(Excess::Memory { held, most: self.most_held }) }
    }

    /// Counts a value of this width that is in a box.
    #[inline]
    pub(super) fn hold_boxed(&self, width: usize) -> Result<(), Excess> {
        self.hold(width.saturating_add(AROUND_A_BOX))
    }

    /// What the value holds, as far as it was read.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.get()
    }
}

/// Why a payload is read no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// It claims more elements than its bytes can hold.
    Elements,
    /// The value would hold at least so much memory, and so much is allowed.
    Memory { held: usize, most: usize },
}

/// What one collection has used of the budgets.
///
/// A length that is claimed is counted at once, so that an element costs no more than a step towards it. Room for the
/// claimed elements is granted from a budget that all collections share, for they nest, and each can claim a length
/// of its own. One that ends gives back what was reserved for elements that were really read: they need no reserve
/// any more.
pub(super) struct Account<'l> {
    limits: &'l Limits,
    /// How many elements are claimed, once one was asked for.
    claimed: Cell<Option<usize>>,
    /// Whether none are claimed, and there may be some.
    is_open: Cell<bool>,
    granted: Cell<usize>,
    /// How wide the elements are, once that is known.
    width: Cell<Option<usize>>,
    /// Whether the collection asked for how many elements it should reserve room.
    has_asked: Cell<bool>,
}

impl<'l> Account<'l> {
    #[inline]
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            claimed: Cell::new(None),
            is_open: Cell::new(false),
            granted: Cell::new(0),
            width: Cell::new(None),
            has_asked: Cell::new(false),
        }
    }

    /// As many of the claimed elements as may be reserved now.
    pub(super) fn grant(&self, claimed: Option<usize>) -> Option<usize> {
        self.has_asked.set(true);
        let claimed = claimed?;
        let Limits { reserve, widest, .. } = self.limits;
        if self.granted.get() == 0 && self.width.get().is_none() {
            // Most claims fit, and a division costs as much as reading some numbers.
            let fitting = claimed.checked_mul(*widest).is_some_and(|wanted| wanted <= reserve.get());
            let granted = if fitting { claimed } else { reserve.get() / widest };
            reserve.set(reserve.get() - granted * widest);
            self.granted.set(granted);
        }
        Some(claimed.min(self.granted.get()))
    }

    /// An element is asked for beyond those that were expected. How many may be after this one, the end included,
    /// before this must be called again.
    pub(super) fn ask(&self, claimed: Option<usize>, width: usize) -> Result<usize, Excess> {
        if self.claimed.get().is_some() {
            if !self.limits.count(1, width) {
                return Err(Excess::Elements);
            }
            // The width of a map's element is known by now, and this is that of a key.
            self.limits.hold(self.later(self.width.get().unwrap_or(width)))?;
            return Ok(0);
        }
        self.is_open.set(claimed.is_none());
        let claimed = claimed.unwrap_or(0);
        self.claimed.set(Some(claimed));
        Ok(claimed)
    }

    /// The elements turn out to be this wide. If they are wider than any should be, nothing more is reserved. Whether
    /// the first of them is still to be counted, once it is there.
    pub(super) fn learn(&self, width: usize) -> Result<bool, Excess> {
        if self.width.get().is_some() {
            return Ok(false);
        }
        self.width.set(Some(width));
        let Limits { reserve, widest, .. } = self.limits;
        let granted = self.granted.get();
        let whole = reserve.get() + granted * widest;
        reserve.set(whole.saturating_sub(granted.saturating_mul(width)));
        let claimed = self.claimed.get().unwrap_or(0);
        if !self.limits.count(claimed, width) {
            return Err(Excess::Elements);
        }
        if claimed > 0 {
            let later = (claimed - 1).saturating_mul(self.later(width));
            self.limits.hold(self.first(width).saturating_add(later))?;
        }
        Ok(self.is_open.get())
    }

    /// The first element is there, although none was claimed.
    pub(super) fn hold_first(&self, width: usize) -> Result<(), Excess> {
        self.limits.hold(self.first(width))
    }

    /// What counts as held for the first element: the least that a collection of its kind makes room for.
    #[inline]
    fn first(&self, width: usize) -> usize {
        match self.has_asked.get() {
            true => width.saturating_mul(2).saturating_add(10),
            false => width.saturating_mul(6).saturating_add(8),
        }
    }

    /// What counts as held for each other element.
    #[inline]
    fn later(&self, width: usize) -> usize {
        let grown = width.saturating_mul(2).saturating_sub(width / 4).saturating_add(2);
        if self.has_asked.get() { grown } else { grown.max(width.saturating_add(8)) }
    }

    /// The collection ends when so many more elements may have been asked for.
    #[inline]
    pub(super) fn close(&self, left: usize) {
        if self.granted.get() > 0 {
            self.give_back(left);
        }
    }

    fn give_back(&self, left: usize) {
        let filled = self.granted.get().min(self.claimed.get().unwrap_or(0).saturating_sub(left));
        let Limits { reserve, whole_reserve, .. } = self.limits;
        let more = filled.saturating_mul(self.width.get().unwrap_or(0));
        reserve.set(reserve.get().saturating_add(more).min(*whole_reserve));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(payload: usize, widest: usize) -> Limits {
        Limits::new(payload, widest, usize::MAX)
    }

    /// A collection that claims so many elements and has so many, as it is read; how many were reserved.
    fn collect(limits: &Limits, claimed: usize, read: usize, width: usize) -> usize {
        let account = Account::new(limits);
        let granted = account.grant(Some(claimed)).unwrap();
        assert_eq!(account.ask(Some(claimed), width), Ok(claimed));
        assert!(account.learn(width).is_ok());
        account.close(claimed - read);
        granted
    }

    #[test]
    fn what_was_read_gives_its_room_back() {
        let limits = limits(100_000, 1024);
        for _ in 0..1000 {
            assert_eq!(collect(&limits, 10, 10, 24), 10);
        }
        assert_eq!(limits.reserve.get(), limits.whole_reserve);
    }

    #[test]
    fn what_was_only_claimed_keeps_its_room() {
        let limits = limits(1_000_000, 1024);
        let reserved: usize = (0..900).map(|_| 24 * collect(&limits, 1000, 3, 24)).sum();
        assert!(reserved <= limits.whole_reserve + 900 * 3 * 24, "{reserved}");
        assert!(limits.reserve.get() < 24 * 1024, "{}", limits.reserve.get());
    }

    #[test]
    fn room_is_granted_once_and_before_the_elements_are_known() {
        let limits = limits(1000, 24);
        let account = Account::new(&limits);
        assert_eq!([10, 10, 4].map(|claimed| account.grant(Some(claimed))), [Some(10), Some(10), Some(4)]);
        assert_eq!(limits.reserve.get(), limits.whole_reserve - 240);
        let account = Account::new(&limits);
        assert!(account.learn(24).is_ok());
        assert_eq!(account.grant(Some(10)), Some(0));
    }

    #[test]
    fn wider_elements_than_any_should_be_end_the_room_and_no_more() {
        let limits = limits(1000, 1024);
        let account = Account::new(&limits);
        let granted = account.grant(Some(1000)).unwrap();
        assert!(account.ask(Some(granted), 1 << 20) == Ok(granted) && account.learn(1 << 20).is_ok());
        assert_eq!(limits.reserve.get(), 0);
        account.close(0);
        assert_eq!(limits.reserve.get(), limits.whole_reserve);
    }

    #[test]
    fn elements_are_paid_for_by_bytes_and_then_by_little() {
        let new = || limits(1000, 8);
        let limits = new();
        assert!(limits.count(400, 8) && limits.count(600, 8));
        assert!(limits.count(UNPAID_MEMORY / 8, 8));
        assert!(!limits.count(1, 8));

        let limits = new();
        assert!(limits.count(1000 + UNPAID_OF_ANY_WIDTH, 1 << 20));
        assert!(!limits.count(1, 8));

        let limits = new();
        assert!(!limits.count(1000 + UNPAID_MEMORY / 8 + 1, 8));
        assert!(!limits.count(usize::MAX, 0));

        // Those of no width leave the bytes to the others.
        let limits = new();
        assert!(limits.count(1000 * UNPAID_PER_BYTE, 0) && limits.count(1000, 8));
        assert!(limits.count(UNPAID_ELEMENTS, 0) && !limits.count(1, 0));
    }

    #[test]
    fn a_claim_is_counted_once_and_what_nobody_claimed_one_by_one() {
        let limits = limits(10, 8);
        let account = Account::new(&limits);
        assert!(account.ask(Some(8), 8) == Ok(8) && account.learn(8).is_ok() && account.learn(8).is_ok());
        assert_eq!(limits.paid.get(), 2);
        assert_eq!(account.ask(Some(8), 8), Ok(0));
        assert_eq!(limits.paid.get(), 1);
    }
    #[test]
    fn what_is_held_is_counted_as_it_is_claimed_and_ends() {
        let limits = Limits::new(1000, 8, 1000);
        let account = Account::new(&limits);
        account.grant(Some(20));
        assert!(account.ask(Some(20), 8).is_ok() && account.learn(8).is_ok());
        let held = limits.held();
        assert!((20 * 8 * 3 / 2..20 * 8 * 9 / 4).contains(&held), "{held}");
        let account = Account::new(&limits);
        account.grant(Some(60));
        assert!(account.ask(Some(60), 8).is_ok());
        assert!(matches!(account.learn(8), Err(Excess::Memory { held, most: 1000 }) if held > 1000));
    }

    #[test]
    fn what_is_empty_holds_nothing() {
        let limits = limits(1000, 8);
        let account = Account::new(&limits);
        account.grant(Some(0));
        assert!(account.ask(Some(0), 8).is_ok() && account.learn(8) == Ok(false));
        let account = Account::new(&limits);
        assert!(account.ask(None, 8).is_ok() && account.learn(8) == Ok(true));
        assert_eq!(limits.held(), 0);
        assert!(account.hold_first(8).is_ok() && limits.held() >= 8);
    }
}
