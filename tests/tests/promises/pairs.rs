//! Keys and values that are `Copy` are stored in another way than others. Nobody may notice.

use std::cell::Cell;
use std::hash::{Hash, Hasher};

use cache_memoize::cache_memoize;
use cache_memoize::testing;

trait Tag: 'static {
    const OF: u64;
}

struct One;
struct Two;

impl Tag for One {
    const OF: u64 = 1_000;
}
impl Tag for Two {
    const OF: u64 = 2_000;
}

#[cache_memoize(ttl = 60, capacity = 100)]
fn tagged<T: Tag>(id: u64) -> u64 {
    T::OF + id
}

#[test]
fn instances_of_equal_types_share_nothing() {
    let _scope = testing::isolate();
    for id in 0..30 {
        assert_eq!((tagged::<One>(id), tagged::<Two>(id)), (1_000 + id, 2_000 + id));
    }
    for id in 0..30 {
        assert_eq!((tagged::<Two>(id), tagged::<One>(id)), (2_000 + id, 1_000 + id));
        assert!(tagged_invalidate::<One>(id));
        assert!(!tagged_invalidate::<One>(id));
        assert_eq!((tagged_peek::<One>(id), tagged_peek::<Two>(id)), (None, Some(2_000 + id)));
    }
    let stats = tagged_stats();
    assert_eq!((stats.entries, stats.misses, stats.hits), (30, 60, 60));
}

#[cache_memoize(ttl = 60)]
fn shown<T: Copy + Send + Sync + Hash + Eq + ToString + 'static>(value: T) -> (T, usize) {
    (value, value.to_string().len())
}

#[test]
fn instances_of_other_types_are_in_one_memory() {
    let _scope = testing::isolate();
    for _ in 0..3 {
        assert_eq!(shown(12_u8), (12, 2));
        assert_eq!(shown(123_u64), (123, 3));
        assert_eq!(shown('x'), ('x', 1));
        assert_eq!(shown("text"), ("text", 4));
    }
    let stats = shown_stats();
    assert_eq!((stats.entries, stats.misses, stats.hits), (4, 4, 8));
    assert!(shown_invalidate(123_u64) && shown_invalidate('x') && !shown_invalidate(12_u64));
    assert_eq!(shown_stats().entries, 2);
}

#[cache_memoize(ttl = 60, cache_err = true)]
fn halved(number: u64) -> Result<u64, String> {
    if number.is_multiple_of(2) { Ok(number / 2) } else { Err(format!("{number} is odd")) }
}

#[test]
fn values_and_errors_are_side_by_side() {
    let _scope = testing::isolate();
    for _ in 0..3 {
        for number in 0..20_u64 {
            let expected =
                if number.is_multiple_of(2) { Ok(number / 2) } else { Err(format!("{number} is odd")) };
            assert_eq!(halved(number), expected);
        }
    }
    assert_eq!(halved_stats().misses, 20);
    // Each takes the place of one of the other kind.
    for number in 0..20_u64 {
        let other = if number.is_multiple_of(2) { Err("even".to_owned()) } else { Ok(number) };
        halved_set(number, other.clone());
        assert_eq!(halved_peek(number), Some(other));
        assert!(halved_invalidate(number));
    }
    assert_eq!(halved_stats().entries, 0);
}

/// `Copy`, with a `Clone`, `Hash` and `Eq` of the user's that call the very function.
#[derive(Copy, Debug)]
struct Meddler(u64);

thread_local! {
    static MEDDLES: Cell<u32> = const { Cell::new(0) };
}

fn meddle() {
    let left = MEDDLES.get();
    if left > 0 {
        MEDDLES.set(left - 1);
        let other = Meddler(u64::from(left));
        meddled(other);
        meddled_invalidate(other);
    }
}

#[expect(clippy::non_canonical_clone_impl, reason = "that is what is tested")]
impl Clone for Meddler {
    fn clone(&self) -> Self {
        meddle();
        Self(self.0)
    }
}
impl PartialEq for Meddler {
    fn eq(&self, other: &Self) -> bool {
        meddle();
        self.0 == other.0
    }
}
impl Eq for Meddler {}
impl Hash for Meddler {
    fn hash<H: Hasher>(&self, state: &mut H) {
        meddle();
        self.0.hash(state);
    }
}

#[cache_memoize(ttl = 60, capacity = 10)]
fn meddled(key: Meddler) -> Meddler {
    Meddler(key.0 + 1)
}

#[test]
fn no_code_of_the_users_runs_within_the_store() {
    let _scope = testing::isolate();
    for key in (0..30).chain(0..30) {
        MEDDLES.set(20);
        assert_eq!(meddled(Meddler(key)).0, key + 1);
        MEDDLES.set(20);
        assert_eq!(meddled(Meddler(key)).0, key + 1);
        MEDDLES.set(20);
        assert!(meddled_peek(Meddler(key)).is_some_and(|value| value.0 == key + 1) || key <= 20);
    }
    MEDDLES.set(0);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Id(u32);

#[cache_memoize(ttl = 60, capacity = 1_000)]
fn wide(id: Id, page: u16) -> [u64; 12] {
    [u64::from(id.0) + u64::from(page); 12]
}

#[test]
fn what_was_invalidated_makes_room_for_others() {
    let _scope = testing::isolate();
    for round in 0..5 {
        for id in 0..900 {
            assert_eq!(wide(Id(id), round)[11], u64::from(id) + u64::from(round));
        }
        assert_eq!(wide_peek(Id(899), round), Some([899 + u64::from(round); 12]));
        wide_invalidate_all();
        assert_eq!(wide_peek(Id(899), round), None);
    }
}
