//! Fails when a call costs more instructions, or more allocations, than was accepted. For `scripts/guard.sh`.

mod accepted;
mod workloads;

use std::process::ExitCode;

use accepted::{Cost, Counts, this_machine};
use cache_memoize_guard::callgrind;
use workloads::{ALL, Workload};

/// Operations of the shorter of two runs.
const OPERATIONS: u64 = 30_000;
/// How much more than accepted is taken for nothing.
const TOLERANCE: f64 = 1.03;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["work", name, operations] => work(name, operations.parse().expect("a number")),
        ["compare", file] => return compare(file),
        ["accept", file] => {
            let text = count().write();
            print!("{text}");
            std::fs::write(file, text).expect("the file can be written");
        }
        _ => {
            eprintln!("guard compare FILE | guard accept FILE");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// What callgrind looks at.
fn work(name: &str, operations: u64) {
    let workload = ALL.iter().find(|workload| workload.name == name).expect("a workload");
    let mut work = (workload.prepare)();
    callgrind::counted_here(&mut || work(operations));
}

fn count() -> Counts {
    let costs = ALL.iter().map(|workload| (workload.name.to_owned(), cost(workload)));
    Counts { made_by: this_machine(), costs: costs.collect() }
}

fn cost(&Workload { name, prepare }: &Workload) -> Cost {
    let instructions = callgrind::per_operation(&["work", name], OPERATIONS);
    let instructions = instructions.unwrap_or_else(|error| panic!("cannot count {name}: {error}"));
    let mut work = prepare();
    let allocations = allocation_counter::measure(|| work(OPERATIONS)).count_total as f64 / OPERATIONS as f64;
    Cost { instructions, allocations }
}

fn compare(file: &str) -> ExitCode {
    let accepted = std::fs::read_to_string(file).expect("the file of what was accepted");
    let accepted = Counts::read(&accepted).unwrap_or_else(|complaint| panic!("{file}: {complaint}"));
    let found = count();
    let mut dearer = Vec::new();
    println!("{:24} {:>22} {:>8} {:>6}   allocations", "", "instructions: accepted", "found", "ratio");
    for (name, now) in &found.costs {
        let Some(before) = accepted.of(name) else {
            println!("{name:24} {:>22} {:>8.1}", "none yet", now.instructions);
            dearer.push(format!("{name}: nothing was accepted yet"));
            continue;
        };
        let ratio = now.instructions / before.instructions;
        println!(
            "{name:24} {:>22.1} {:>8.1} {ratio:>6.3}   {:.2} -> {:.2}",
            before.instructions, now.instructions, before.allocations, now.allocations
        );
        if ratio > TOLERANCE {
            dearer.push(format!(
                "{name}: {:.1} instructions, accepted are {:.1}: {ratio:.2} times as many",
                now.instructions, before.instructions
            ));
        }
        // Hundredths are where a table grows once for many.
        if now.allocations > before.allocations * TOLERANCE + 0.005 {
            dearer.push(format!(
                "{name}: {:.2} allocations, accepted are {:.2}",
                now.allocations, before.allocations
            ));
        }
        if ratio < 2.0 - TOLERANCE {
            println!("{:24} cheaper than was accepted: `scripts/guard.sh accept` holds on to it", "");
        }
    }
    if accepted.made_by != found.made_by {
        println!("accepted was what {} made; this is {}: no verdict", accepted.made_by, found.made_by);
        return ExitCode::SUCCESS;
    }
    if dearer.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("\ndearer than accepted:");
    dearer.iter().for_each(|line| eprintln!("  {line}"));
    eprintln!("Look why (`git diff`, then callgrind). If it is worth its price: `scripts/guard.sh accept`.");
    ExitCode::FAILURE
}
