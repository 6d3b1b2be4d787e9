//! What happens to the server now and then.

use std::fmt;
use std::time::Duration;

use cache_memoize_tests::random::Random;
use cache_memoize_tests::servers::RedisServer;

/// How often what.
#[derive(Default)]
pub(crate) struct Harm {
    paused: u64,
    restarted: u64,
    flushed: u64,
    cut: u64,
}

impl Harm {
    /// One of them, or mostly nothing.
    pub(crate) fn one(&mut self, server: &RedisServer, random: &mut Random) {
        let run = |words: &[&str]| drop(server.command(words).expect(words[0]));
        match random.below(12) {
            0 => {
                server.stop();
                std::thread::sleep(Duration::from_millis(random.below(400)));
                server.cont();
                self.paused += 1;
            }
            1 if random.one_in(3) => {
                server.restart();
                self.restarted += 1;
            }
            2 => {
                run(&["FLUSHALL"]);
                run(&["SCRIPT", "FLUSH"]);
                self.flushed += 1;
            }
            3 => {
                run(&["CLIENT", "KILL", "TYPE", "normal"]);
                self.cut += 1;
            }
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(random.below(500)));
    }
}

/// Whatever was done, it runs and answers.
pub(crate) fn heal(server: &RedisServer) {
    assert!(server.is_up(), "nobody stopped it for good");
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { paused, restarted, flushed, cut } = self;
        write!(f, "the server was paused {paused} times, killed and started {restarted} times, ")?;
        write!(f, "flushed {flushed} times, and cut off its clients {cut} times")
    }
}
