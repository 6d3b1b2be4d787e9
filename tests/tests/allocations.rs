//! What is allocated, counted: nothing on a hit, whatever the key; little on a miss; nothing that stays.
#![allow(missing_docs)]

use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::{AllocationInfo, measure};
use cache_memoize::cache_memoize;

struct User {
    id: u64,
    name: String,
}

#[cache_memoize(ttl = 300)]
fn number(x: u64) -> u64 {
    x
}
#[cache_memoize(ttl = 300)]
fn text(name: &str, page: u32) -> usize {
    name.len() + page as usize
}
#[cache_memoize(ttl = 300)]
fn maybe(name: Option<&str>) -> usize {
    name.map_or(0, str::len)
}
#[cache_memoize(ttl = 300)]
fn pair((name, page): (&str, u8), tags: &[&str], cow: Cow<'_, str>) -> usize {
    name.len() + usize::from(page) + tags.len() + cow.len()
}
#[cache_memoize(ttl = 300, args_rewrite = |user, _| (user.id, user.name.as_str()))]
fn rewritten(user: &User, trace: &str) -> u64 {
    user.id + trace.len() as u64
}
#[cache_memoize(ttl = 300)]
async fn awaited(name: &str) -> usize {
    name.len()
}

fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit is ready at once"),
    }
}

/// What a call allocates when it hits. With its first hits a thread makes room for copies of what it finds.
fn of_a_hit(call: impl Fn()) -> AllocationInfo {
    (0..20).for_each(|_| call());
    measure(call)
}

#[test]
fn a_hit_allocates_nothing() {
    let user = User { id: 7, name: "alice".into() };
    let hits: [(&str, &dyn Fn()); 6] = [
        ("u64", &|| assert_eq!(number(1), 1)),
        ("(&str, u32)", &|| assert_eq!(text("alice", 2), 7)),
        ("Option<&str>", &|| assert_eq!(maybe(Some("alice")), 5)),
        ("((&str, u8), &[&str], Cow<str>)", &|| assert_eq!(pair(("a", 1), &["b"], Cow::Borrowed("c")), 4)),
        ("args_rewrite with a borrow", &|| assert_eq!(rewritten(&user, "trace"), 12)),
        ("async &str", &|| assert_eq!(now(awaited("alice")), 5)),
    ];
    for (shape, hit) in hits {
        assert_eq!(of_a_hit(hit).count_total, 0, "{shape}");
    }
}

#[test]
fn a_miss_allocates_the_entry_and_the_flight() {
    // The tables grow now and then; the least of many is a miss by itself.
    let least = (10..1_000)
        .map(|x| {
            measure(|| {
                number(x);
            })
            .count_total
        })
        .min();
    assert_eq!(least, Some(2));
}

#[test]
fn what_fencing_remembers_is_bounded() {
    #[cache_memoize(capacity = 10)]
    fn row(id: u64) -> u64 {
        id
    }
    row(0);
    row_invalidate_all();
    let left = measure(|| {
        for id in 0..100_000 {
            row_invalidate(id + 1_000_000);
            row(id);
            row_refresh(id);
            row_invalidate(id);
        }
    });
    assert!(left.bytes_current < 64 * 1024, "{} bytes stayed", left.bytes_current);
}

#[test]
fn dropped_futures_leave_nothing() {
    #[cache_memoize(capacity = 10)]
    async fn row(id: u64) -> u64 {
        std::future::pending::<()>().await;
        id
    }
    let left = measure(|| {
        for id in 0..10_000 {
            let mut leader = Box::pin(row(id));
            let mut waiter = Box::pin(row(id));
            let context = &mut Context::from_waker(Waker::noop());
            assert!(leader.as_mut().poll(context).is_pending() && waiter.as_mut().poll(context).is_pending());
            drop(leader);
            assert!(waiter.as_mut().poll(context).is_pending());
        }
    });
    assert!(left.bytes_current < 64 * 1024, "{} bytes stayed", left.bytes_current);
    assert_eq!(row_stats().in_flight, 0);
}
