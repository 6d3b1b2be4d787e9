//! Several clients, in two processes, on Redis servers that are hurt meanwhile.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cache_memoize::testing::{History, Summary};
use cache_memoize_tests::crowd::{FUNCTIONS, Plan, World};
use cache_memoize_tests::random::{Random, seed};
use cache_memoize_tests::servers::process::Process;
use cache_memoize_tests::servers::{Cluster, Mode, Proxy, RedisServer, Value, wait_until};

const SECOND: Duration = Duration::from_secs(1);

/// Everything may be lost at any moment, while everybody can reach the server.
#[test]
fn forgetful() {
    let server = RedisServer::start();
    let place = ["timeout=20000".to_owned(), server.url()];
    let story = Story { name: "a server that forgets", places: [&place, &place, &place], cut_off: false };
    story.tell(|random, _| {
        match random.below(4) {
            0 => run(&server, &["FLUSHALL"]),
            1 => run(&server, &["SCRIPT", "FLUSH"]),
            _ => lose_some(&server),
        }
        pause(random, 20);
    });
}

/// The server is stopped for a while, or killed and started again, and connections end; or one of its clients is
/// stopped, in the middle of whatever it does.
#[test]
fn hurt() {
    let server = RedisServer::start();
    let place = ["timeout=40".to_owned(), "lease=150".to_owned(), server.url()];
    let socket = ["timeout=40".to_owned(), server.socket_url()];
    let story = Story { name: "a server that is hurt", places: [&place, &socket, &place], cut_off: true };
    story.tell(|random, other| {
        match random.below(8) {
            0 => server.restart(),
            1 => run(&server, &["FLUSHALL"]),
            2 => run(&server, &["SCRIPT", "FLUSH"]),
            3 => lose_some(&server),
            4 => run(&server, &["CLIENT", "KILL", "TYPE", "normal"]),
            5 => {
                server.stop();
                pause(random, 120);
                server.cont();
            }
            // For longer than its leases last, so that what it computes is overtaken in the meantime.
            _ => {
                other.stop();
                pause(random, 400);
                other.cont();
            }
        }
        pause(random, 250);
    });
}

/// Requests and replies are late, cut off, or lost without a word, for one client in each process.
#[test]
fn behind_a_bad_network() {
    let server = RedisServer::start();
    let proxy = Proxy::new(&server);
    let near = ["timeout=5000".to_owned(), server.url()];
    let far = ["timeout=40".to_owned(), proxy.url()];
    Story { name: "a bad network", places: [&near, &far, &far], cut_off: true }.tell(|random, _| {
        match random.below(6) {
            0 => proxy.set(Mode::Delay(Duration::from_millis(random.below(8)))),
            1 => proxy.set_existing(Mode::CutReplies(random.below(200) as usize)),
            2 => proxy.set_existing(Mode::BlackHole),
            3 => proxy.set(Mode::Hold),
            4 => proxy.close_all(),
            _ => lose_some(&server),
        }
        pause(random, 60);
        proxy.set(Mode::Forward);
        pause(random, 200);
    });
}

/// Replicas take over by coordinated failovers, which lose nothing.
#[test]
fn cluster() {
    // Nobody but us decides about failovers.
    let cluster = Cluster::start_with(2, 1, &["--cluster-replica-no-failover", "yes"]);
    let with_role = |role: &str| -> Vec<_> {
        cluster.nodes().iter().filter(|node| node.info("role") == role).map(RedisServer::port).collect()
    };
    let mut place = vec!["timeout=250".to_owned(), "cluster".to_owned()];
    place.extend(cluster.urls());
    let (mut failovers, mut masters) = (0, with_role("master"));
    let mut last = Instant::now() - 2 * SECOND;
    Story { name: "a cluster", places: [&place, &place, &place], cut_off: true }.tell(|random, _| {
        let node = cluster.node(random.below(cluster.nodes().len() as u64) as usize);
        match random.below(4) {
            // In between, the crowd is to get something done.
            _ if node.info("role") == "slave" => {
                if last.elapsed() > 2 * SECOND {
                    last = Instant::now();
                    drop(node.command(&["CLUSTER", "FAILOVER"]));
                }
            }
            0 => drop(node.command(&["FLUSHALL"])),
            1 => drop(node.command(&["CLIENT", "KILL", "TYPE", "normal"])),
            _ => lose_some(node),
        }
        pause(random, 150);
        let now = with_role("master");
        failovers += now.iter().filter(|port| !masters.contains(port)).count();
        masters = now;
    });
    println!("a cluster: {failovers} failovers");
    assert!(failovers > 0, "no replica took over");
}

fn run(server: &RedisServer, words: &[&str]) {
    server.command(words).expect(words[0]);
}

/// As an eviction would: anything, values, fences and generations.
fn lose_some(server: &RedisServer) {
    for _ in 0..3 {
        if let Value::Bytes(key) = server.command(&["RANDOMKEY"]) {
            // Refused by one that has just become a replica.
            let _ = server.command(&[b"DEL".as_slice(), &key]);
        }
    }
}

fn pause(random: &mut Random, millis: u64) {
    std::thread::sleep(Duration::from_millis(random.below(millis)));
}

/// Two clients in this process and one in another.
struct Story<'a> {
    name: &'a str,
    places: [&'a [String]; 3],
    /// Whether clients may be unable to reach the server.
    cut_off: bool,
}

impl Story<'_> {
    /// Rounds of a second or two, during which `hurt` is done again and again.
    fn tell(&self, mut hurt: impl FnMut(&mut Random, &mut Process)) {
        let first = seed("HISTORIES_SEED");
        let operations = std::env::var("HISTORIES_OPERATIONS")
            .map_or(3_000, |many| many.parse::<u64>().expect("HISTORIES_OPERATIONS is a number"));
        let judges: [History<u64>; FUNCTIONS] = std::array::from_fn(|_| match self.cut_off {
            true => History::new().may_be_cut_off(),
            false => History::new(),
        });
        let mut sum = Summary::default();
        let mut origin = 0;
        for seed in first.. {
            self.round(&mut Random::new(seed), &mut origin, &judges, &mut hurt);
            for (function, judge) in judges.iter().enumerate() {
                match judge.check_and_forget() {
                    Ok(summary) => sum += summary,
                    Err(violation) => panic!(
                        "{}, function {function}, HISTORIES_SEED={seed}, after {} operations: {violation}",
                        self.name,
                        sum.operations()
                    ),
                }
            }
            if sum.operations() >= operations {
                break;
            }
        }
        println!("{}: {sum}", self.name);
    }

    fn round(
        &self,
        random: &mut Random,
        origin: &mut u16,
        judges: &[History<u64>; FUNCTIONS],
        hurt: &mut impl FnMut(&mut Random, &mut Process),
    ) {
        let mut next_origin = || {
            *origin += 1;
            *origin
        };
        let mut plan = || Plan {
            seed: random.next(),
            threads: 1 + random.below(3),
            tasks: 1 + random.below(4),
            keys: 1 + random.below(3),
            time: 2 * SECOND,
        };
        // It outlives what is done to it.
        let longer = Plan { time: 3 * SECOND, ..plan() };
        let mut other = Other::start(next_origin(), longer, self.places[2]);
        let clients = [(next_origin(), plan(), self.places[0]), (next_origin(), plan(), self.places[1])];
        let clients = clients.map(|(origin, plan, place)| (World::open(origin, place), plan));
        std::thread::scope(|scope| {
            for (world, plan) in &clients {
                scope.spawn(|| world.run(*plan));
            }
            let end = Instant::now() + 2 * SECOND;
            while Instant::now() < end {
                hurt(random, &mut other.0);
            }
        });
        for (world, _) in &clients {
            for (function, history) in world.histories().iter().enumerate() {
                for line in history.lines() {
                    judges[function].read_line(&line).unwrap();
                }
                assert_eq!(world.stats()[function].in_flight, 0, "{}", self.name);
            }
        }
        for line in other.finish().lines() {
            let (function, line) = line.split_once(' ').expect("the number of a function");
            judges[function.parse::<usize>().unwrap()].read_line(line).unwrap();
        }
    }
}

/// The binary `crowd`.
struct Other(Process);

impl Other {
    fn start(origin: u16, plan: Plan, place: &[String]) -> Self {
        let Plan { seed, threads, tasks, keys, time } = plan;
        let numbers = [origin.into(), seed, threads, tasks, keys, time.as_millis() as u64];
        let mut command = Command::new(env!("CARGO_BIN_EXE_crowd"));
        command.args(numbers.map(|number| number.to_string())).args(place);
        Self(Process::start(command.stdin(Stdio::piped()).stdout(Stdio::piped())).expect("the binary"))
    }

    fn finish(mut self) -> String {
        let (_, mut output) = self.0.pipes().expect("pipes");
        let mut lines = String::new();
        output.read_to_string(&mut lines).expect("text");
        wait_until("the end of the other process", || self.0.ended().is_some());
        assert!(self.0.ended().is_some_and(|status| status.success()), "the other process failed");
        lines
    }
}
