//! `RedisServer`.

use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cache_memoize_tests::servers::process::{Directory, Process};
use cache_memoize_tests::servers::resp::Connection;
use cache_memoize_tests::servers::{Port, RedisServer, Value, wait_until};

use crate::again::{again, is_again, is_alive};

const SOON: Duration = Duration::from_millis(100);

fn ping(port: u16) -> std::io::Result<Value> {
    Connection::to_port(port, SOON)?.command(&["PING"])
}

#[test]
fn answers_on_its_port_and_its_socket() {
    let server = RedisServer::start();
    assert_eq!(ping(server.port()).unwrap(), "PONG");
    assert_eq!(Connection::to_socket(&server.socket(), SOON).unwrap().command(&["PING"]).unwrap(), "PONG");
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}/", server.port()));
    assert_eq!(server.socket_url(), format!("redis+unix://{}", server.socket().display()));
}

#[test]
fn settings_are_those_of_the_server() {
    let server = RedisServer::start_with(&["--maxmemory", "2mb", "--requirepass", "secret"]);
    assert_eq!(server.command(&["CONFIG", "GET", "maxmemory"]).items()[1], "2097152");
    assert!(ping(server.port()).unwrap().error().unwrap().starts_with("NOAUTH"));
    assert_eq!(server.info("maxmemory"), "2097152");
}

#[test]
fn every_kind_of_value_arrives() {
    let server = RedisServer::start();
    let binary = b"\r\n\0\xff$-1\r\n".to_vec();
    assert_eq!(server.command(&[b"SET".as_slice(), b"k", &binary]), "OK");
    assert_eq!(server.command(&["GET", "k"]), Value::Bytes(binary));
    assert_eq!(server.command(&["GET", "none"]), Value::Nil);
    assert_eq!(server.command(&["INCR", "n"]), Value::Int(1));
    assert_eq!(server.command(&["LPUSH", "l", "b", "a"]).int(), 2);
    assert_eq!(
        server.command(&["LRANGE", "l", "0", "-1"]),
        Value::Array(vec![Value::Bytes(b"a".to_vec()), Value::Bytes(b"b".to_vec())])
    );
    assert_eq!(server.command(&["SET", "e", ""]), "OK");
    assert_eq!(server.command(&["GET", "e"]), "");
    assert!(server.command(&["GET", "l"]).error().unwrap().starts_with("WRONGTYPE"));
}

#[test]
fn killed_it_refuses_and_restarted_it_is_empty_on_the_same_port() {
    let server = RedisServer::start_with(&["--maxclients", "7"]);
    let port = server.port();
    server.command(&["SET", "k", "v"]);
    server.kill();
    assert_eq!(ping(port).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert!(server.try_command(&["PING"]).is_err());
    server.kill();
    server.restart();
    assert_eq!(server.port(), port);
    assert_eq!(ping(port).unwrap(), "PONG");
    assert_eq!(server.command(&["GET", "k"]), Value::Nil);
    assert_eq!(server.command(&["CONFIG", "GET", "maxclients"]).items()[1], "7");
}

#[test]
fn stopped_it_hangs_and_goes_on_where_it_was() {
    let server = RedisServer::start();
    server.command(&["SET", "k", "v"]);
    let mut before = Connection::to_port(server.port(), SOON).unwrap();
    server.stop();
    assert_eq!(before.command(&["GET", "k"]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(
        ping(server.port()).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "it connects and gets no answer"
    );
    server.cont();
    assert_eq!(server.command(&["GET", "k"]), "v");
    assert_eq!(before.reply().unwrap(), "v", "the answer to what came in meanwhile");
}

#[test]
fn dropped_it_is_gone_with_its_files_also_when_stopped() {
    let server = RedisServer::start();
    let id: u32 = server.info("process_id").parse().unwrap();
    let files = server.file("");
    assert!(is_alive(id) && files.exists());
    server.stop();
    drop(server);
    assert!(!is_alive(id) && !files.exists());
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let mut id = 0;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let server = RedisServer::start();
        id = server.info("process_id").parse().unwrap();
        panic!("a test fails");
    }));
    assert!(panicked.is_err());
    assert!(id != 0 && !is_alive(id));
}

#[test]
fn a_test_process_that_is_killed_leaves_nothing_behind() {
    if is_again() {
        let running = RedisServer::start();
        let stopped = RedisServer::start();
        stopped.info("process_id");
        println!("server {} {}", running.info("process_id"), running.file("").display());
        println!("server {} {}", stopped.info("process_id"), stopped.file("").display());
        stopped.stop();
        println!("server done");
        loop {
            std::thread::park();
        }
    }
    let mut test = again("redis::a_test_process_that_is_killed_leaves_nothing_behind");
    let mut process = Process::start(test.stdin(Stdio::piped()).stdout(Stdio::piped())).unwrap();
    let (_stdin, stdout) = process.pipes().unwrap();
    let servers: Vec<(u32, PathBuf)> = BufReader::new(stdout)
        .lines()
        .map(Result::unwrap)
        .take_while(|line| line != "server done")
        .filter_map(|line| {
            let (id, files) = line.split_once("server ")?.1.split_once(' ')?;
            Some((id.parse().unwrap(), files.into()))
        })
        .collect();
    assert_eq!(servers.len(), 2);
    assert!(servers.iter().all(|(id, files)| is_alive(*id) && files.exists()));
    process.kill();
    let root = |files: &Path| files.parent().unwrap().exists();
    wait_until("the watchdog ends them", || !servers.iter().any(|(id, files)| is_alive(*id) || root(files)));
}

#[test]
fn without_redis_the_message_says_what_to_do() {
    if is_again() {
        println!("files in {}", Directory::new().join("").display());
        RedisServer::start();
        return;
    }
    // What the tools themselves need stays.
    let directory = Directory::new();
    let path = std::env::var_os("PATH").unwrap();
    for tool in ["rm", "sh"] {
        let place =
            std::env::split_paths(&path).map(|path| path.join(tool)).find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(place, directory.join(tool)).unwrap();
    }
    let mut test = again("redis::without_redis_the_message_says_what_to_do");
    let output = test.env("PATH", directory.join("")).output().unwrap();
    let seen = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && seen.contains("run scripts/install-redis.sh"), "{seen}");
    // Its watchdog still needs the tools.
    let files = String::from_utf8(output.stdout).unwrap();
    let files = Path::new(files.lines().find_map(|line| line.split_once("files in ")).unwrap().1);
    wait_until("its files are gone", || !files.parent().unwrap().exists());
}

#[test]
#[should_panic(expected = "Can't save in background")]
fn a_server_that_does_not_start_shows_its_log() {
    RedisServer::start_with(&["--no-such-setting", "Can't save in background"]);
}

#[test]
#[should_panic(expected = "another program took the port")]
fn a_taken_port_is_noticed() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    RedisServer::start_with(&["--port", &taken.local_addr().unwrap().port().to_string()]);
}

#[test]
fn ports_are_ours_as_long_as_we_hold_them() {
    let ports: Vec<_> = (0..20).map(|_| Port::free()).collect();
    let numbers: std::collections::BTreeSet<_> = ports.iter().map(Port::number).collect();
    assert_eq!(numbers.len(), 20);
    assert!(numbers.iter().all(|&port| ping(port).unwrap_err().kind() == ErrorKind::ConnectionRefused));
    let listener = std::net::TcpListener::bind(("127.0.0.1", ports[0].number())).unwrap();
    let number = ports[0].number();
    drop(ports);
    let others: Vec<_> = (0..20).map(|_| Port::free()).collect();
    assert!(others.iter().all(|port| port.number() != number), "somebody listens there");
    drop(listener);
}

#[test]
fn commands_are_counted_by_name() {
    let server = RedisServer::start();
    server.command(&["GET", "before"]);
    let ((), counts) = server.commands_of(|| {
        server.command(&["GET", "a"]);
        server.command(&["get", "b"]);
        server.command(&["EVAL", "return redis.call('INCR', KEYS[1])", "1", "n"]);
        server.command(&["CONFIG", "GET", "port"]);
    });
    let counts: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(counts, [("config|get", 1), ("eval", 1), ("get", 2), ("incr", 1)]);
    assert_eq!(
        server.commands_of(|| server.info("uptime_in_seconds")).1["info"],
        1,
        "only its own do not count"
    );
}

#[test]
fn commands_are_recorded_word_by_word() {
    let server = RedisServer::start();
    let mut client = Connection::to_port(server.port(), SOON).unwrap();
    let odd = b"a \"b\" \\c\r\n\t\x07\x08\0\xff] \"x\"".to_vec();
    client.command(&["GET", "before"]).unwrap();
    let recording = server.record();
    client.command(&[b"set".as_slice(), &odd, b""]).unwrap();
    client.command(&["EVAL", "return redis.call('GET', KEYS[1])", "1", "k"]).unwrap();
    let seen = recording.end();
    client.command(&["GET", "after"]).unwrap();
    let names: Vec<_> = seen.iter().map(|command| (command.name(), command.is_in_script())).collect();
    let expected = [("SET", false), ("EVAL", false), ("GET", true)];
    assert_eq!(names, expected.map(|(name, script)| (name.to_owned(), script)));
    assert_eq!(seen[0].words, [b"set".to_vec(), odd, Vec::new()]);
    assert!(seen[0].client.starts_with("127.0.0.1:"), "{}", seen[0].client);
    assert_eq!(seen[0].client, seen[1].client);
}

#[test]
fn it_can_be_held_while_it_loads() {
    let server = RedisServer::start();
    server.command(&["SET", "k", "v"]);
    server.restart_loading();
    let mut client = Connection::to_port(server.port(), SOON).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(500) {
        let answer = client.command(&["GET", "k"]).unwrap();
        assert!(answer.error().is_some_and(|why| why.starts_with("LOADING")), "{answer:?}");
    }
    server.finish_loading();
    assert_eq!(client.command(&["GET", "k"]).unwrap(), "v");
    assert_eq!(server.command(&["DBSIZE"]).int(), 1);
}

#[test]
fn replicas_can_be_waited_for() {
    let master = RedisServer::start_with(&["--repl-diskless-sync-delay", "0"]);
    let replica = RedisServer::start();
    replica.command(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    wait_until("replication", || replica.info("master_link_status") == "up");
    master.wait_until_replicated();
    replica.stop();
    master.command(&["SET", "k", "v"]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| master.wait_until_replicated());
        let began = Instant::now();
        while began.elapsed() < SOON {
            assert!(!waiting.is_finished(), "the replica hangs");
        }
        replica.cont();
        waiting.join().unwrap();
        assert_eq!(replica.command(&["GET", "k"]), "v");
    });
}
