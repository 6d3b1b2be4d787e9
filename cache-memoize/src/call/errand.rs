//! The contract between the engine and a place: how the value of a computation gets there. Memory implements it in
//! `local`, shared backends in `shared`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::Error;
use crate::flight::{Flight, Landing, Settled};

/// The answer of a place to a landing: whether the value is stored.
pub(crate) type Answer = Result<bool, Error>;

/// A request that is under way at a place.
pub(crate) type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The errand of a computation: the place that its value goes to, with everything needed to bring it there.
pub(crate) trait Errand: Send + Sync + Sized + 'static {
    /// A value in the form in which the place stores it. Made within the computation, for making it runs user code.
    type Sealed: Send;
    /// Entries and flights that the change of the place displaced. Dropping them runs user code, so that happens when the
    /// flight is settled. They are written where the engine has them, since they are large.
    type Leftovers: Default;

    /// Begins at the place, before the body runs; `None` where the computation has begun there.
    fn start(flight: &Arc<Flight<Self>>) -> Option<Pending<Result<(), Error>>>;

    /// Brings the value home, and takes the flight off its table; or, where the place takes time, begins to.
    fn land(
        flight: &Arc<Flight<Self>>,
        landing: Landing<Self::Sealed>,
        leftovers: &mut Self::Leftovers,
    ) -> Landed;

    /// The place has answered a landing: takes the flight off its table.
    fn end(flight: &Arc<Flight<Self>>, answer: Answer, leftovers: &mut Self::Leftovers) -> Result<(), Error>;

    /// The computation ends without a value: takes the flight off its table.
    fn give_up(flight: &Arc<Flight<Self>>, how: &Settled, leftovers: &mut Self::Leftovers);
}

/// How far a landing is.
pub(crate) enum Landed {
    /// The flight is off its table. An error concerns callers that wanted the effect on the place.
    Done(Result<(), Error>),
    #[cfg_attr(not(feature = "shared"), expect(dead_code, reason = "a memory takes no time"))]
    /// The place has been asked. It answers whether the value is stored; then comes [`Errand::end`].
    Pending(Pending<Answer>),
}
