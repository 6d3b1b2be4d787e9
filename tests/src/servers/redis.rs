//! A real `redis-server`, to be killed, stopped and started again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::process::{Directory, Process};
use super::record::{self, Recording};
use super::resp::{Connection, Value};
use super::{PATIENCE, Port, look_within, wait_for};

/// How long a control command may take.
const CONTROL: Duration = Duration::from_secs(10);

/// What keeps a server loading.
const FILLER: &str = "filler of the tests ";

/// A server of one test, on a TCP port of the loopback interface and on a unix socket. It keeps nothing on
/// disk.
///
/// All methods take `&self`, so a test can hurt the server while its threads use it. A server in a `static`
/// is ended by the watchdog.
pub struct RedisServer {
    port: Port,
    directory: Directory,
    settings: Vec<String>,
    /// Its configuration file, where it is a sentinel; it writes to it, too.
    sentinel: Option<PathBuf>,
    process: Mutex<Option<Process>>,
}

impl RedisServer {
    /// A server with the settings of a fresh installation.
    ///
    /// # Panics
    /// When there is no `redis-server`, or it does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A server with more settings, as on its command line: `["--maxmemory", "2mb"]`.
    ///
    /// # Panics
    /// When there is no `redis-server`, or it does not start.
    pub fn start_with(settings: &[&str]) -> Self {
        Self::start_as(settings, None)
    }

    /// A sentinel with that configuration file.
    pub(super) fn sentinel(configuration: &str) -> Self {
        Self::start_as(&[], Some(configuration))
    }

    fn start_as(settings: &[&str], sentinel: Option<&str>) -> Self {
        // A port may be taken by somebody else between our look and the server's.
        for _ in 0..10 {
            let directory = Directory::new();
            let server = Self {
                port: Port::free(),
                settings: settings.iter().map(ToString::to_string).collect(),
                sentinel: sentinel.map(|configuration| {
                    let file = directory.join("sentinel.conf");
                    std::fs::write(&file, configuration).expect("a configuration file");
                    file
                }),
                directory,
                process: Mutex::new(None),
            };
            match server.launch(&[]) {
                Err(_) if server.log().contains("Address already in use") => {}
                launched => return launched.map(|()| server).unwrap_or_else(|why| panic!("{why}")),
            }
        }
        panic!("ten times another program took the port that was free a moment before");
    }

    /// Its URL over TCP.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port())
    }

    /// Its URL over the unix socket.
    pub fn socket_url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Its TCP port. It stays ours while the server is down.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// A file in the directory of the server, which is its working directory, too.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// SIGKILL. It is gone when this returns; connections to it are refused.
    pub fn kill(&self) {
        if let Some(mut process) = self.process().take() {
            process.kill();
        }
    }

    /// SIGSTOP: from now on it hangs. Its kernel still accepts connections and bytes.
    ///
    /// # Panics
    /// When it is not running.
    pub fn stop(&self) {
        self.running(Process::stop);
    }

    /// SIGCONT: it goes on and answers what has come in meanwhile.
    ///
    /// # Panics
    /// When it is not running.
    pub fn cont(&self) {
        self.running(Process::cont);
    }

    /// Whether it runs and is not stopped.
    pub fn is_up(&self) -> bool {
        let mut process = self.process();
        process.as_mut().is_some_and(|process| process.ended().is_none() && !process.is_stopped())
    }

    /// Kills it if it runs, and starts it again on the same port with the same settings. It answers when
    /// this returns.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&self) {
        self.kill();
        self.launch(&[]).unwrap_or_else(|why| panic!("{why}"));
    }

    /// Starts it again so that it keeps its keys and takes half a minute to load them. It says LOADING when this
    /// returns, promptly, until [`finish_loading`](Self::finish_loading).
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart_loading(&self) {
        // While it loads it looks at its clients once in so many bytes: here, once for each key.
        let fill = "for i = 1, 3000 do redis.call('SET', KEYS[1] .. i, string.rep('x', 2000)) end";
        self.command(&["EVAL", fill, "1", FILLER]).expect("keys to load");
        self.command(&["CONFIG", "SET", "rdbcompression", "no"]).expect("CONFIG SET");
        self.command(&["SAVE"]).expect("SAVE");
        self.kill();
        self.spawn(&["--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"]);
        wait_for("a server that loads", || match self.try_command(&["PING"]) {
            Ok(Value::Error(why)) if why.starts_with("LOADING") => Ok(()),
            other => Err(other),
        });
    }

    /// Lets a loading server finish, and waits until it has.
    ///
    /// # Panics
    /// When it is not running.
    pub fn finish_loading(&self) {
        self.command(&["CONFIG", "SET", "key-load-delay", "0"]).expect("CONFIG SET");
        wait_for("a server that has loaded", || self.answers());
        let clear = "for i = 1, 3000 do redis.call('DEL', KEYS[1] .. i) end";
        self.command(&["EVAL", clear, "1", FILLER]).expect("fewer keys");
    }

    /// A control command over the unix socket, on a connection of its own. What the server refuses is a
    /// [`Value::Error`].
    ///
    /// # Panics
    /// When it does not answer within ten seconds.
    pub fn command<A: AsRef<[u8]>>(&self, words: &[A]) -> Value {
        self.try_command(words).unwrap_or_else(|error| panic!("{}", self.report(&error.to_string())))
    }

    /// A question that may be asked again: a server that changes its role ends connections.
    pub(super) fn query<A: AsRef<[u8]>>(&self, words: &[A]) -> Value {
        let answer = look_within(CONTROL, || match self.try_command(words) {
            Err(error) if self.is_up() => Err(error),
            answer => Ok(answer),
        });
        match answer.and_then(|answer| answer) {
            Ok(Value::Error(why)) => panic!("{}", self.report(&why)),
            Ok(value) => value,
            Err(error) => panic!("{}", self.report(&error.to_string())),
        }
    }

    /// [`command`](Self::command) for a server that may be down.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn try_command<A: AsRef<[u8]>>(&self, words: &[A]) -> io::Result<Value> {
        self.connect()?.command(words)
    }

    /// A connection for several commands, over the unix socket.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn connect(&self) -> io::Result<Connection> {
        let mut connection = Connection::to_socket(&self.socket(), CONTROL)?;
        let password = self.settings.iter().skip_while(|word| *word != "--requirepass").nth(1);
        if let Some(password) = password {
            connection.command(&["AUTH", password])?;
        }
        Ok(connection)
    }

    /// How often each command was executed during `work`, by its name in lower case, those within scripts
    /// included.
    /// Subcommands are named `config|get`.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn commands_of<T>(&self, work: impl FnOnce() -> T) -> (T, BTreeMap<String, u64>) {
        record::counted(self, work)
    }

    /// Begins to write down every command that clients send, with all arguments.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn record(&self) -> Recording<'_> {
        Recording::begin(self)
    }

    /// A value of `INFO`: `info("connected_clients")`.
    ///
    /// # Panics
    /// When the server does not answer, or knows no such field.
    pub fn info(&self, field: &str) -> String {
        let info = self.query(&["INFO", "everything"]).text();
        let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value.unwrap_or_else(|| panic!("INFO has no field {field}")).to_owned()
    }

    /// What it has written, all starts together.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Starts the process and waits until it answers.
    fn launch(&self, more: &[&str]) -> Result<(), String> {
        self.spawn(more);
        look_within(PATIENCE, || match self.process().as_mut().and_then(Process::ended) {
            Some(status) => Ok(Err(format!("it ended at once: {status}"))),
            None => self.answers().map(Ok),
        })
        .and_then(|ready| ready)
        .map_err(|why| self.report(&why))
    }

    fn spawn(&self, more: &[&str]) {
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log file");
        let mut command = Command::new("redis-server");
        if let Some(file) = &self.sentinel {
            command.arg(file).arg("--sentinel");
        }
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port().to_string()])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(self.directory.join(""))
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(&self.settings)
            .args(more)
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("a second handle of the log file"))
            .stdout(log);
        let process = Process::start(&mut command).unwrap_or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => panic!(
                "this test needs a real server, and there is no `redis-server` in PATH: \
                 run scripts/install-redis.sh"
            ),
            _ => panic!("redis-server: {error}"),
        });
        *self.process() = Some(process);
    }

    /// It has bound both its port and its socket by then; over the socket, the answer is surely its own.
    fn answers(&self) -> Result<(), String> {
        match self.try_command(&["PING"]) {
            Ok(Value::Error(why)) if why.starts_with("LOADING") => Err(why),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn running(&self, act: impl FnOnce(&mut Process)) {
        act(self.process().as_mut().expect("the server was killed and not started again"));
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log_file(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// What went wrong, with the end of the log.
    fn report(&self, why: &str) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(20)..].join("\n  ");
        format!("the redis-server on port {}: {why}\nIts log ends so:\n  {end}", self.port())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", self.report("a test with it failed"));
        }
    }
}
