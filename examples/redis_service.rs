//! One cache for two processes: what one has computed the other finds, and what one invalidates is gone for both, even
//! while the other is computing it.
//!
//! Run it: `cargo run --example redis_service --features redis`
//!
//! It uses the Redis at `REDIS_URL`. If that is not set, it starts a `redis-server` of its own and stops it at the end.

use std::error::Error;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

use cache_memoize::{Redis, cache_memoize, register};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How the second process learns where things are.
const URL: &str = "REDIS_URL";
const NAMESPACE: &str = "REDIS_SERVICE_NAMESPACE";
const TABLE: &str = "REDIS_SERVICE_TABLE";

/// The database: a file with one row.
static DATABASE: OnceLock<PathBuf> = OnceLock::new();

static RUNS: AtomicU64 = AtomicU64::new(0);
static HELD: AtomicBool = AtomicBool::new(false);

/// The slow function. Which backend has this name is decided at start-up: see `set_up`.
#[cache_memoize(ttl = 60, backend = "profiles")]
fn name_of(user: u64) -> String {
    RUNS.fetch_add(1, Relaxed);
    let name = read_row(user);
    match HELD.swap(false, Relaxed) {
        true => wait_for_the_other_process(),
        false => thread::sleep(Duration::from_millis(150)), // the way to a database
    }
    name
}

fn read_row(user: u64) -> String {
    let row = fs::read_to_string(DATABASE.get().expect("a database")).expect("a row");
    format!("{row} (user {user})")
}

fn write_row(name: &str) -> io::Result<()> {
    println!("        the row changes to {name}");
    fs::write(DATABASE.get().expect("a database"), name)
}

/// What a service does at start-up. In development it might be `register("profiles", Memory::new(10_000))`.
fn set_up(url: &str, namespace: &str, table: &Path) -> Result<(), cache_memoize::Error> {
    DATABASE.get_or_init(|| table.to_owned());
    // The usual timeout of 100 ms is for services. A story must not fail because a machine is slow.
    let redis = Redis::builder().url(url).namespace(namespace).timeout(Duration::from_secs(5)).build()?;
    register("profiles", redis);
    Ok(())
}

/// A call, and what it cost.
fn call() -> String {
    let (runs, began) = (RUNS.load(Relaxed), Instant::now());
    let name = name_of(7);
    let kind = if RUNS.load(Relaxed) == runs { "a hit" } else { "a miss" };
    format!("{kind:<6} {:>9.1?}   {name}", began.elapsed())
}

pub(crate) fn main() -> Outcome {
    if is_worker() {
        return work();
    }
    run(Command::new(env::current_exe()?))
}

/// The story, told by the first process. `worker` starts the second.
pub(crate) fn run(mut worker: Command) -> Outcome {
    let server = if env::var_os(URL).is_none() { Some(Server::start()?) } else { None };
    let url = match &server {
        Some(server) => server.url(),
        None => env::var(URL)?,
    };
    let table = env::temp_dir().join(format!("redis_service-{}", process::id()));
    let namespace = format!("redis_service-{}", process::id());
    let worker = worker.env(URL, &url).env(NAMESPACE, &namespace).env(TABLE, &table);
    let _table = Table::create(&table)?;
    set_up(&url, &namespace, &table)?;
    let mut worker = Worker::start(worker)?;
    println!("two processes, {} and {}, and one Redis\n", process::id(), worker.child.id());

    let first = show("this", "name_of(7)", call());
    let second = show("other", "name_of(7)", worker.ask("call")?);
    assert!(first.starts_with("a miss") && first.ends_with("Ada (user 7)"), "{first}");
    assert!(second.starts_with("a hit") && second.ends_with("Ada (user 7)"), "{second}");

    write_row("Grace")?;
    let there = show("other", "name_of_invalidate(7)", worker.ask("invalidate")?);
    assert_eq!(there, "true", "there was an entry to remove");
    let third = show("this", "name_of(7)", call());
    assert!(third.starts_with("a miss") && third.ends_with("Grace (user 7)"), "{third}");
    let fourth = show("other", "name_of(7)", worker.ask("call")?);
    assert!(fourth.starts_with("a hit") && fourth.ends_with("Grace (user 7)"), "{fourth}");

    println!("\nand now the other process has read, and is slow:\n");
    name_of_invalidate(7)?;
    show("other", "name_of(7)", worker.ask("call, and be slow")?);
    write_row("Katherine")?;
    let there = show("this", "name_of_invalidate(7)", name_of_invalidate(7)?.to_string());
    assert_eq!(there, "false", "nothing is stored yet");
    let late = show("other", "… goes on", worker.ask("go on")?);
    assert!(late.ends_with("Grace (user 7)"), "its own caller gets what it read: {late}");
    for _ in 0..2 {
        let now = show("this", "name_of(7)", call());
        assert!(
            now.ends_with("Katherine (user 7)"),
            "what was read before the invalidation came back: {now}"
        );
    }
    let now = show("other", "name_of(7)", worker.ask("call")?);
    assert!(now.starts_with("a hit") && now.ends_with("Katherine (user 7)"), "{now}");

    name_of_invalidate_all()?;
    println!("\n{}", name_of_stats());
    Ok(())
}

fn show(process: &str, call: &str, answer: String) -> String {
    println!("{process:<7} {call:<22} {answer}");
    answer
}

pub(crate) fn is_worker() -> bool {
    env::var_os(NAMESPACE).is_some()
}

/// The second process: does what it reads, a line at a time, and answers each with a line.
pub(crate) fn work() -> Outcome {
    set_up(&env::var(URL)?, &env::var(NAMESPACE)?, Path::new(&env::var(TABLE)?))?;
    println!("ready");
    let mut line = String::new();
    while io::stdin().read_line(&mut line)? > 0 {
        match line.trim_end() {
            "call, and be slow" => {
                HELD.store(true, Relaxed);
                println!("{}", call());
            }
            "invalidate" => println!("{}", name_of_invalidate(7)?),
            _ => println!("{}", call()),
        }
        line.clear();
    }
    Ok(())
}

fn wait_for_the_other_process() {
    println!("has read, and waits");
    io::stdin().read_line(&mut String::new()).expect("a line");
}

/// The second process, as the first one sees it. It ends when nobody writes to it any more.
struct Worker {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Worker {
    fn start(command: &mut Command) -> Outcome<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe to the other process")?).lines();
        let mut worker = Self { child, requests, answers };
        while !worker.answer()?.ends_with("ready") {}
        Ok(worker)
    }

    fn ask(&mut self, request: &str) -> Outcome<String> {
        let requests = self.requests.as_mut().ok_or("the other process was told to end")?;
        writeln!(requests, "{request}")?;
        self.answer()
    }

    fn answer(&mut self) -> Outcome<String> {
        Ok(self.answers.next().ok_or("the other process has ended")??)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

/// The file, for as long as the story lasts.
struct Table(PathBuf);

impl Table {
    fn create(path: &Path) -> io::Result<Self> {
        fs::write(path, "Ada")?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A `redis-server` that nobody else uses and that keeps nothing on disk.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start() -> Outcome<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("redis-server");
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(|error| {
            format!(
                "cannot start `redis-server`: {error}; install it (`scripts/install-redis.sh` does), or set {URL} to \
                 one that runs, such as redis://127.0.0.1:6379/"
            )
        })?;
        let mut server = Self { process, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("`redis-server` on port {port} has ended: {status}").into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        println!("started a redis-server on port {port}");
        Ok(server)
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
