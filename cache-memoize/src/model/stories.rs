//! The stories: sets of programs that are searched. The `ignore`d ones take long; `scripts/model.sh full` runs them,
//! too.

use super::naive::Naive;
use super::operation::Op::{self, *};
use super::program::{Act, Program};
use super::search::{Depth::*, check, search};
use super::world::{Owned, Shared, World};

/// The operations of ordinary use.
const CORE: [Op; 7] = [Call, Drop, Peek, Set, Invalidate, InvalidateAll, Refresh];

/// All operations, with their failures and cancellations.
const ALL: [Op; 16] = [
    Call,
    Task,
    Drop,
    Panic,
    Fail,
    Refuse,
    Alone,
    Peek,
    Set,
    Invalidate,
    InvalidateAll,
    Refresh,
    RefreshFail,
    RefreshRefuse,
    RefreshDrop,
    Sweep,
];

fn on_keys(ops: &[Op], keys: &[usize]) -> Vec<Act> {
    ops.iter().flat_map(|&op| keys.iter().map(move |&key| (op, key))).collect()
}

/// Programs on one key, which is unused at first or has an entry.
fn programs(ops: &[Op], lengths: &[usize]) -> Vec<Program> {
    let acts = on_keys(ops, &[0]);
    [Program::all(&[], &acts, lengths), Program::all(&[(Call, 0)], &acts, lengths)].concat()
}

#[test]
fn one_each() {
    search::<World<Owned>>("2 × 1 of all", Exhaustive, &programs(&ALL, &[1, 1]));
    search::<World<Shared>>("2 × 1 of all, errors shared", Exhaustive, &programs(&ALL, &[1, 1]));
}

#[test]
fn two_each() {
    search::<World<Owned>>("2 × 2", Preemptions(2), &programs(&CORE, &[2, 2]));
}

/// A thread copies the values that it finds, and looks into its copies, while another thread changes the entry.
fn copying(calls: usize) -> Vec<Program> {
    let changes = on_keys(&[Set, Invalidate, InvalidateAll, Refresh, RefreshRefuse], &[0]);
    let beside = |change| Program::new(&[(Call, 0)], &[vec![(Call, 0); calls], vec![change, (Call, 0)]]);
    changes.into_iter().map(beside).collect()
}

/// A thread that uses its copy and, between that, looks into the store itself, while another thread changes the entry.
fn with_and_without_copies() -> Vec<Program> {
    let changes = on_keys(&[Set, Invalidate, InvalidateAll, Refresh, RefreshRefuse], &[0]);
    let beside = |change| Program::new(&[(Call, 0)], &[vec![(Call, 0), (Peek, 0), (Call, 0)], vec![change]]);
    changes.into_iter().map(beside).collect()
}

#[test]
fn copies() {
    search::<World<Owned>>("a copy beside the store beside a change", Exhaustive, &with_and_without_copies());

    search::<World<Owned>>("2 calls beside a change", Preemptions(3), &copying(2));
    search::<World<Shared>>("2 calls beside a change, not copied", Preemptions(3), &copying(2));
}

#[test]
fn three_threads() {
    search::<World<Owned>>("3 × 1", Preemptions(2), &programs(&CORE, &[1, 1, 1]));
}

#[test]
fn keys_of_one_hash() {
    let acts = on_keys(&[Call, Set, Invalidate], &[0, 1]);
    let programs: Vec<_> = Program::all(&[], &acts, &[1, 1]).into_iter().map(Program::colliding).collect();
    search::<World<Owned>>("2 × 1 on two keys with one hash", Exhaustive, &programs);
}

#[test]
fn calls_within_calls() {
    let acts = on_keys(&[Call, Nested, Invalidate], &[0, 1]);
    search::<World<Owned>>("2 × 1 on two keys, nested", Preemptions(3), &Program::all(&[], &acts, &[1, 1]));
}

#[test]
fn claims() {
    let acts = on_keys(&[Claim, ClaimFail, Invalidate], &[0]);
    search::<World<Owned>>("2 × 1, claimed", Exhaustive, &Program::all(&[], &acts, &[1, 1]));
    search::<World<Owned>>("3 × 1, claimed", Preemptions(2), &Program::all(&[], &acts, &[1, 1, 1]));
}

/// Calls that do not wait, beside those that do: of two computations of a key either may be the first to end.
#[test]
fn beside_each_other() {
    let each = programs(&[Call, Fail, Hasty, HastyFail, Invalidate], &[1, 1]);
    search::<World<Owned>>("2 × 1 beside each other", Preemptions(3), &each);
    let three = Program::all(&[], &on_keys(&[Call, Hasty, Invalidate], &[0]), &[1, 1, 1]);
    search::<World<Shared>>("3 × 1 beside each other, errors shared", Preemptions(2), &three);
}

/// Programs in which this search once found faults.
#[test]
fn faults_of_the_past() {
    // The first thread has taken the generation away and not yet ended it, when the second returns.
    let both = Program::new(&[(Call, 0)], &[vec![(InvalidateAll, 0)], vec![(InvalidateAll, 0), (Peek, 0)]]);
    // A set of a generation that has ended replaces an entry of the next one.
    let set = Program::new(&[], &[vec![(Set, 0)], vec![(InvalidateAll, 0), (Call, 0)]]);
    search::<World<Owned>>("faults of the past", Exhaustive, &[both, set]);
}

mod deeper {
    use super::*;

    #[test]
    #[ignore = "minutes"]
    fn copies() {
        search::<World<Owned>>("3 calls beside a change", Exhaustive, &copying(3));
        search::<World<Shared>>("3 calls beside a change, not copied", Exhaustive, &copying(3));
    }

    #[test]
    #[ignore = "minutes"]
    fn two_each() {
        search::<World<Owned>>("2 × 2", Exhaustive, &programs(&CORE, &[2, 2]));
    }

    #[test]
    #[ignore = "minutes"]
    fn two_each_of_all() {
        let programs = Program::all(&[], &on_keys(&ALL, &[0]), &[2, 2]);
        search::<World<Owned>>("2 × 2 of all", Preemptions(2), &programs);
    }

    #[test]
    #[ignore = "minutes"]
    fn three_threads() {
        search::<World<Owned>>("3 × 1", Preemptions(3), &programs(&CORE, &[1, 1, 1]));
        search::<World<Shared>>("3 × 1 of all, errors shared", Preemptions(2), &programs(&ALL, &[1, 1, 1]));
        search::<World<Owned>>("2 + 1 + 1", Preemptions(2), &programs(&CORE, &[2, 1, 1]));
    }

    #[test]
    #[ignore = "minutes"]
    fn two_each_of_three_threads() {
        let programs = Program::all(&[], &on_keys(&CORE, &[0]), &[2, 2, 2]);
        search::<World<Owned>>("3 × 2", Preemptions(1), &programs);
    }

    #[test]
    #[ignore = "minutes"]
    fn three_each() {
        let programs = Program::all(&[], &on_keys(&CORE, &[0]), &[3, 3]);
        search::<World<Owned>>("2 × 3", Preemptions(1), &programs);
    }

    #[test]
    #[ignore = "minutes"]
    fn beside_each_other() {
        let each = [Call, Task, Fail, Drop, Hasty, HastyTask, HastyFail, Set, Invalidate, Refresh];
        search::<World<Owned>>("2 × 1 beside each other", Exhaustive, &programs(&each, &[1, 1]));
        let two = programs(&[Call, Hasty, HastyFail, Set, Invalidate, InvalidateAll, Refresh], &[2, 2]);
        search::<World<Owned>>("2 × 2 beside each other", Preemptions(2), &two);
        let three = programs(&[Call, Hasty, HastyTask, HastyFail, Drop, Set, InvalidateAll], &[1, 1, 1]);
        search::<World<Shared>>("3 × 1 beside each other, errors shared", Preemptions(3), &three);
    }

    #[test]
    #[ignore = "minutes"]
    fn calls_within_calls() {
        let acts = on_keys(&[Call, Nested, Invalidate], &[0, 1]);
        search::<World<Owned>>("2 × 1 on two keys, nested", Exhaustive, &Program::all(&[], &acts, &[1, 1]));
        search::<World<Owned>>(
            "3 × 1 on two keys, nested",
            Preemptions(2),
            &Program::all(&[], &acts, &[1, 1, 1]),
        );
    }
}

#[test]
fn a_cache_without_a_fence_is_caught() {
    let program = Program::new(&[], &[vec![(Call, 0)], vec![(Invalidate, 0)]]);
    let fault = check::<Naive>(&program, Exhaustive)
        .expect_err("it stores after the invalidation what it read before");
    assert!(fault.contains("after Invalidate"), "{fault}");
}
