//! A forked process has one thread, and needs those of ours all the same.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use cache_memoize_tests::servers::RedisServer;

fn forked(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forked"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program")
}

#[test]
fn what_expires_in_a_forked_process_is_reclaimed() {
    assert!(forked(&["memory"]).wait().expect("an end").success());
}

/// Nobody would ask a Redis that was down as the process was forked: the thread that would is the parent's.
#[test]
fn a_breaker_that_was_open_closes_in_a_forked_process() {
    let server = RedisServer::start();
    server.kill();
    let mut process = forked(&["redis", &server.url()]);
    let mut line = String::new();
    let mut said = BufReader::new(process.stdout.take().expect("a pipe"));
    said.read_line(&mut line).expect("a line");
    assert_eq!(line, "down\n");
    // The parent still believes that it is down: it is forked before it asks again, or has asked and then this is
    // no story, but no failure either.
    process.stdin.take().expect("a pipe").write_all(b"fork\n").expect("a reader");
    server.restart();
    assert!(process.wait().expect("an end").success());
}
