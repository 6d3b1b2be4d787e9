//! How much a payload may make us do: elements to read, memory to reserve before they are read.

use std::cell::Cell;

/// Memory for elements that take no byte of the payload, so that no payload pays for them. A collection that grows
/// holds up to three times as much for a moment.
const UNPAID_MEMORY: usize = 16 * 1024;

/// Elements that take no byte of the payload: so many for each byte, and so many in any case.
const UNPAID_PER_BYTE: usize = 7;
const UNPAID_ELEMENTS: usize = 1024;

/// Memory that may be reserved on the word of a payload: so many bytes for each of its own, and so many in any case.
/// A hash map takes up to 2.3 times what it is asked for.
const RESERVE_PER_BYTE: usize = 6;
const RESERVE: usize = 24 * 1024;

/// The least width that an element is taken to have, for types whose elements could not be found out.
const LEAST_WIDTH: usize = 16;

/// The budgets of reading one payload: what is left of them.
pub(super) struct Limits {
    /// Elements that take a byte of their own. There can be no more of them than bytes.
    paid: Cell<usize>,
    unpaid: Cell<usize>,
    unpaid_memory: Cell<usize>,
    whole_reserve: usize,
    reserve: Cell<usize>,
    /// How wide an element is taken to be as long as none was read: when a collection asks how much to reserve, it
    /// does not say of what.
    widest: usize,
}

impl Limits {
    /// For so many bytes of a type whose collections have elements at most so wide.
    #[inline]
    pub(super) fn new(payload: usize, widest: usize) -> Self {
        let reserve = payload.saturating_mul(RESERVE_PER_BYTE).saturating_add(RESERVE);
        Self {
            paid: Cell::new(payload),
            unpaid: Cell::new(payload.saturating_mul(UNPAID_PER_BYTE).saturating_add(UNPAID_ELEMENTS)),
            unpaid_memory: Cell::new(UNPAID_MEMORY),
            whole_reserve: reserve,
            reserve: Cell::new(reserve),
            widest: widest.max(LEAST_WIDTH),
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
        let memory = self.unpaid_memory.get().checked_sub(elements.saturating_mul(width));
        let unpaid = self.unpaid.get().checked_sub(elements);
        self.unpaid_memory.set(memory.unwrap_or(0));
        self.unpaid.set(unpaid.unwrap_or(0));
        memory.is_some() && unpaid.is_some()
    }
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
    granted: Cell<usize>,
    /// How wide the elements are, once that is known.
    width: Cell<Option<usize>>,
}

impl<'l> Account<'l> {
    #[inline]
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { limits, claimed: Cell::new(None), granted: Cell::new(0), width: Cell::new(None) }
    }

    /// As many of the claimed elements as may be reserved now.
    pub(super) fn grant(&self, claimed: usize) -> usize {
        let Limits { reserve, widest, .. } = self.limits;
        if self.granted.get() == 0 && self.width.get().is_none() {
            // Most claims fit, and a division costs as much as reading some numbers.
            let fitting = claimed.checked_mul(*widest).is_some_and(|wanted| wanted <= reserve.get());
            let granted = if fitting { claimed } else { reserve.get() / widest };
            reserve.set(reserve.get() - granted * widest);
            self.granted.set(granted);
        }
        claimed.min(self.granted.get())
    }

    /// An element is asked for beyond those that were expected. How many may be after this one, the end included,
    /// before this must be called again; `None` if it is one too many.
    pub(super) fn ask(&self, claimed: Option<usize>, width: usize) -> Option<usize> {
        if self.claimed.get().is_some() {
            return self.limits.count(1, width).then_some(0);
        }
        self.claimed.set(Some(claimed.unwrap_or(0)));
        self.claimed.get()
    }

    /// The elements turn out to be this wide; `false` if the claim is too much. If they are wider than any should be,
    /// nothing more is reserved.
    pub(super) fn learn(&self, width: usize) -> bool {
        if self.width.get().is_some() {
            return true;
        }
        self.width.set(Some(width));
        let Limits { reserve, widest, .. } = self.limits;
        let granted = self.granted.get();
        let whole = reserve.get() + granted * widest;
        reserve.set(whole.saturating_sub(granted.saturating_mul(width)));
        self.limits.count(self.claimed.get().unwrap_or(0), width)
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

    /// A collection that claims so many elements and has so many, as it is read; how many were reserved.
    fn collect(limits: &Limits, claimed: usize, read: usize, width: usize) -> usize {
        let account = Account::new(limits);
        let granted = account.grant(claimed);
        assert_eq!(account.ask(Some(claimed), width), Some(claimed));
        assert!(account.learn(width));
        account.close(claimed - read);
        granted
    }

    #[test]
    fn what_was_read_gives_its_room_back() {
        let limits = Limits::new(100_000, 1024);
        for _ in 0..1000 {
            assert_eq!(collect(&limits, 10, 10, 24), 10);
        }
        assert_eq!(limits.reserve.get(), limits.whole_reserve);
    }

    #[test]
    fn what_was_only_claimed_keeps_its_room() {
        let limits = Limits::new(1_000_000, 1024);
        let reserved: usize = (0..900).map(|_| 24 * collect(&limits, 1000, 3, 24)).sum();
        assert!(reserved <= limits.whole_reserve + 900 * 3 * 24, "{reserved}");
        assert!(limits.reserve.get() < 24 * 1024, "{}", limits.reserve.get());
    }

    #[test]
    fn room_is_granted_once_and_before_the_elements_are_known() {
        let limits = Limits::new(1000, 24);
        let account = Account::new(&limits);
        assert_eq!([account.grant(10), account.grant(10), account.grant(4)], [10, 10, 4]);
        assert_eq!(limits.reserve.get(), limits.whole_reserve - 240);
        let account = Account::new(&limits);
        assert!(account.learn(24));
        assert_eq!(account.grant(10), 0);
    }

    #[test]
    fn wider_elements_than_any_should_be_end_the_room_and_no_more() {
        let limits = Limits::new(1000, 1024);
        let account = Account::new(&limits);
        let granted = account.grant(1000);
        assert!(account.ask(Some(granted), 1 << 20) == Some(granted) && account.learn(1 << 20));
        assert_eq!(limits.reserve.get(), 0);
        account.close(0);
        assert_eq!(limits.reserve.get(), limits.whole_reserve);
    }

    #[test]
    fn elements_are_paid_for_by_bytes_and_then_by_little() {
        let limits = Limits::new(1000, 8);
        assert!(limits.count(400, 8) && limits.count(600, 8));
        assert!(limits.count(UNPAID_MEMORY / 8, 8));
        assert!(!limits.count(1, 8));

        let limits = Limits::new(1000, 8);
        assert!(!limits.count(1000 + UNPAID_MEMORY / 8 + 1, 8));
        assert!(!limits.count(usize::MAX, 0));

        // Those of no width leave the bytes to the others.
        let limits = Limits::new(1000, 8);
        assert!(limits.count(1000 * UNPAID_PER_BYTE, 0) && limits.count(1000, 8));
        assert!(limits.count(UNPAID_ELEMENTS, 0) && !limits.count(1, 0));
    }

    #[test]
    fn a_claim_is_counted_once_and_what_nobody_claimed_one_by_one() {
        let limits = Limits::new(10, 8);
        let account = Account::new(&limits);
        assert!(account.ask(Some(8), 8) == Some(8) && account.learn(8) && account.learn(8));
        assert_eq!(limits.paid.get(), 2);
        assert_eq!(account.ask(Some(8), 8), Some(0));
        assert_eq!(limits.paid.get(), 1);
    }
}
