//! The operations that a thread of a program may carry out.

/// One operation on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// Calls, and waits as a thread.
    Call,
    /// Calls, and waits as a task.
    Task,
    /// Calls as a task that is dropped after its first poll; a body that it has begun is not done by then.
    Drop,
    /// Calls with a body that panics.
    Panic,
    /// Calls with a body that fails.
    Fail,
    /// Calls with a body whose value is not to be stored.
    Refuse,
    /// Calls with `single_flight = false`.
    Alone,
    /// Calls with a `max_wait` that is over at once.
    Hasty,
    /// [`Hasty`](Self::Hasty) as a task.
    HastyTask,
    /// [`Hasty`](Self::Hasty) with a body that fails.
    HastyFail,
    /// Calls with `store_result = false`.
    Claim,
    /// [`Claim`](Self::Claim) with a body that fails.
    ClaimFail,
    /// Calls with a body that calls the function with the other key, by [`Within`](Self::Within).
    Nested,
    /// Calls within a body.
    Within,
    Peek,
    Set,
    Invalidate,
    InvalidateAll,
    Refresh,
    /// Refreshes with a body that fails.
    RefreshFail,
    /// Refreshes with a body whose value is not to be stored.
    RefreshRefuse,
    /// Refreshes as a task that is dropped after its first poll.
    RefreshDrop,
    /// Sweeps, as the sweeper does now and then.
    Sweep,
}

impl Op {
    /// Whether it is an ordinary call, which runs the body only if it must.
    pub(super) fn is_call(self) -> bool {
        matches!(
            self,
            Self::Call
                | Self::Task
                | Self::Drop
                | Self::Panic
                | Self::Fail
                | Self::Refuse
                | Self::Alone
                | Self::Hasty
                | Self::HastyTask
                | Self::HastyFail
                | Self::Claim
                | Self::ClaimFail
                | Self::Nested
                | Self::Within
        )
    }

    /// Whether its body never runs beside another of its kind, even if one fails.
    pub(super) fn claims(self) -> bool {
        matches!(self, Self::Claim | Self::ClaimFail)
    }

    /// Whether its body fails.
    pub(super) fn fails(self) -> bool {
        matches!(self, Self::Fail | Self::HastyFail | Self::ClaimFail | Self::RefreshFail)
    }

    /// Whether it does not wait.
    pub(super) fn is_hasty(self) -> bool {
        matches!(self, Self::Hasty | Self::HastyTask | Self::HastyFail)
    }

    /// Whether it may compute beside others at any time.
    pub(super) fn is_apart(self) -> bool {
        matches!(self, Self::Alone | Self::Within)
    }

    /// Whether it looks for a value.
    pub(super) fn looks(self) -> bool {
        self.is_call() || self == Self::Peek
    }

    /// Whether it leads as a task.
    pub(super) fn is_task(self) -> bool {
        matches!(self, Self::Task | Self::HastyTask | Self::Drop | Self::RefreshDrop)
    }

    /// Whether the value of its own body is stored.
    pub(super) fn stores(self) -> bool {
        matches!(
            self,
            Self::Call
                | Self::Task
                | Self::Alone
                | Self::Hasty
                | Self::HastyTask
                | Self::Claim
                | Self::Nested
                | Self::Set
                | Self::Refresh
        )
    }

    /// Whether it makes older results void when it succeeds.
    pub(super) fn overtakes(self) -> bool {
        matches!(
            self,
            Self::Set | Self::Invalidate | Self::InvalidateAll | Self::Refresh | Self::RefreshRefuse
        )
    }

    /// Whether it may leave the key without an entry.
    pub(super) fn removes(self) -> bool {
        matches!(self, Self::Invalidate | Self::InvalidateAll | Self::RefreshRefuse)
    }

    /// Whether a second computation may run beside one that it met.
    pub(super) fn divides(self) -> bool {
        self.overtakes() || self.is_hasty() || matches!(self, Self::RefreshFail | Self::RefreshDrop)
    }
}
