//! The memoized functions, each in a module of its name, and the table of what can be done with them.

use std::sync::LazyLock;

use tokio::runtime::Runtime;

use crate::show::{Answer, Show};

/// One of the functions with its companions.
pub(crate) struct Function {
    name: &'static str,
    pub(crate) call: fn(u64) -> Answer,
    pub(crate) peek: fn(u64) -> Answer,
    pub(crate) refresh: fn(u64) -> Answer,
    pub(crate) invalidate: fn(u64) -> Answer,
    pub(crate) invalidate_all: fn() -> Answer,
    pub(crate) set: fn(u64, String) -> Answer,
    pub(crate) key: fn(u64) -> Answer,
    pub(crate) stats: fn() -> Answer,
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Of the async functions.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// The row of a function `f` in a module; what follows its name says how to get its output.
macro_rules! row {
    ($module:ident, $output:path, $set:expr) => {
        Function {
            name: stringify!($module),
            call: |id| $output($module::f(id)).show(),
            peek: |id| $output($module::f_peek(id)).show(),
            refresh: |id| $output($module::f_refresh(id)).show(),
            invalidate: |id| $output($module::f_invalidate(id)).show(),
            invalidate_all: || $output($module::f_invalidate_all()).show(),
            set: |id, value| $output($module::f_set(id, $set(value))).show(),
            key: |id| $module::f_cache_key(id).show(),
            stats: || $module::f_stats().show(),
        }
    };
}

fn wait<F: Future>(output: F) -> F::Output {
    RUNTIME.block_on(output)
}

fn as_it_is<T>(output: T) -> T {
    output
}

static FUNCTIONS: &[Function] = &[
    row!(plain, as_it_is, Ok),
    row!(later, wait, Ok),
    row!(fleet, as_it_is, Ok),
    row!(fleet_later, wait, Ok),
    row!(once, as_it_is, |_| Ok(())),
    row!(once_later, wait, |_| Ok(())),
];

mod plain {
    use cache_memoize::cache_memoize;

    use crate::backend::BACKEND;
    use crate::body::body;

    #[cache_memoize(ttl = 300, backend = BACKEND)]
    pub(crate) fn f(_id: u64) -> Result<String, String> {
        body("plain")
    }
}

mod later {
    use cache_memoize::cache_memoize;

    use crate::backend::BACKEND;
    use crate::body::body_later;

    #[cache_memoize(ttl = 300, backend = BACKEND)]
    pub(crate) async fn f(_id: u64) -> Result<String, String> {
        body_later("later").await
    }
}

mod fleet {
    use cache_memoize::cache_memoize;

    use crate::backend::BACKEND;
    use crate::body::body;

    #[cache_memoize(ttl = 300, backend = BACKEND, single_flight = "fleet")]
    pub(crate) fn f(_id: u64) -> Result<String, String> {
        body("fleet")
    }
}

mod fleet_later {
    use cache_memoize::cache_memoize;

    use crate::backend::BACKEND;
    use crate::body::body_later;

    #[cache_memoize(ttl = 300, backend = BACKEND, single_flight = "fleet")]
    pub(crate) async fn f(_id: u64) -> Result<String, String> {
        body_later("fleet_later").await
    }
}

mod once {
    use cache_memoize::cache_memoize;

    use crate::backend::BACKEND;
    use crate::body::body;

    #[cache_memoize(ttl = 300, backend = BACKEND, store_result = false)]
    pub(crate) fn f(_id: u64) -> Result<(), String> {
        body("once").map(drop)
    }
}

mod once_later {
    use cache_memoize::cache_memoize;

    use crate::backend::BACKEND;
    use crate::body::body_later;

    #[cache_memoize(ttl = 300, backend = BACKEND, store_result = false)]
    pub(crate) async fn f(_id: u64) -> Result<(), String> {
        body_later("once_later").await.map(drop)
    }
}
