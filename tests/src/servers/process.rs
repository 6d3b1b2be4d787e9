//! A process that a test started: signalled by its id, and gone when its handle is.
//!
//! A test process that is killed hard runs no destructors. Hence a watchdog, one for each test process: a
//! shell that is told of every process through a pipe, and kills those that are left when the pipe is
//! closed.

use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::wait_until;

/// A running process, or one that has ended and whose handle is still there.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it in a process group of its own: an interrupt in the terminal reaches the test alone, and the
    /// watchdog does the rest.
    ///
    /// # Errors
    /// What the operating system says, for instance that there is no such program.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        WATCHDOG.tell("+", child.id());
        Ok(Self { child })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The pipes to its standard input and output, where [`Stdio::piped`] asked for them, once.
    pub fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.child.stdin.take().zip(self.child.stdout.take())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("our own child");
        if status.is_some() {
            WATCHDOG.tell("-", self.child.id());
        }
        status
    }

    /// SIGSTOP. It runs no more when this returns.
    ///
    /// # Panics
    /// When it has ended.
    pub fn stop(&mut self) {
        self.signal("STOP");
        wait_until("a stopped process", || self.is_stopped());
    }

    /// SIGCONT.
    ///
    /// # Panics
    /// When it has ended.
    pub fn cont(&mut self) {
        self.signal("CONT");
    }

    /// SIGKILL, which also ends stopped processes, and waits for the end.
    pub fn kill(&mut self) {
        // In this order nothing is left behind if we are killed in between, and the watchdog has forgotten
        // the id before another process can get it.
        self.child.kill().expect("our own child");
        WATCHDOG.tell("-", self.child.id());
        self.child.wait().expect("our own child");
    }

    /// By the shell, which has `kill` built in, on every machine.
    fn signal(&mut self, name: &str) {
        assert_eq!(self.ended(), None, "no signal to a process that has ended");
        let status = shell(r#"kill -"$1" "$2""#).arg(name).arg(self.id().to_string()).status();
        assert!(status.expect("a shell").success(), "SIG{name} to process {}", self.id());
    }

    /// Whether it is stopped, in whatever way.
    pub fn is_stopped(&self) -> bool {
        let state = match std::fs::read_to_string(format!("/proc/{}/stat", self.id())) {
            // The name stands in parentheses and may contain some.
            Ok(stat) => stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned()),
            Err(_) => shell(r#"ps -o state= -p "$1""#)
                .arg(self.id().to_string())
                .output()
                .ok()
                .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        };
        state.is_some_and(|state| state.starts_with('T'))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
        }
    }
}

/// A directory of its own for a server, removed with its handle.
pub struct Directory(PathBuf);

impl Directory {
    /// An empty one.
    ///
    /// # Panics
    /// When the directory for temporary files cannot be written.
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let path = WATCHDOG.directory.join(NUMBER.fetch_add(1, Relaxed).to_string());
        std::fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self(path)
    }

    /// Of something in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // The watchdog tries again.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

static WATCHDOG: LazyLock<Watchdog> = LazyLock::new(Watchdog::start);

/// Outlives the test process by a moment.
struct Watchdog {
    /// Closed by the system when we end, in whatever way. Not inherited by what we start.
    orders: Mutex<ChildStdin>,
    /// Of all directories; the watchdog removes it in the end.
    directory: PathBuf,
    /// Ends after us, so nobody waits for it.
    _process: Child,
}

/// `+ id` and `- id`, one a line.
const WATCH: &str = r#"
    trap '' HUP INT TERM
    alive=
    while read -r sign id; do
        rest=
        for one in $alive; do [ "$one" = "$id" ] || rest="$rest $one"; done
        alive=$rest
        [ "$sign" = - ] || alive="$alive $id"
    done
    for one in $alive; do kill -KILL "$one"; done
    rm -rf -- "$1"
"#;

impl Watchdog {
    fn start() -> Self {
        let directory = (0..)
            .map(|attempt| format!("cache-memoize-{}-{attempt}", std::process::id()))
            .map(|name| std::env::temp_dir().join(name))
            .find(|path| match std::fs::DirBuilder::new().mode(0o700).create(path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
                made => made.map(|()| true).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            })
            .expect("endless attempts");
        let mut process = shell(WATCH)
            .arg(&directory)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let orders = Mutex::new(process.stdin.take().expect("piped"));
        Self { orders, directory, _process: process }
    }

    fn tell(&self, sign: &str, id: u32) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.write_all(format!("{sign} {id}\n").as_bytes()).expect("the watchdog lives as long as we do");
    }
}

/// A shell script; arguments can be added.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]);
    command
}
