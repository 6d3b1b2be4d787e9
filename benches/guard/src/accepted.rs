//! The committed file: what each operation may cost, and where that was counted.

use std::fmt::Write;
use std::process::Command;

/// What one operation costs.
#[derive(Clone, Copy)]
pub struct Cost {
    pub instructions: f64,
    pub allocations: f64,
}

/// Counts of one machine and compiler.
pub struct Counts {
    /// Another compiler, or another architecture, means other instructions.
    pub made_by: String,
    pub costs: Vec<(String, Cost)>,
}

const HEAD: &str = "\
# What an operation may cost: instructions and allocations. `scripts/guard.sh` compares, `scripts/guard.sh accept` writes.
";

impl Counts {
    /// The text of the file.
    pub fn write(&self) -> String {
        let mut text = format!("{HEAD}made by: {}\n", self.made_by);
        for (name, Cost { instructions, allocations }) in &self.costs {
            let _ = writeln!(text, "{name}: {instructions:.1} instructions, {allocations:.2} allocations");
        }
        text
    }

    /// What [`write`](Self::write) wrote, or the line that it cannot have written.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut counts = Self { made_by: String::new(), costs: Vec::new() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let complaint = || format!("not a line of this file: {line}");
            let (name, rest) = line.split_once(": ").ok_or_else(complaint)?;
            if name == "made by" {
                counts.made_by = rest.to_owned();
                continue;
            }
            let cost = (|| {
                let (instructions, allocations) = rest.split_once(" instructions, ")?;
                let allocations = allocations.strip_suffix(" allocations")?;
                Some(Cost {
                    instructions: instructions.parse().ok()?,
                    allocations: allocations.parse().ok()?,
                })
            })();
            counts.costs.push((name.to_owned(), cost.ok_or_else(complaint)?));
        }
        Ok(counts)
    }

    /// The cost of the operation of that name.
    pub fn of(&self, name: &str) -> Option<Cost> {
        self.costs.iter().find(|(other, _)| other == name).map(|(_, cost)| *cost)
    }
}

/// What decides how many instructions there are: the compiler, the processor, the C library that allocates and copies,
/// and who counts.
pub fn this_machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split(':').nth(1));
    let processor = processor.unwrap_or("an unknown processor").trim().to_owned();
    let told = [first_line("rustc", "-V"), std::env::consts::ARCH.to_owned(), processor];
    let told = told.into_iter().chain([first_line("ldd", "--version"), first_line("valgrind", "--version")]);
    told.collect::<Vec<_>>().join(", ")
}

fn first_line(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().map(|output| output.stdout).unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    output.lines().next().map_or_else(|| format!("no {program}"), |line| line.trim().to_owned())
}
