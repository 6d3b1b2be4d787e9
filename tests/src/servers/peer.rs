//! Another process of the fleet: the binary `peer`, and what a test can have it do.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::process::{Directory, Process};
use super::{PATIENCE, wait_until};

/// A running `peer`. Its requests are in the documentation of the binary.
pub struct Peer {
    process: Mutex<Process>,
    directory: Directory,
    asked: Mutex<Asked>,
    waiting: Arc<Mutex<Waiting>>,
}

struct Asked {
    requests: ChildStdin,
    number: u64,
}

/// By the number of the request. None once the process has ended.
type Waiting = Option<BTreeMap<u64, Sender<Result<String, String>>>>;

impl Peer {
    /// Starts `binary`, which a test names by `env!("CARGO_BIN_EXE_peer")`, on the backend that the words say: the
    /// URL of a server; `cluster` and the URLs of nodes; `sentinel`, the name of the master and the URLs of
    /// sentinels. Before that, settings in milliseconds: `lease=300`, `max_wait=500`, `timeout=100`. Unlike the
    /// crate's, its time limit is five seconds by default, since a busy machine is no fault.
    ///
    /// # Panics
    /// When there is no such program.
    pub fn start<W: AsRef<str>>(binary: &str, backend: &[W]) -> Self {
        let directory = Directory::new();
        let errors = File::create(directory.join("stderr")).expect("a file for its messages");
        let mut command = Command::new(binary);
        command.args(backend.iter().map(AsRef::as_ref));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut process = Process::start(&mut command).unwrap_or_else(|error| panic!("{binary}: {error}"));
        let (requests, answers) = process.pipes().expect("pipes, which we asked for");
        let waiting = Arc::new(Mutex::new(Some(BTreeMap::new())));
        let table = waiting.clone();
        std::thread::spawn(move || dispatch(answers, &table));
        let asked = Mutex::new(Asked { requests, number: 0 });
        Self { process: Mutex::new(process), directory, asked, waiting }
    }

    /// Sends a request and goes on: `begin("call plain 7")`.
    ///
    /// # Panics
    /// When the peer has ended.
    pub fn begin(&self, request: &str) -> Pending<'_> {
        assert!(!request.contains('\n'), "a request is one line");
        let (sender, answer) = channel();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.number += 1;
        let line = format!("{} {request}\n", asked.number);
        match self.waiting().as_mut() {
            Some(waiting) => drop(waiting.insert(asked.number, sender)),
            None => panic!("{}", self.report(request, "it has ended")),
        }
        let sent = asked.requests.write_all(line.as_bytes());
        sent.unwrap_or_else(|error| panic!("{}", self.report(request, &error.to_string())));
        Pending { peer: self, request: request.to_owned(), answer }
    }

    /// Sends a request and waits for its answer; an `Err` is what the function or its companion returned, or
    /// the message of its panic after `panicked: `.
    ///
    /// # Panics
    /// When the peer has ended, or no answer comes.
    pub fn ask(&self, request: &str) -> Result<String, String> {
        self.begin(request).finish()
    }

    /// The answer to a request that cannot fail.
    ///
    /// # Panics
    /// When it does.
    #[track_caller]
    pub fn get(&self, request: &str) -> String {
        self.ask(request).unwrap_or_else(|why| panic!("{request}: {why}"))
    }

    /// Sets what bodies of this process read from now on when they begin.
    ///
    /// # Panics
    /// When the peer has ended.
    pub fn source(&self, value: &str) {
        self.get(&format!("source {value}"));
    }

    /// Has bodies wait from now on, after they have read the source.
    ///
    /// # Panics
    /// When the peer has ended.
    pub fn hold(&self) {
        self.get("hold");
    }

    /// Waits until so many bodies wait.
    ///
    /// # Panics
    /// When they do not come within a minute.
    pub fn wait_for_held(&self, bodies: usize) {
        wait_until("bodies that are held", || self.get("held") == bodies.to_string());
    }

    /// Lets bodies go on, those that wait and all others.
    ///
    /// # Panics
    /// When the peer has ended.
    pub fn release(&self) {
        self.get("release");
    }

    /// How often the body of that function began in this process.
    ///
    /// # Panics
    /// When the peer has ended.
    pub fn runs(&self, function: &str) -> usize {
        self.get(&format!("runs {function}")).parse().expect("a number")
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.process().kill();
    }

    /// SIGSTOP.
    ///
    /// # Panics
    /// When it has ended.
    pub fn stop(&self) {
        self.process().stop();
    }

    /// SIGCONT.
    ///
    /// # Panics
    /// When it has ended.
    pub fn cont(&self) {
        self.process().cont();
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process().id()
    }

    /// What it has written to its standard error.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.directory.join("stderr")).unwrap_or_default()
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, request: &str, why: &str) -> String {
        format!("the peer, asked to {request}: {why}\nIts standard error: {}", self.errors())
    }
}

/// A request under way.
pub struct Pending<'a> {
    peer: &'a Peer,
    request: String,
    answer: Receiver<Result<String, String>>,
}

impl Pending<'_> {
    /// Waits for the answer, as [`Peer::ask`] does.
    ///
    /// # Panics
    /// When the peer has ended, or no answer comes.
    pub fn finish(self) -> Result<String, String> {
        let peer = self.peer;
        let request = self.request.clone();
        self.finish_or_die().unwrap_or_else(|| panic!("{}", peer.report(&request, "it has ended")))
    }

    /// Waits for the answer, or for the end of the peer, which is None.
    ///
    /// # Panics
    /// When neither comes.
    pub fn finish_or_die(self) -> Option<Result<String, String>> {
        match self.answer.recv_timeout(PATIENCE) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("{}", self.peer.report(&self.request, "no answer")),
        }
    }

    /// The answer if it is there.
    pub fn answer_if_ready(&self) -> Option<Result<String, String>> {
        self.answer.try_recv().ok()
    }
}

/// Hands each answer to whoever asked, until the process ends.
fn dispatch(answers: ChildStdout, waiting: &Mutex<Waiting>) {
    let table = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
    for line in BufReader::new(answers).lines().map_while(Result::ok) {
        let mut words = line.splitn(3, ' ');
        let number = words.next().and_then(|number| number.parse().ok());
        let verdict = words.next();
        let text = words.next().unwrap_or_default().to_owned();
        let sender = number.and_then(|number: u64| table().as_mut()?.remove(&number));
        match (sender, verdict) {
            // Who asked may have stopped waiting.
            (Some(sender), Some("ok")) => drop(sender.send(Ok(text))),
            (Some(sender), Some("error")) => drop(sender.send(Err(text))),
            // Something in the process prints.
            _ => eprintln!("peer: {line}"),
        }
    }
    table().take();
}
