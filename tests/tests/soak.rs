//! The soak of `scripts/soak.sh`, for a few seconds: that it runs, and that nothing is wrong at once.
#![allow(missing_docs)]

use std::process::Command;

#[test]
fn a_few_seconds() {
    let output = Command::new(env!("CARGO_BIN_EXE_soak")).args(["8", "7"]).output().expect("the binary");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    assert!(said.contains("nothing stale, nothing stuck, nothing grew"), "{said}");
    println!("{said}");
}
