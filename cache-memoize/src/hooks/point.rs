//! The points at which a gate can hold a call.

/// A point on the way of a call, at which a [`Gate`](crate::testing::Gate) can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Point {
    /// The call has looked and found nothing. It has not begun a computation, and does not wait for one. In memory, not
    /// with `single_flight = false`.
    Missed,
    /// A computation has begun, and its body has not.
    BeforeBody,
    /// The body has returned, and nothing is stored. Not for results of `async` functions that can be neither stored
    /// nor shared, such as an error that is not `Clone`.
    BeforeStore,
    /// The call has joined the computation of another call, whose end will wake it.
    Waiting,
}
