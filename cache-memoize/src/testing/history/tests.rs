//! Histories by hand: what must be rejected is, and what may have been right is not.

use super::History;

/// A history of lines: origin, beginning, end, what, number or what was seen, key.
fn history(lines: &str) -> History<u64> {
    let history = History::new();
    for line in lines.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        // The line of an `invalidate_all` ends with a space where others have a key.
        let line = if line.contains("invalidate_all") { format!("{line} ") } else { line.to_owned() };
        history.read_line(&line).unwrap();
    }
    history
}

#[track_caller]
fn fine(history: &History<u64>) {
    if let Err(violation) = history.check() {
        panic!("a false alarm: {violation}");
    }
}

#[track_caller]
fn wrong(history: &History<u64>, words: &str) {
    let violation = history.check().expect_err(words);
    assert!(violation.to_string().contains(words), "{violation}");
}

/// Everything that makes a value void, from 20 to 30.
const VOIDING: &[&str] = &[
    "0 20 30 invalidate done 7",
    "0 20 30 invalidate_all done",
    "0 19 19 drawn 2 7\n0 20 30 set done 2 7",
    "0 21 21 computed 2 7\n0 20 30 refresh 2 7",
];

#[test]
fn a_read_after_it_is_stale() {
    for voiding in VOIDING {
        for read in ["call", "peek"] {
            wrong(&history(&format!("0 10 10 computed 1 7\n{voiding}\n0 31 40 {read} 1 7")), "a stale value");
            wrong(
                &history(&format!("0 5 5 drawn 1 7\n0 6 10 set done 1 7\n{voiding}\n0 31 40 {read} 1 7")),
                "a stale value",
            );
            // Half of it in another process.
            wrong(&history(&format!("3 10 10 computed 1 7\n{voiding}\n4 31 40 {read} 1 7")), "a stale value");
        }
    }
}

#[test]
fn what_overlaps_may_be_in_any_order() {
    for voiding in VOIDING {
        // The read began before it returned.
        fine(&history(&format!("0 10 10 computed 1 7\n{voiding}\n0 30 40 call 1 7")));
        fine(&history(&format!("0 10 10 computed 1 7\n{voiding}\n0 5 40 call 1 7")));
        // The computation began after it had begun.
        fine(&history(&format!("0 20 20 computed 1 7\n{voiding}\n0 31 40 call 1 7")));
        // The set ended after it had begun.
        fine(&history(&format!("0 5 5 drawn 1 7\n0 6 25 set done 1 7\n{voiding}\n0 31 40 call 1 7")));
        // Another key.
        if !voiding.contains("all") {
            fine(&history(&format!("0 10 10 computed 1 8\n{voiding}\n0 31 40 call 1 8")));
        }
    }
}

#[test]
fn what_failed_is_no_promise() {
    let failed = [
        "0 20 30 invalidate failed 7",
        "0 20 30 invalidate_all failed",
        "0 19 19 drawn 2 7\n0 20 30 set failed 2 7",
        "0 21 21 computed 2 7\n0 20 30 refresh failed 7",
    ];
    for failed in failed {
        fine(&history(&format!("0 10 10 computed 1 7\n{failed}\n0 31 40 call 1 7")));
    }
    // But it may have happened.
    fine(&history("0 19 19 drawn 2 7\n0 20 30 set failed 2 7\n0 31 40 call 2 7"));
    // Not for ever, though.
    let dropped = "0 19 19 drawn 2 7\n0 20 30 set failed 2 7\n0 31 40 invalidate done 7\n0 41 50 call 2 7";
    wrong(&history(dropped), "a stale value");
}

#[test]
fn the_latest_to_begin_decides() {
    // A short one within a long one: the value is older than the short one, not than the long one.
    let long = "0 10 60 invalidate done 7\n0 20 20 computed 1 7\n0 30 40 invalidate done 7";
    wrong(&history(&format!("{long}\n0 50 55 call 1 7")), "a stale value");
    wrong(&history(&format!("{long}\n0 70 75 call 1 7")), "a stale value");
    fine(&history("0 10 60 invalidate done 7\n0 20 20 computed 1 7\n0 70 75 call 1 7"));
}

#[test]
fn values_come_from_somewhere() {
    wrong(&history("0 1 2 call 1 7"), "nobody computed");
    wrong(&history("0 1 2 refresh 1 7"), "nobody computed");
    wrong(&history("0 1 1 computed 1 8\n0 2 3 call 1 7"), "another key");
    wrong(&history("0 1 1 computed 1 8\n0 2 3 peek 1 7"), "another key");
    // It will be set.
    fine(&history("0 1 1 drawn 1 7\n0 2 3 call 1 7"));
}

#[test]
fn whoever_is_cut_off_may_share_what_runs() {
    const ORIGIN_1: u64 = 1 << super::NUMBER_BITS;
    let value = ORIGIN_1 + 1;
    let lines = |invalidating: u16, end: u64| {
        format!(
            "1 10 10 computed {value} 7\n1 5 {end} call {value} 7\n{invalidating} 20 30 invalidate done 7\n1 40 50 call {value} 7"
        )
    };
    wrong(&history(&lines(2, 45)), "a stale value");
    fine(&history(&lines(2, 45)).may_be_cut_off());
    // It runs no more.
    wrong(&history(&lines(2, 35)).may_be_cut_off(), "a stale value");
    // It was this very process that invalidated.
    wrong(&history(&lines(1, 45)).may_be_cut_off(), "a stale value");
}

#[test]
fn what_is_gone_stays_gone() {
    let seen = "0 1 1 computed 1 7\n0 0 5 call 1 7";
    for other in ["0 10 20 peek nothing 7", "0 11 11 computed 2 7\n0 10 20 call 2 7"] {
        wrong(&history(&format!("{seen}\n{other}\n0 21 30 peek 1 7")).strict(), "came back");
        fine(&history(&format!("{seen}\n{other}\n0 21 30 peek 1 7")));
        fine(&history(&format!("{seen}\n{other}\n0 20 30 peek 1 7")).strict());
    }
    // It may not have been there yet.
    fine(&history("0 2 2 computed 1 7\n0 0 5 call 1 7\n0 3 4 peek nothing 7\n0 6 7 peek 1 7").strict());
    fine(&history("0 2 2 computed 1 7\n0 0 5 call 1 7\n0 5 6 peek nothing 7\n0 7 8 peek 1 7").strict());
    // A set is there when it has returned.
    let set = "0 1 1 drawn 1 7\n0 2 5 set done 1 7\n0 6 7 peek nothing 7\n0 8 9 peek 1 7";
    wrong(&history(set).strict(), "came back");
    fine(&history(&set.replace("done", "failed")).strict());
    // Hidden among others that saw it.
    let among =
        "0 6 7 peek 1 7\n0 8 9 peek 1 7\n0 10 11 peek nothing 7\n0 12 13 peek nothing 7\n0 14 15 peek 1 7";
    wrong(&history(&format!("{seen}\n{among}")).strict(), "came back");
}

#[test]
fn what_is_forgotten_is_still_known() {
    let check = |then: &str| {
        let history = history(
            "0 1 1 computed 1 7\n0 0 2 call 1 7\n0 3 4 invalidate done 7\n0 6 6 computed 2 7\n0 5 8 call 2 7",
        );
        history.check_and_forget().unwrap();
        history.read_line(then).unwrap();
        history.check_and_forget()
    };
    assert!(check("0 10 11 call 1 7").is_err(), "void");
    assert!(check("0 10 11 call 2 7").is_ok(), "not void");
    let empty = history("");
    (0..100).for_each(|_| {
        let value = empty.computed(7);
        empty.record(super::Op::Call(7), || value);
        empty.record(super::Op::Invalidate(7), || true);
        empty.check_and_forget().unwrap();
    });
    assert_eq!(empty.check().unwrap().operations(), 0);
}

#[test]
fn lines_are_read_back() {
    let lines = "0 1 1 computed 1 7\n1 2 3 call 1 7\n2 2 3 peek nothing 7\n3 4 5 refresh failed 7\n\
                 4 1 1 drawn 2 7\n5 6 7 set done 2 7\n6 8 9 invalidate done 7\n7 8 9 invalidate_all done ";
    let history = History::<u64>::new();
    lines.lines().for_each(|line| history.read_line(line).unwrap());
    assert_eq!(history.lines(), lines.lines().collect::<Vec<_>>());
    for line in
        ["", "0 1 2 call", "0 1 2 call 1 x", "0 1 2 jump 1 7", "70000 1 2 call 1 7", "0 1 2 set done 7"]
    {
        assert!(history.read_line(line).is_err(), "{line}");
    }
    // Keys with spaces.
    let history = History::<String>::new();
    let number = history.number("a b  c".to_owned());
    history.record(super::Op::Set("a b  c".to_owned(), number), || ());
    let copy = History::<String>::new();
    history.lines().iter().for_each(|line| copy.read_line(line).unwrap());
    assert_eq!(copy.lines(), history.lines());
}
