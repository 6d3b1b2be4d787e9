//! How many commands there are for many readers, on a runtime where the line has its turn after they have asked.

use std::io;

use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A line, and the other end of its connection.
async fn line(time: Duration) -> (Line, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let limits = Limits { time, string: 1000 };
    (Line::new(Socket::Tcp(socket), limits), Server(listener.accept().await.unwrap().0))
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

const LONG: Duration = Duration::from_secs(60);

/// The other end.
struct Server(TcpStream);

impl Server {
    async fn read(&mut self, bytes: &mut Vec<u8>) {
        let mut room = [0; 4096];
        loop {
            self.0.readable().await.unwrap();
            match self.0.try_read(&mut room) {
                Ok(count) => {
                    assert_ne!(count, 0, "the line is closed");
                    return bytes.extend_from_slice(&room[..count]);
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    }

    async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// How many values and generations each command asks for, until there are so many of both.
async fn commands(server: &mut Server, all: usize) -> Vec<usize> {
    let (mut bytes, mut asked) = (Vec::new(), Vec::new());
    while asked.iter().sum::<usize>() < all || !bytes.ends_with(b"\r\n") {
        server.read(&mut bytes).await;
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
        let reads: Vec<_> = (0..90).map(|number| line.read(&key(number), Read::new())).collect();
        assert_eq!(commands(&mut server, 98).await, [98], "each group once");
        let mut answer = b"*98\r\n".to_vec();
        (0..8).for_each(|group| answer.extend(format!("$16\r\ngeneration {group:05}\r\n").bytes()));
        (0..90).for_each(|number| {
            answer.extend(format!("$18\r\n{number:02}generation {:05}\r\n", number % 8).bytes());
        });
        server.write(&answer).await.unwrap();
        for (number, read) in reads.into_iter().enumerate() {
            let value = read.await.unwrap().map_err(|unread| unread.failure.to_string());
            assert_eq!(value, Ok(Some(Stored::new(format!("{number:02}")))));
        }
    });
}

#[test]
fn a_crowd_is_a_few_commands() {
    block_on(async {
        let (line, mut server) = line(LONG).await;
        let reads: Vec<_> =
            (0..300).map(|number| line.read(&Key::new(number.to_string(), "group"), Read::new())).collect();
        assert_eq!(commands(&mut server, 303).await, [129, 129, 45]);
        drop((reads, line));
    });
}

/// Late answers may be as long as what was asked for; more is read by nobody.
#[test]
fn what_nobody_waits_for_ends_the_connection() {
    block_on(async {
        let (line, mut server) = line(Duration::from_millis(1)).await;
        let unread = line
            .read(&Key::new("key", "group"), Read::new())
            .await
            .unwrap()
            .map_err(|unread| unread.failure.what);
        assert_eq!(unread, Err(What::Timeout));
        server.write(b"*2\r\n$-1\r\n$-1\r\n").await.unwrap();
        let answered = tokio::spawn(async move {
            let pong = line.send(&::redis::cmd("PING")).await;
            (line, pong.map_err(|failure| failure.what))
        });
        let mut asked = Vec::new();
        while !asked.ends_with(b"PING\r\n") {
            server.read(&mut asked).await;
        }
        server.write(b"+PONG\r\n").await.unwrap();
        let (line, pong) = answered.await.unwrap();
        assert_eq!(pong, Ok(Value::SimpleString("PONG".into())), "the late answer was passed over");
        drop(line.read(&Key::new("key", "group"), Read::new()).await);
        server.write(b"*2\r\n$100000000\r\n").await.unwrap();
        while server.write(&[b'x'; 1 << 16]).await.is_ok() {}
        let failure = line.send(&::redis::cmd("PING")).await.unwrap_err();
        assert_eq!(failure.to_string(), "the server sends what nobody waits for any more");
    });
}

/// Of a line on which nothing is under way, the first caller writes by itself; its answer may come before the task has
/// looked at the queue, in which others wait already.
#[test]
fn a_caller_who_writes_itself_has_the_first_answer() {
    block_on(async {
        let (line, mut server) = line(LONG).await;
        let key = |number: usize| Key::new(number.to_string(), "group");
        let answer = |values: std::ops::Range<usize>| {
            let mut answer = format!("*{}\r\n$16\r\n0123456789abcdef\r\n", values.len() + 1);
            values.for_each(|value| answer.push_str(&format!("$18\r\n{value:02}0123456789abcdef\r\n")));
            answer
        };
        let first = line.read(&key(0), Read::new());
        server.write(answer(0..1).as_bytes()).await.unwrap();
        assert!(matches!(first.await, Ok(Ok(Some(stored))) if stored.value == b"00"));
        commands(&mut server, 2).await;
        while !lock(&line.queue).is_idle {
            tokio::task::yield_now().await;
        }

        let reads: Vec<_> = (0..60).map(|number| line.read(&key(number), Read::new())).collect();
        assert!(lock(&line.queue).written.is_some(), "written by the caller");
        // Before the task has its turn: nothing is awaited.
        assert!(server.0.try_write(answer(0..1).as_bytes()).is_ok());
        assert_eq!(commands(&mut server, 62).await, [2, 60]);
        server.write(answer(1..60).as_bytes()).await.unwrap();
        for (number, read) in reads.into_iter().enumerate() {
            let value = read.await.unwrap().map_err(|unread| unread.failure.to_string());
            assert_eq!(value, Ok(Some(Stored::new(format!("{number:02}")))));
        }
    });
}

/// Those who ask for it, and they alone, are told what is left; the others are asked for as ever.
#[test]
fn what_is_left_is_asked_for_those_who_want_to_know() {
    block_on(async {
        let (line, mut server) = line(LONG).await;
        let wants = |number: usize| Read::new().lifetime(number % 3 == 1);
        let key = |number: usize| Key::new(format!("{number:02}"), "group");
        let reads: Vec<_> = (0..9).map(|number| line.read(&key(number), wants(number))).collect();
        let mut asked = Vec::new();
        while !asked.ends_with(b"$2\r\n08\r\n") {
            server.read(&mut asked).await;
        }
        let pttl = |number| format!("*2\r\n$4\r\nPTTL\r\n$2\r\n{number:02}\r\n");
        let all = [1, 4, 7].map(pttl).concat() + "*11\r\n$4\r\nMGET\r\n";
        assert!(asked.starts_with(all.as_bytes()), "{}", String::from_utf8_lossy(&asked));

        // Of the last one the lifetime may not be asked, and it is told its value all the same.
        let mut answer = b":5000\r\n:-1\r\n-NOPERM no\r\n*10\r\n$16\r\n0123456789abcdef\r\n".to_vec();
        (0..9).for_each(|number| answer.extend(format!("$18\r\n{number:02}0123456789abcdef\r\n").bytes()));
        for piece in answer.chunks(7) {
            server.write(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let left = [Left::For(Duration::from_secs(5)), Left::Forever, Left::Unknown];
        for (number, read) in reads.into_iter().enumerate() {
            let value = read.await.unwrap().map_err(|unread| unread.failure.to_string());
            let left = if number % 3 == 1 { left[number / 3] } else { Left::Unknown };
            assert_eq!(value, Ok(Some(Stored::new(format!("{number:02}")).left(left))), "{number}");
        }

        // One who writes itself.
        while !lock(&line.queue).is_idle {
            tokio::task::yield_now().await;
        }
        let read = line.read(&key(1), wants(1));
        assert!(lock(&line.queue).written.is_some(), "written by the caller");
        assert_eq!(commands(&mut server, 3).await, [1, 2]);
        server.write(b":7\r\n*2\r\n$16\r\n0123456789abcdef\r\n$-1\r\n").await.unwrap();
        assert!(matches!(read.await, Ok(Ok(None))));
    });
}
