//! A server that answers as a test says, whatever it is asked.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// What it does when it is asked.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends these bytes.
    Say(Vec<u8>),
    /// Sends these bytes, each so much after the one before.
    Trickle(Vec<u8>, Duration),
    /// Sends the first bytes, then the others again and again, until the connection ends.
    Flood(Vec<u8>, Vec<u8>),
    /// Sends these bytes and closes the connection.
    Last(Vec<u8>),
}

impl Act {
    /// [`Say`](Self::Say), as text.
    pub fn say(text: &str) -> Self {
        Self::Say(text.as_bytes().to_vec())
    }
}

/// The words of a command.
pub type Words = Vec<Vec<u8>>;

/// A fake server, in threads of its own that end with it.
pub struct FakeServer {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    act: Box<dyn Fn(&Words) -> Act + Send + Sync>,
    over: AtomicBool,
    sent: AtomicU64,
    floods: AtomicUsize,
    connections: AtomicUsize,
}

impl FakeServer {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start(act: impl Fn(&Words) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (over, sent, floods, connections) = Default::default();
        let shared = Arc::new(Shared { act: Box::new(act), over, sent, floods, connections });
        let accepting = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.over.load(SeqCst) {
                    return;
                }
                accepting.connections.fetch_add(1, SeqCst);
                let shared = accepting.clone();
                // Whatever goes wrong there is the end of a connection.
                std::thread::spawn(move || drop(shared.serve(&client)));
            }
        });
        Self { port, shared }
    }

    /// Its URL for clients.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many bytes it has sent.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(SeqCst)
    }

    /// How many connections it floods now.
    pub fn floods(&self) -> usize {
        self.shared.floods.load(SeqCst)
    }

    /// How many connections it has accepted.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(SeqCst)
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.shared.over.store(true, SeqCst);
        // It waits for a connection, and gets one.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Shared {
    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        client.set_write_timeout(Some(Duration::from_secs(30)))?;
        let mut requests = BufReader::new(client);
        while !self.over.load(SeqCst) {
            let words = command(&mut requests)?;
            match (self.act)(&words) {
                Act::Say(bytes) => self.send(client, &bytes)?,
                Act::Trickle(bytes, pause) => {
                    for byte in bytes {
                        std::thread::sleep(pause);
                        self.send(client, &[byte])?;
                    }
                }
                Act::Flood(first, again) => {
                    self.floods.fetch_add(1, SeqCst);
                    let mut sent = self.send(client, &first);
                    while sent.is_ok() && !self.over.load(SeqCst) {
                        sent = self.send(client, &again);
                    }
                    self.floods.fetch_sub(1, SeqCst);
                    sent?;
                }
                Act::Last(bytes) => return self.send(client, &bytes),
            }
        }
        Ok(())
    }

    fn send(&self, mut client: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        client.write_all(bytes)?;
        self.sent.fetch_add(bytes.len() as u64, SeqCst);
        Ok(())
    }
}

/// The next command.
fn command(requests: &mut BufReader<&TcpStream>) -> io::Result<Words> {
    let count = number(requests)?;
    let mut words = Vec::new();
    for _ in 0..count {
        let mut word = vec![0; number(requests)? + 2];
        requests.read_exact(&mut word)?;
        word.truncate(word.len() - 2);
        words.push(word);
    }
    Ok(words)
}

/// What a line says after its first character.
fn number(requests: &mut BufReader<&TcpStream>) -> io::Result<usize> {
    let mut line = String::new();
    requests.read_line(&mut line)?;
    let digits = line.trim_end().get(1..).unwrap_or_default();
    digits.parse().map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof))
}
