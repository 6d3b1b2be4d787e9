//! A result is judged by the function's policy, sealed for its place, and shared with callers that wait. All of it runs user
//! code, within the computation.

use std::time::Duration;

use super::errand::Errand;
use super::guard::Judged;
use crate::entry::View;
use crate::flight::{Flight, Landing, Purpose};
use crate::policy::{Policy, Verdict};
use crate::shape::Shape;

/// An errand that can take the results of a function with keys of the type `K`.
pub(crate) trait Seal<K, S: Shape>: Errand {
    /// The landing of a value that is to be stored.
    fn seal(
        flight: &Flight<Self>,
        returned: &S::Return,
        lifetime: Option<Duration>,
        weight: u32,
    ) -> Landing<Self::Sealed>;
}

/// Decides about a result. Fills the entry if callers wait for it, whether or not it is stored: then it is not computed
/// by each of them.
pub(super) fn judge<E: Seal<K, S>, K: 'static, S: Shape>(
    flight: &Flight<E>,
    policy: &Policy<K, S>,
    returned: &S::Return,
) -> Judged<E> {
    let entry = view::<E, K, S>(flight);
    let landing = match policy.judge(entry.key, returned) {
        Verdict::Store { lifetime, weight } => E::seal(flight, returned, lifetime, weight),
        Verdict::Refuse if flight.purpose == Purpose::Refresh => Landing::Remove,
        Verdict::Refuse | Verdict::Fail => Landing::Nothing,
    };
    (landing, share::<E, K, S>(flight, S::shared(returned)))
}

/// Fills the entry if callers wait for it; whether any do.
pub(super) fn share<E: Errand, K: 'static, S: Shape>(flight: &Flight<E>, value: Option<&S::Shared>) -> bool {
    let is_waited_for = flight.has_waiters();
    if is_waited_for && let Some(value) = value {
        view::<E, K, S>(flight).fill(value);
    }
    is_waited_for
}

/// The entry of a computation, by its types.
pub(crate) fn view<E, K: 'static, S: Shape>(flight: &Flight<E>) -> View<'_, K, S::Shared> {
    flight.entry.view().expect("a computation has an entry of its own types")
}
