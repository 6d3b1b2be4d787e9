//! `Proxy`.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use cache_memoize_tests::servers::resp::Connection;
use cache_memoize_tests::servers::{Mode, Port, Proxy, RedisServer, wait_until};

const SOON: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(10);

fn connect(proxy: &Proxy, limit: Duration) -> Connection {
    Connection::to_port(proxy.port(), limit).unwrap()
}

fn is_end(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

#[test]
fn forwards_and_counts() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let mut one = connect(&proxy, LONG);
    let big = "x".repeat(1_000_000);
    assert_eq!(one.command(&["SET", "k", &big]).unwrap(), "OK");
    assert_eq!(one.command(&["GET", "k"]).unwrap(), big.as_str());
    let before = (proxy.bytes_to_server(), proxy.bytes_to_client(), proxy.round_trips());
    let mut two = connect(&proxy, LONG);
    assert_eq!(two.command(&["PING"]).unwrap(), "PONG");
    let after = (proxy.bytes_to_server(), proxy.bytes_to_client(), proxy.round_trips());
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (14, 7, 1));
    server.stop();
    two.send(&["PING"]).unwrap();
    two.send(&["PING"]).unwrap();
    wait_until("both are on their way", || proxy.bytes_to_server() == after.0 + 28);
    server.cont();
    assert_eq!([two.reply().unwrap(), two.reply().unwrap()].map(|reply| reply.text()), ["PONG", "PONG"]);
    assert_eq!(proxy.round_trips(), after.2 + 1, "two commands together");
    assert_eq!((proxy.connections(), proxy.open()), (2, 2));
    drop(one);
    wait_until("the proxy notices", || proxy.open() == 1);
}

#[test]
fn serves_a_unix_socket() {
    let server = RedisServer::start();
    let proxy = Proxy::to_socket(&server);
    assert_eq!(proxy.url(), format!("redis+unix://{}", proxy.socket().display()));
    let connect = || Connection::to_socket(proxy.socket(), LONG);
    assert_eq!(connect().unwrap().command(&["PING"]).unwrap(), "PONG");
    proxy.refuse_new();
    assert!(connect().is_err());
    proxy.accept_new();
    assert_eq!(connect().unwrap().command(&["PING"]).unwrap(), "PONG");
    assert_eq!(proxy.connections(), 2);
}

#[test]
fn delays_each_chunk() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let mut client = connect(&proxy, LONG);
    client.command(&["PING"]).unwrap();
    proxy.set(Mode::Delay(SOON));
    let began = Instant::now();
    client.command(&["PING"]).unwrap();
    assert!(began.elapsed() >= 2 * SOON, "there and back: {:?}", began.elapsed());
    proxy.set(Mode::Delay(Duration::from_secs(3600)));
    client.send(&["PING"]).unwrap();
    proxy.set(Mode::Forward);
    assert_eq!(client.reply().unwrap(), "PONG", "a new mode ends the delay");
}

#[test]
fn holds_and_lets_go() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    proxy.set(Mode::Hold);
    let mut client = connect(&proxy, SOON);
    assert_eq!(client.command(&["INCR", "n"]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(server.command(&["EXISTS", "n"]).int(), 0);
    proxy.set(Mode::Forward);
    assert_eq!(client.reply().unwrap().int(), 1);
}

#[test]
fn a_black_hole_keeps_connections_open_and_loses_everything() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let mut half_open = connect(&proxy, SOON);
    half_open.command(&["PING"]).unwrap();
    proxy.set_existing(Mode::BlackHole);
    assert_eq!(half_open.command(&["SET", "k", "v"]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(server.command(&["EXISTS", "k"]).int(), 0);
    assert_eq!(connect(&proxy, LONG).command(&["PING"]).unwrap(), "PONG", "new connections work");

    proxy.set(Mode::Forward);
    assert_eq!(
        half_open.command(&["PING"]).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "after a gap, never again"
    );
    server.kill();
    assert_eq!(
        half_open.reply().unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "and nobody hears of the server's end"
    );

    proxy.set(Mode::BlackHole);
    let mut new = connect(&proxy, SOON);
    assert_eq!(new.command(&["PING"]).unwrap_err().kind(), ErrorKind::WouldBlock, "all connections");
    proxy.close_all();
    assert!(is_end(&half_open.reply().unwrap_err()) && is_end(&new.reply().unwrap_err()));
}

#[test]
fn replies_are_lost_too() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let mut client = connect(&proxy, SOON);
    client.send(&["BLPOP", "list", "0"]).unwrap();
    wait_until("it waits", || server.info("blocked_clients") == "1");
    proxy.set(Mode::BlackHole);
    server.command(&["LPUSH", "list", "v"]);
    assert_eq!(client.reply().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn cuts_in_the_middle_of_a_reply() {
    let server = RedisServer::start();
    server.command(&["SET", "k", "0123456789"]);
    let proxy = Proxy::new(&server);
    // "$10\r\n0123456789\r\n" has 17 bytes.
    for bytes in [0, 1, 8, 16] {
        proxy.set(Mode::CutReplies(bytes));
        let mut client = connect(&proxy, LONG);
        assert!(is_end(&client.command(&["GET", "k"]).unwrap_err()), "after {bytes}");
    }
    proxy.set(Mode::CutReplies(17 + 3));
    let mut client = connect(&proxy, LONG);
    assert_eq!(client.command(&["GET", "k"]).unwrap(), "0123456789");
    assert!(is_end(&client.command(&["GET", "k"]).unwrap_err()));
    wait_until("all closed", || proxy.open() == 0);
}

#[test]
fn bytes_can_come_one_by_one() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    proxy.set(Mode::Bytewise);
    let mut client = connect(&proxy, LONG);
    let value = "\r\n$5\r\n".repeat(100);
    assert_eq!(client.command(&["SET", "k", &value]).unwrap(), "OK");
    assert_eq!(client.command(&["GET", "k"]).unwrap(), value.as_str());

    let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    wait_until("a reply in pieces", || {
        stream.write_all(b"PING\r\n").unwrap();
        let first = stream.read(&mut [0; 7]).unwrap();
        stream.read_exact(&mut vec![0; 7 - first]).unwrap();
        first < 7
    });
}

#[test]
fn new_connections_are_refused_and_old_ones_closed_on_demand() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let mut client = connect(&proxy, LONG);
    client.command(&["PING"]).unwrap();
    proxy.refuse_new();
    proxy.refuse_new();
    let refused = Connection::to_port(proxy.port(), LONG).err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(client.command(&["PING"]).unwrap(), "PONG");
    proxy.close_all();
    assert!(is_end(&client.command(&["PING"]).unwrap_err()));
    proxy.accept_new();
    assert_eq!(connect(&proxy, LONG).command(&["PING"]).unwrap(), "PONG");
    assert_eq!(proxy.connections(), 2);
}

#[test]
fn a_server_that_is_down_ends_the_connection() {
    let nobody = Port::free();
    let proxy = Proxy::to_port(nobody.number());
    assert!(is_end(&connect(&proxy, LONG).command(&["PING"]).unwrap_err()));
}

#[test]
fn dropped_it_closes_everything() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    proxy.set(Mode::Hold);
    let mut client = connect(&proxy, LONG);
    client.send(&["PING"]).unwrap();
    let port = proxy.port();
    wait_until("the connection is there", || proxy.open() == 1);
    drop(proxy);
    assert!(is_end(&client.reply().unwrap_err()));
    assert!(Connection::to_port(port, LONG).is_err());
    wait_until("the server sees it, too", || server.info("connected_clients") == "1");
}
