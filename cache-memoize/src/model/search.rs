//! The search: runs programs in every order in which their threads can meet.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use super::history::{Record, judge};
use super::program::{Program, Step};
use super::stamp::Clock;
use super::subject::{Subject, record};

/// How far a search goes.
#[derive(Clone, Copy)]
pub(super) enum Depth {
    /// Every order.
    Exhaustive,
    /// Every order in which at most so many threads are interrupted where they could go on.
    Preemptions(usize),
}

/// Runs all programs, prints how many executions that were, and panics with the first fault.
pub(super) fn search<S: Subject>(name: &str, depth: Depth, programs: &[Program]) {
    let began = Instant::now();
    let (next, executions) = (AtomicUsize::new(0), AtomicU64::new(0));
    let most = AtomicU64::new(0);
    let work = || {
        while let Some(program) = programs.get(next.fetch_add(1, Relaxed)) {
            match check::<S>(program, depth) {
                Ok(count) => {
                    executions.fetch_add(count, Relaxed);
                    most.fetch_max(count, Relaxed);
                }
                Err(fault) => {
                    next.store(programs.len(), Relaxed);
                    return Err(format!("{}\n{fault}", program.text()));
                }
            }
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    if let Some(fault) = results.into_iter().find_map(Result::err) {
        panic!("{name}: {fault}");
    }
    let depth = match depth {
        Depth::Exhaustive => "exhaustive".to_owned(),
        Depth::Preemptions(most) => format!("at most {most} preemptions"),
    };
    println!(
        "| {name} | {depth} | {} programs | {} executions | {} in one | {:.1} s |",
        programs.len(),
        executions.load(Relaxed),
        most.load(Relaxed),
        began.elapsed().as_secs_f64()
    );
}

/// Runs one program in every order; the number of executions, or the fault of one of them.
pub(super) fn check<S: Subject>(program: &Program, depth: Depth) -> Result<u64, String> {
    let executions = Arc::new(AtomicU64::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = match depth {
        Depth::Exhaustive => None,
        Depth::Preemptions(most) => Some(most),
    };
    let execution = {
        let (program, executions) = (program.clone(), executions.clone());
        move || {
            executions.fetch_add(1, Relaxed);
            // All other threads have ended and nothing is left, so a panic disturbs no other.
            if let Err(fault) = execute::<S>(&program) {
                resume_unwind(Box::new(fault));
            }
        }
    };
    match catch_unwind(AssertUnwindSafe(|| builder.check(execution))) {
        Ok(()) => Ok(executions.load(Relaxed)),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
            Err(format!("in execution {}: {words}", executions.load(Relaxed)))
        }
    }
}

/// Carries out one execution, and judges it.
fn execute<S: Subject>(program: &Program) -> Result<(), String> {
    let subject = Arc::new(S::new(program.colliding));
    let clock = Clock::default();
    let mut history = all(&*subject, &program.before, &clock);
    let (here, elsewhere) = program.threads.split_first().expect("a program has threads");
    let threads: Vec<_> = elsewhere
        .iter()
        .map(|steps| {
            let (subject, clock, steps) = (subject.clone(), clock.clone(), steps.clone());
            loom::thread::spawn(move || all(&*subject, &steps, &clock))
        })
        .collect();
    history.extend(all(&*subject, here, &clock));
    for thread in threads {
        history.extend(thread.join().map_err(|_| "a thread panicked")?);
    }
    history.extend(all(&*subject, &program.after, &clock));
    let subject = Arc::into_inner(subject).ok_or("a thread has kept the cache")?;
    let at_rest = subject.rest();
    judge(&history, program.colliding)?;
    at_rest
}

fn all(subject: &impl Subject, steps: &[Step], clock: &Clock) -> Vec<Record> {
    steps.iter().flat_map(|step| record(subject, step, clock)).collect()
}
