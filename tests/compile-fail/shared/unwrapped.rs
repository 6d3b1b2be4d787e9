//! What a `Shared` is made of, and is not one.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use cache_memoize::backend::{Backend, Begin, Begun, CallMode, Commit, Fence, Group, Key, Read, Reply, Stored};
use cache_memoize::cache_memoize;

struct Toy;

impl Backend for Toy {
    fn name(&self) -> String {
        "toy".into()
    }
    fn read<'a>(&'a self, _: &'a Key, _: Read, _: CallMode) -> Reply<'a, Option<Stored>> {
        loop {}
    }
    fn begin<'a>(&'a self, _: &'a Key, _: Begin, _: CallMode) -> Reply<'a, Begun> {
        loop {}
    }
    fn commit<'a>(&'a self, _: &'a Key, _: Commit<'a>, _: CallMode) -> Reply<'a, bool> {
        loop {}
    }
    fn release<'a>(&'a self, _: &'a Key, _: &'a Fence, _: CallMode) -> Reply<'a, ()> {
        loop {}
    }
    fn renew<'a>(&'a self, _: &'a Key, _: &'a Fence, _: Duration, _: CallMode) -> Reply<'a, bool> {
        loop {}
    }
    fn remove<'a>(&'a self, _: &'a Key, _: CallMode) -> Reply<'a, bool> {
        loop {}
    }
    fn remove_all<'a>(&'a self, _: &'a Group, _: CallMode) -> Reply<'a, ()> {
        loop {}
    }
}

static TOY: Toy = Toy;
static LAZY: LazyLock<Toy> = LazyLock::new(|| Toy);

#[cache_memoize(backend = TOY)]
fn itself(id: u64) -> u64 {
    id
}

#[cache_memoize(backend = &TOY)]
async fn by_reference(id: u64, boost: f64) -> f64 {
    id as f64 * boost
}

#[cache_memoize(backend = LAZY)]
fn lazy(id: u64) -> u64 {
    id
}

struct Service {
    toy: Arc<dyn Backend>,
}

impl Service {
    #[cache_memoize(skip(self), backend = self.toy)]
    fn in_a_field(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
