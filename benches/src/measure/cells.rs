//! A cell of a table that has a process to itself: this program again, told what to do.

use std::process::{Command, Stdio};

/// What the cell of that theme prints.
pub fn cell(theme: &str, arguments: &[&str]) -> String {
    output(Command::new(this_program()).arg("cell").arg(theme).args(arguments))
}

/// The same, with the address of a server in the variable in which `cached` looks for it.
pub fn cell_with_server(theme: &str, url: &str, arguments: &[&str]) -> String {
    output(
        Command::new(this_program())
            .args(["cell", theme, url])
            .args(arguments)
            .env("CACHED_REDIS_CONNECTION_STRING", url),
    )
}

fn this_program() -> std::path::PathBuf {
    std::env::current_exe().expect("this program is somewhere")
}

fn output(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().expect("this program runs");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).expect("cells print text").trim().to_owned()
}
