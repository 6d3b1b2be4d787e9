//! One connection through the proxy: two threads, one for each direction.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::stream::Stream;
use super::{Mode, Shared};

pub(super) struct Link {
    client: Stream,
    /// None where everything is lost from the beginning.
    server: Option<Stream>,
    state: Mutex<State>,
    changed: Condvar,
    /// The last bytes came from the client: what comes from there next belongs to the same round trip.
    asked: AtomicBool,
}

struct State {
    mode: Mode,
    closed: bool,
    /// Something was lost.
    broken: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

/// What to do with a chunk.
enum Verdict {
    Pass,
    PassBytewise,
    /// So much of it, and no more.
    PassAndClose(usize),
    Lose,
    Close,
}

impl Link {
    pub(super) fn new(client: Stream, server: Option<Stream>, mode: Mode) -> Self {
        let state = State { mode, closed: false, broken: server.is_none() };
        Self {
            client,
            server,
            state: Mutex::new(state),
            changed: Condvar::new(),
            asked: AtomicBool::new(false),
        }
    }

    pub(super) fn start(self: &Arc<Self>, shared: &Arc<Shared>) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let (link, shared) = (self.clone(), shared.clone());
            std::thread::spawn(move || {
                link.pump(direction, &shared);
                // A server that leaves a broken connection is not noticed.
                if direction == Direction::ToServer || !link.state().broken {
                    link.close();
                    shared.forget(&link);
                }
            });
        }
    }

    pub(super) fn set(&self, mode: Mode) {
        self.state().mode = mode;
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
        self.client.close();
        self.server.iter().for_each(Stream::close);
    }

    fn pump(&self, direction: Direction, shared: &Shared) {
        let (from, to) = match direction {
            Direction::ToServer => (Some(&self.client), self.server.as_ref()),
            Direction::ToClient => (self.server.as_ref(), Some(&self.client)),
        };
        let Some(mut from) = from else { return };
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            self.count(direction, length, shared);
            let chunk = &buffer[..length];
            let written = match (self.judge(direction, length), to) {
                (Verdict::Close, _) => return,
                (Verdict::Lose, _) | (_, None) => Ok(()),
                (Verdict::Pass, Some(mut to)) => to.write_all(chunk),
                (Verdict::PassBytewise, Some(mut to)) => {
                    chunk.chunks(1).try_for_each(|byte| to.write_all(byte))
                }
                (Verdict::PassAndClose(length), Some(mut to)) => {
                    let _ = to.write_all(&chunk[..length]);
                    return;
                }
            };
            if written.is_err() {
                return;
            }
        }
    }

    /// Waits as long as the mode says, looking at the mode again whenever it changes.
    fn judge(&self, direction: Direction, length: usize) -> Verdict {
        let arrived = Instant::now();
        let mut state = self.state();
        loop {
            if state.closed {
                return Verdict::Close;
            }
            if state.broken {
                return Verdict::Lose;
            }
            state = match state.mode {
                Mode::Forward => return Verdict::Pass,
                Mode::Bytewise => return Verdict::PassBytewise,
                Mode::BlackHole => {
                    state.broken = true;
                    return Verdict::Lose;
                }
                Mode::CutReplies(_) if direction == Direction::ToServer => return Verdict::Pass,
                Mode::CutReplies(left) if left <= length => return Verdict::PassAndClose(left),
                Mode::CutReplies(left) => {
                    state.mode = Mode::CutReplies(left - length);
                    return Verdict::Pass;
                }
                Mode::Delay(delay) => match delay.checked_sub(arrived.elapsed()) {
                    Some(left) if !left.is_zero() => {
                        self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                    }
                    _ => return Verdict::Pass,
                },
                Mode::Hold => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn count(&self, direction: Direction, length: usize, shared: &Shared) {
        let (bytes, counters) = (length as u64, &shared.counters);
        match direction {
            Direction::ToServer => {
                counters.to_server.fetch_add(bytes, SeqCst);
                if !self.asked.swap(true, SeqCst) {
                    counters.round_trips.fetch_add(1, SeqCst);
                }
            }
            Direction::ToClient => {
                counters.to_client.fetch_add(bytes, SeqCst);
                self.asked.store(false, SeqCst);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
