//! The hooks of tests in calls: they hold calls at points, and give them caches of their own, or none. Without the
//! feature `testing` they do nothing.

#[cfg(feature = "testing")]
mod clock;
#[cfg(feature = "testing")]
mod gate;
#[cfg(feature = "testing")]
mod point;
#[cfg(feature = "testing")]
mod scope;

#[cfg(feature = "testing")]
pub use {
    clock::advance, gate::Gate, point::Point, scope::Entered, scope::Scope, scope::isolate, scope::off,
};

#[cfg(feature = "testing")]
pub(crate) use scope::{OfWorld, current_world, current_world_id, is_off};
#[cfg(feature = "testing")]
pub(crate) use {clock::ticks_now, gate::Held, gate::held};

#[cfg(not(feature = "testing"))]
pub(crate) use nothing::*;

#[cfg(not(feature = "testing"))]
mod nothing {
    use std::time::Duration;

    pub(crate) enum Point {
        Missed,
        BeforeBody,
        BeforeStore,
        Waiting,
    }

    pub(crate) struct Held;

    #[inline]
    pub(crate) fn held(_: &str, _: Point) -> Held {
        Held
    }

    impl Held {
        #[inline]
        pub(crate) fn holds(&self) -> bool {
            false
        }

        #[inline]
        pub(crate) fn block(self) {}
    }

    impl IntoFuture for Held {
        type Output = ();
        type IntoFuture = std::future::Ready<()>;

        #[inline]
        fn into_future(self) -> Self::IntoFuture {
            std::future::ready(())
        }
    }

    #[inline]
    pub(crate) fn is_off() -> bool {
        false
    }

    #[inline]
    pub(crate) fn ticks_now(real: u64, _: fn(Duration) -> u64) -> u64 {
        real
    }

    #[inline]
    pub(crate) fn current_world_id() -> u64 {
        0
    }
}
