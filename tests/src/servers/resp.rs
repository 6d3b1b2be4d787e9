//! A client for control commands: RESP2 in a few lines, every step with a time limit.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// There is nothing.
    Nil,
    /// A number.
    Int(i64),
    /// A status or a string.
    Bytes(Vec<u8>),
    /// The server's own words, the code first.
    Error(String),
    /// Several.
    Array(Vec<Self>),
}

impl Value {
    /// The text; a number in digits.
    ///
    /// # Panics
    /// When it is anything else.
    pub fn text(&self) -> String {
        match self {
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Int(number) => number.to_string(),
            other => panic!("expected a text, not {other:?}"),
        }
    }

    /// The bytes.
    ///
    /// # Panics
    /// When it is anything but a string.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            other => panic!("expected a string, not {other:?}"),
        }
    }

    /// The number, also where the server gives its digits.
    ///
    /// # Panics
    /// When it is not a number.
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            other => other.text().parse().unwrap_or_else(|_| panic!("expected a number, not {other:?}")),
        }
    }

    /// The several.
    ///
    /// # Panics
    /// When it is a single value.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            other => panic!("expected an array, not {other:?}"),
        }
    }

    /// The server's words, if it refused.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::Error(message) => Some(message),
            _ => None,
        }
    }

    /// Itself, unless the server refused.
    ///
    /// # Panics
    /// When it did.
    #[track_caller]
    pub fn expect(self, what: &str) -> Self {
        match self {
            Self::Error(message) => panic!("{what}: {message}"),
            value => value,
        }
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, text: &&str) -> bool {
        matches!(self, Self::Bytes(bytes) if bytes == text.as_bytes())
    }
}

/// A connection.
pub struct Connection {
    reader: BufReader<Box<dyn Read + Send>>,
    writer: Box<dyn Write + Send>,
}

impl Connection {
    /// Over TCP on the loopback interface. Connecting, each write and each read take at most `limit`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn to_port(port: u16, limit: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), limit)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        Ok(Self::over(stream.try_clone()?, stream))
    }

    /// Over a unix socket. Each write and each read take at most `limit`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn to_socket(path: &Path, limit: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        Ok(Self::over(stream.try_clone()?, stream))
    }

    fn over(reader: impl Read + Send + 'static, writer: impl Write + Send + 'static) -> Self {
        Self { reader: BufReader::new(Box::new(reader)), writer: Box::new(writer) }
    }

    /// Sends a command and reads its reply. After an error the connection is of no more use.
    ///
    /// # Errors
    /// What the operating system says; a refusal of the server is a [`Value::Error`].
    pub fn command<A: AsRef<[u8]>>(&mut self, words: &[A]) -> io::Result<Value> {
        self.send(words)?;
        self.reply()
    }

    /// Sends a command only.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn send<A: AsRef<[u8]>>(&mut self, words: &[A]) -> io::Result<()> {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words.iter().map(AsRef::as_ref) {
            bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            bytes.extend_from_slice(word);
            bytes.extend_from_slice(b"\r\n");
        }
        self.writer.write_all(&bytes)
    }

    /// Reads one reply.
    ///
    /// # Errors
    /// What the operating system says, also that nothing came in time.
    pub fn reply(&mut self) -> io::Result<Value> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.len() - 2);
        let (kind, rest) = line.split_first().ok_or_else(|| malformed(&line))?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        let number = || text().parse::<i64>().map_err(|_| malformed(&line));
        Ok(match kind {
            b'+' => Value::Bytes(rest.to_vec()),
            b'-' => Value::Error(text()),
            b':' => Value::Int(number()?),
            b'$' => match usize::try_from(number()?) {
                Ok(length) => {
                    let mut bytes = vec![0; length + 2];
                    self.reader.read_exact(&mut bytes)?;
                    bytes.truncate(length);
                    Value::Bytes(bytes)
                }
                Err(_) => Value::Nil,
            },
            b'*' => match usize::try_from(number()?) {
                Ok(length) => Value::Array((0..length).map(|_| self.reply()).collect::<io::Result<_>>()?),
                Err(_) => Value::Nil,
            },
            _ => return Err(malformed(&line)),
        })
    }
}

fn malformed(line: &[u8]) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not RESP2: {}", line.escape_ascii()))
}
