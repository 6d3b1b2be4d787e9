//! A program runs itself under valgrind's `callgrind`, and divides.

use std::process::{Command, Stdio};

/// Whether there is a valgrind to count with.
pub fn available() -> bool {
    let status =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// What is counted: the instructions of the thread that is in here, and of no other.
#[inline(never)]
pub fn counted_here(work: &mut dyn FnMut()) {
    work();
    // Keeps the call above from becoming a jump, after which nobody would be in here.
    std::hint::black_box(());
}

/// The instructions that one operation takes, by two runs of this very program, which is given `arguments` and a number
/// of operations to carry out within [`counted_here`]: so many, then twice as many. What comes once cancels out.
pub fn per_operation(arguments: &[&str], operations: u64) -> Result<f64, String> {
    let once = run(arguments, operations)?;
    let twice = run(arguments, operations * 2)?;
    Ok((twice as f64 - once as f64) / operations as f64)
}

fn run(arguments: &[&str], operations: u64) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*callgrind::counted_here*"])
        .arg(program)
        .args(arguments)
        .arg(operations.to_string())
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok());
    match collected {
        Some(instructions) if output.status.success() && instructions > operations => Ok(instructions),
        _ => Err(format!("{arguments:?} under callgrind: {}\n{said}", output.status)),
    }
}
