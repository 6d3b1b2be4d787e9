//! The functions that are called: every way to meet other calls, for threads and for tasks.

use std::convert::identity;
use std::future::ready;
use std::pin::Pin;

use cache_memoize::{Error, cache_memoize};
use tokio::task::yield_now;

use crate::judge::{Process, Value};

/// How its calls meet others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Join,
    Alone,
    Fleet,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Join, Self::Alone, Self::Fleet];
}

type Later<'p, T> = Pin<Box<dyn Future<Output = T> + Send + 'p>>;

type Found = Result<Option<Value>, Error>;

/// A function and its companions. What a thread does is done when it is called, and the future is ready.
pub(crate) struct Functions {
    pub(crate) kind: Kind,
    pub(crate) call: for<'p> fn(&'p Process<'p>, u64) -> Later<'p, Value>,
    pub(crate) peek: for<'p> fn(&'p Process<'p>, u64) -> Later<'p, Found>,
    pub(crate) invalidate: for<'p> fn(&'p Process<'p>, u64) -> Later<'p, Result<bool, Error>>,
    pub(crate) invalidate_all: for<'p> fn(&'p Process<'p>) -> Later<'p, Result<(), Error>>,
    pub(crate) refresh: for<'p> fn(&'p Process<'p>, u64) -> Later<'p, Result<Value, Error>>,
    pub(crate) set: for<'p> fn(&'p Process<'p>, u64, Value) -> Later<'p, Result<(), Error>>,
}

macro_rules! functions {
    ($table:ident, $kind:expr, [$($option:tt)*], $later:expr, $($function:tt)*) => {
        pub(crate) static $table: Functions = {
            #[cache_memoize(ttl = 600, $($option)*)]
            $($function)*

            Functions {
                kind: $kind,
                call: |process, key| Box::pin($later(number(process, key))),
                peek: |process, key| Box::pin($later(number_peek(process, key))),
                invalidate: |process, key| Box::pin($later(number_invalidate(process, key))),
                invalidate_all: |process| Box::pin($later(number_invalidate_all(process))),
                refresh: |process, key| Box::pin($later(number_refresh(process, key))),
                set: |process, key, value| Box::pin($later(number_set(process, key, value))),
            }
        };
    };
}

macro_rules! of_threads {
    ($table:ident, $kind:expr, [$($option:tt)*]) => {
        functions!(
            $table,
            $kind,
            [skip(process), backend = process.cache, $($option)*],
            ready,
            fn number(process: &Process<'_>, key: u64) -> Value {
                let value = process.world.compute(key);
                std::thread::yield_now();
                value
            }
        );
    };
}

macro_rules! of_tasks {
    ($table:ident, $kind:expr, [$($option:tt)*]) => {
        functions!(
            $table,
            $kind,
            [skip(process), backend = process.cache, $($option)*],
            identity,
            async fn number(process: &Process<'_>, key: u64) -> Value {
                let value = process.world.compute(key);
                yield_now().await;
                yield_now().await;
                value
            }
        );
    };
}

of_threads!(JOIN, Kind::Join, []);
of_threads!(ALONE, Kind::Alone, [single_flight = false]);
of_threads!(FLEET, Kind::Fleet, [single_flight = "fleet"]);
of_tasks!(JOIN_ASYNC, Kind::Join, []);
of_tasks!(ALONE_ASYNC, Kind::Alone, [single_flight = false]);
of_tasks!(FLEET_ASYNC, Kind::Fleet, [single_flight = "fleet"]);

pub(crate) static OF_THREADS: [&Functions; 3] = [&JOIN, &ALONE, &FLEET];
pub(crate) static OF_TASKS: [&Functions; 3] = [&JOIN_ASYNC, &ALONE_ASYNC, &FLEET_ASYNC];
