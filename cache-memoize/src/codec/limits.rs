//! The limits of reading one payload: elements that are read, memory that is reserved before they are, and memory that
//! the value holds in all.
//!
//! # Memory that a value holds
//!
//! A byte of a payload that says `None` is a whole `Option<T>` in a `Vec`, so the number of bytes does not bound the
//! memory of the value. Instead, that memory is counted while the value is read, and reading stops at
//! `max_decoded_size`. The width of an element is known without any help of the user's, from the seed that reads it; a
//! text counts by its length, and a value in a box by its own width, since it is wider than the room that it is read
//! into.
//!
//! Collections keep spare room, and while they grow they hold the old room beside the new. So much is counted that
//! twice as much covers that, for every collection of the standard library (`codec/tests/held.rs` tries them):
//!
//! - a table or a list that doubles holds up to three times its elements, and a hash table is at most 7/8 full: 7/4 of
//!   each element is counted, and a little for the control bytes of hash tables;
//! - a collection made of nodes has whole nodes, which are at least five elevenths full but for the first, and links.
//!   Such a collection does not ask how many elements there will be.

use std::cell::Cell;

/// The memory for *unpaid* elements: those that take no byte of the payload. A collection that grows holds up to three
/// times as much for a moment.
const UNPAID_MEMORY: usize = 16 * 1024;

/// The number of unpaid elements for each byte of the payload.
const UNPAID_PER_BYTE: usize = 7;
/// The number of unpaid elements in any case.
const UNPAID_ELEMENTS: usize = 1024;

/// The number of unpaid elements that may have any width.
pub(super) const UNPAID_OF_ANY_WIDTH: usize = 16;

/// The bytes that may be reserved on the word of a payload, for each byte of it. A hash map takes up to 2.3 times the
/// memory that it is asked to reserve.
const RESERVE_PER_BYTE: usize = 6;
/// The most that may be reserved for the bytes of the payload.
const RESERVE_FOR_BYTES: usize = 1 << 20;
/// The bytes that may be reserved in any case.
const RESERVE: usize = 24 * 1024;

/// The least width that an element is taken to have, for types whose elements could not be found out.
const LEAST_WIDTH: usize = 16;

/// The memory around a value in a box: the counters of an `Arc`.
const AROUND_A_BOX: usize = 16;

/// The budgets of reading one payload, as far as they are not used up.
pub(super) struct Limits {
    /// Elements that take a byte of their own. There can be no more of them than bytes.
    paid: Cell<usize>,
    unpaid: Cell<usize>,
    unpaid_memory: Cell<usize>,
    unpaid_of_any_width: Cell<usize>,
    whole_reserve: usize,
    reserve: Cell<usize>,
    /// The width that an element is taken to have before one was read: a collection that asks how many elements to
    /// reserve does not say of which type.
    widest: usize,
    /// The memory that the value may hold.
    most_held: usize,
    /// The memory that the value holds so far.
    held: Cell<usize>,
}

impl Limits {
    /// The limits for a payload of so many bytes, of a type whose collections have elements at most `widest` wide, and
    /// for a value that may hold `most_held` bytes.
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
        // Elements that take no memory most likely take no byte, and must not use up the bytes of the others.
        if width > 0
            && let Some(paid) = self.paid.get().checked_sub(elements)
        {
            self.paid.set(paid);
            return true;
        }
        self.count_unpaid(elements, width)
    }

    /// Counts elements beyond the bytes of the payload. Without this, a `Vec<()>` with a length of 2^64 is nine bytes
    /// of payload and centuries of reading.
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

    /// The memory that the value holds, as far as it was read.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.get()
    }
}

/// The reason why a payload is read no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// It claims more elements than its bytes can hold.
    Elements,
    /// The value would hold at least `held` bytes of memory, and `most` are allowed.
    Memory { held: usize, most: usize },
}

/// The account of one collection: its use of the budgets.
///
/// A claimed length is counted at once, so that each element then costs no more than a step towards it. Room for the
/// claimed elements is granted from a reserve that all collections share, since they nest, and each can claim a length
/// of its own. A collection that ends gives back the reserve of the elements that were really read.
pub(super) struct Account<'l> {
    limits: &'l Limits,
    /// The number of claimed elements, once an element was asked for.
    claimed: Cell<Option<usize>>,
    /// Whether the payload claims no length, and there may be elements.
    is_open: Cell<bool>,
    /// The number of elements that room was granted for.
    granted: Cell<usize>,
    /// The width of the elements, once it is known.
    width: Cell<Option<usize>>,
    /// Whether the collection has asked how many elements to reserve room for.
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

    /// The number of claimed elements that room may be reserved for.
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

    /// Allows an element that is asked for beyond those allowed before. Returns how many may be asked for after it, the
    /// end included, before this must be called again.
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

    /// Notes the width of the elements, at the first of them. If they are wider than any was expected to be, nothing
    /// more is reserved. Returns whether the first element is still to be counted, once it has been read.
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

    /// Counts the first element of a collection without a claimed length.
    pub(super) fn hold_first(&self, width: usize) -> Result<(), Excess> {
        self.limits.hold(self.first(width))
    }

    /// The memory counted for the first element: the least that a collection of its kind makes room for.
    #[inline]
    fn first(&self, width: usize) -> usize {
        match self.has_asked.get() {
            true => width.saturating_mul(2).saturating_add(10),
            false => width.saturating_mul(6).saturating_add(8),
        }
    }

    /// The memory counted for each other element.
    #[inline]
    fn later(&self, width: usize) -> usize {
        let grown = width.saturating_mul(2).saturating_sub(width / 4).saturating_add(2);
        if self.has_asked.get() { grown } else { grown.max(width.saturating_add(8)) }
    }

    /// Ends the collection, when `left` more elements might have been asked for.
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

    /// Reads a collection that claims some elements and has some; the number that room was granted for.
    fn collect(limits: &Limits, claimed: usize, read: usize, width: usize) -> usize {
        let account = Account::new(limits);
        let granted = account.grant(Some(claimed)).unwrap();
        assert_eq!(account.ask(Some(claimed), width), Ok(claimed));
        assert!(account.learn(width).is_ok());
        account.close(claimed - read);
        granted
    }

    #[test]
    fn elements_that_were_read_give_their_reserve_back() {
        let limits = limits(100_000, 1024);
        for _ in 0..1000 {
            assert_eq!(collect(&limits, 10, 10, 24), 10);
        }
        assert_eq!(limits.reserve.get(), limits.whole_reserve);
    }

    #[test]
    fn elements_that_were_only_claimed_keep_their_reserve() {
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
    fn elements_wider_than_expected_use_up_the_reserve_and_no_more() {
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

        // Elements without width leave the bytes to the others.
        let limits = new();
        assert!(limits.count(1000 * UNPAID_PER_BYTE, 0) && limits.count(1000, 8));
        assert!(limits.count(UNPAID_ELEMENTS, 0) && !limits.count(1, 0));
    }

    #[test]
    fn a_claim_is_counted_once_and_further_elements_one_by_one() {
        let limits = limits(10, 8);
        let account = Account::new(&limits);
        assert!(account.ask(Some(8), 8) == Ok(8) && account.learn(8).is_ok() && account.learn(8).is_ok());
        assert_eq!(limits.paid.get(), 2);
        assert_eq!(account.ask(Some(8), 8), Ok(0));
        assert_eq!(limits.paid.get(), 1);
    }

    #[test]
    fn memory_is_counted_as_it_is_claimed_and_is_limited() {
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
    fn an_empty_collection_holds_nothing() {
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
