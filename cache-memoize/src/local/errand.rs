//! A computation for a memory: its landing is one step under the lock of the key.

use std::sync::Arc;
use std::time::Duration;

use super::types::Types;
use crate::call::judge::{Seal, view};
use crate::call::{Errand, Landed, Pending};
use crate::error::Error;
use crate::flight::{Flight, Landing, Settled};
use crate::memory::store::Life;
use crate::memory::{Leftovers, Memory};
use crate::shape::Shape;

/// The errand of a computation for a memory.
pub struct InMemory {
    pub(super) memory: Memory,
    /// The version at which nothing was stored under the hash, where that is known.
    pub(super) vacant: Option<u64>,
    pub(super) types: &'static dyn Types,
}

impl Errand for InMemory {
    type Sealed = Life;
    type Leftovers = Leftovers;

    fn start(_: &Arc<Flight<Self>>) -> Option<Pending<Result<(), Error>>> {
        None
    }

    fn land(flight: &Arc<Flight<Self>>, landing: Landing<Life>, leftovers: &mut Leftovers) -> Landed {
        land(flight, landing, leftovers);
        Landed::Done(Ok(()))
    }

    fn end(_: &Arc<Flight<Self>>, _: Result<bool, Error>, _: &mut Leftovers) -> Result<(), Error> {
        unreachable!("a landing in memory takes no time")
    }

    fn give_up(flight: &Arc<Flight<Self>>, _: &Settled, leftovers: &mut Leftovers) {
        land(flight, Landing::Nothing, leftovers);
    }
}

fn land(flight: &Arc<Flight<InMemory>>, landing: Landing<Life>, leftovers: &mut Leftovers) {
    let InMemory { memory, vacant, types } = &flight.errand;
    types.land(flight, &mut |pair, compare| {
        memory.inner().land(flight, &landing, pair, *vacant, compare, leftovers);
    });
}

impl<K: 'static, S: Shape> Seal<K, S> for InMemory {
    fn seal(
        flight: &Flight<Self>,
        returned: &S::Return,
        lifetime: Option<Duration>,
        weight: u32,
    ) -> Landing<Life> {
        let Some(value) = S::shared(returned) else { return Landing::Nothing };
        view::<Self, K, S>(flight).fill(value);
        match flight.entry.is_filled() {
            true => Landing::Store(Life::new(lifetime, flight.generation.of.windows, weight)),
            false => Landing::Nothing,
        }
    }
}
