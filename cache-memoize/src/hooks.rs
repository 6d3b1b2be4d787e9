//! What tests do to calls: stop them at points, give them caches of their own, or none. Nothing without the feature
//! `testing`.

#[cfg(feature = "testing")]
pub(crate) use crate::testing::{Held, Point, current_world_id, held, is_off, ticks_now};

#[cfg(not(feature = "testing"))]
pub(crate) use nothing::*;

#[cfg(not(feature = "testing"))]
mod nothing {
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
    pub(crate) fn ticks_now(real: u64) -> u64 {
        real
    }

    #[inline]
    pub(crate) fn current_world_id() -> u64 {
        0
    }
}
