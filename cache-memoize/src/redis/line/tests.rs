//! How many commands there are for many readers, on a runtime where the line has its turn after they have asked.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A line, and the other end of its connection.
async fn line(time: Duration) -> (Line, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let limits = Limits { time, string: 1000 };
    (Line::new(Socket::Tcp(socket), limits), listener.accept().await.unwrap().0)
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

const LONG: Duration = Duration::from_secs(60);

/// How many values and generations each command asks for, until there are so many of both.
async fn commands(server: &mut TcpStream, all: usize) -> Vec<usize> {
    let (mut bytes, mut asked) = (Vec::new(), Vec::new());
    while asked.iter().sum::<usize>() < all || !bytes.ends_with(b"\r\n") {
        server.read_buf(&mut bytes).await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let begins = text.split("\r\n").filter_map(|line| line.strip_prefix('*'));
        asked = begins.map(|count| count.parse::<usize>().unwrap() - 1).collect();
    }
    asked
}

#[test]
fn readers_of_several_groups_are_one_command() {
    block_on(async {
        let (line, mut server) = line(LONG).await;
        let key = |number| Key::new(format!("key {number}"), format!("group {}", number % 8));
        let reads: Vec<_> = (0..90).map(|number| line.read(&key(number))).collect();
        assert_eq!(commands(&mut server, 98).await, [98], "each group once");
        let mut answer = b"*98\r\n".to_vec();
        (0..8).for_each(|group| answer.extend(format!("$16\r\ngeneration {group:05}\r\n").bytes()));
        (0..90).for_each(|number| {
            answer.extend(format!("$18\r\n{number:02}generation {:05}\r\n", number % 8).bytes());
        });
        server.write_all(&answer).await.unwrap();
        for (number, read) in reads.into_iter().enumerate() {
            let value = read.await.unwrap().map_err(|unread| unread.failure.to_string());
            assert_eq!(value, Ok(Some(format!("{number:02}").into_bytes())));
        }
    });
}

#[test]
fn a_crowd_is_a_few_commands() {
    block_on(async {
        let (line, mut server) = line(LONG).await;
        let reads: Vec<_> =
            (0..300).map(|number| line.read(&Key::new(number.to_string(), "group"))).collect();
        assert_eq!(commands(&mut server, 303).await, [129, 129, 45]);
        drop((reads, line));
    });
}

/// Late answers may be as long as what was asked for; more is read by nobody.
#[test]
fn what_nobody_waits_for_ends_the_connection() {
    block_on(async {
        let (line, mut server) = line(Duration::from_millis(1)).await;
        let unread =
            line.read(&Key::new("key", "group")).await.unwrap().map_err(|unread| unread.failure.what);
        assert_eq!(unread, Err(What::Timeout));
        server.write_all(b"*2\r\n$-1\r\n$-1\r\n").await.unwrap();
        let answered = tokio::spawn(async move {
            let pong = line.send(&::redis::cmd("PING")).await;
            (line, pong.map_err(|failure| failure.what))
        });
        server.read_exact(&mut [0; 14]).await.unwrap();
        while server.try_write(b"+PONG\r\n").is_err() {
            server.writable().await.unwrap();
        }
        let (line, pong) = answered.await.unwrap();
        assert_eq!(pong, Ok(Value::SimpleString("PONG".into())), "the late answer was passed over");
        drop(line.read(&Key::new("key", "group")).await);
        server.write_all(b"*2\r\n$100000000\r\n").await.unwrap();
        while server.write_all(&[b'x'; 1 << 16]).await.is_ok() {}
        let failure = line.send(&::redis::cmd("PING")).await.unwrap_err();
        assert_eq!(failure.to_string(), "the server sends what nobody waits for any more");
    });
}
