//! This test program once more, as a process that may die; and whether a process is there.

use std::process::Command;

const MARK: &str = "CACHE_MEMOIZE_TESTS_AGAIN";

/// Whether this process was started by [`again`].
pub(crate) fn is_again() -> bool {
    std::env::var_os(MARK).is_some()
}

/// The test of that name, alone in a process of its own, with its output as it comes.
pub(crate) fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("our own path"));
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(MARK, "1");
    command
}

/// Whether a process with that id exists. One that has ended and was not waited for counts as gone.
pub(crate) fn is_alive(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}
