//! The same question about many keys, for backends that have no better way than to ask about each.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Reply;
use crate::Error;

/// So many are asked at the same time. More are a burst that delays what others ask.
pub(crate) const AT_ONCE: usize = 64;

/// After so many failures in a row no more are asked: each of them may have taken a whole deadline.
const FAILURES: usize = 3;

/// Asks about each of `questions`. Whatever a thread waits for is asked one after the other, what a task waits for at the
/// same time. There is an answer for each: those that were not asked any more, because others failed, have the last
/// failure.
pub(crate) fn each<'a, Q: Sync, T: Send + 'a>(
    questions: &'a [Q],
    ask: impl FnMut(&'a Q) -> Reply<'a, T> + Send + 'a,
) -> Reply<'a, Vec<Result<T, Error>>> {
    let answers = questions.iter().map(|_| None).collect();
    let mut asking =
        Asking { questions, ask, next: 0, running: Vec::new(), answers, failures: 0, failure: None };
    Reply::later(poll_fn(move |task| asking.poll(task)))
}

struct Asking<'a, Q, T, F> {
    questions: &'a [Q],
    ask: F,
    /// The first that was not asked.
    next: usize,
    running: Vec<(usize, Reply<'a, T>)>,
    answers: Vec<Option<Result<T, Error>>>,
    /// How many have failed since one was answered.
    failures: usize,
    failure: Option<Error>,
}

impl<'a, Q, T, F: FnMut(&'a Q) -> Reply<'a, T>> Asking<'a, Q, T, F> {
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Result<Vec<Result<T, Error>>, Error>> {
        for (at, mut reply) in std::mem::take(&mut self.running) {
            if self.step(at, &mut reply, task).is_pending() {
                self.running.push((at, reply));
            }
        }
        while self.running.len() < AT_ONCE && self.failures < FAILURES {
            let Some(question) = self.questions.get(self.next) else { break };
            let (at, mut reply) = (self.next, (self.ask)(question));
            self.next += 1;
            if self.step(at, &mut reply, task).is_pending() {
                self.running.push((at, reply));
            }
        }
        if !self.running.is_empty() {
            return Poll::Pending;
        }
        let missing = || self.failure.clone().map_or_else(not_asked, Err);
        Poll::Ready(Ok(self.answers.iter_mut().map(|answer| answer.take().unwrap_or_else(missing)).collect()))
    }

    fn step(&mut self, at: usize, reply: &mut Reply<'a, T>, task: &mut Context<'_>) -> Poll<()> {
        let Poll::Ready(answer) = Pin::new(reply).poll(task) else { return Poll::Pending };
        match &answer {
            Ok(_) => self.failures = 0,
            Err(error) => {
                self.failures += 1;
                self.failure = Some(error.clone());
            }
        }
        self.answers[at] = Some(answer);
        Poll::Ready(())
    }
}

fn not_asked<T>() -> Result<T, Error> {
    unreachable!("what was not asked was not for a failure")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    use super::*;
    use crate::ErrorKind;
    use crate::background;
    use crate::sync::block_on;

    fn failed() -> Error {
        Error::new(ErrorKind::Timeout, "late")
    }

    #[test]
    fn each_has_its_answer() {
        let questions: Vec<u64> = (0..200).collect();
        let answers = block_on(each(&questions, |&number| match number % 10 {
            3 => Reply::now(Err(failed())),
            4 => Reply::later(async move {
                background::sleep(Duration::from_micros(200 - number)).await;
                Ok(number)
            }),
            _ => Reply::now(Ok(number)),
        }));
        for (number, answer) in (0..).zip(answers.unwrap()) {
            match number % 10 {
                3 => assert!(answer.is_err()),
                _ => assert_eq!(answer.unwrap(), number),
            }
        }
        assert!(block_on(each(&[], |(): &()| Reply::now(Ok(())))).unwrap().is_empty());
    }

    #[test]
    fn after_some_failures_in_a_row_no_more_are_asked() {
        let questions = [(); 500];
        for later in [false, true] {
            let asked = AtomicUsize::new(0);
            let ask = |(): &()| {
                asked.fetch_add(1, Relaxed);
                let failure: Result<(), Error> = Err(failed());
                if later { Reply::later(async { failure }) } else { Reply::now(failure) }
            };
            let answers = block_on(each(&questions, ask)).unwrap();
            assert!(answers.len() == 500 && answers.iter().all(Result::is_err));
            assert_eq!(asked.into_inner(), FAILURES);
        }
    }

    #[test]
    fn not_too_many_are_asked_at_once() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let questions = [(); 1000];
        let ask = |(): &()| {
            Reply::later(async {
                let running = now.fetch_add(1, Relaxed) + 1;
                most.fetch_max(running, Relaxed);
                background::sleep(Duration::from_micros(10)).await;
                now.fetch_sub(1, Relaxed);
                Ok(())
            })
        };
        assert!(block_on(each(&questions, ask)).unwrap().iter().all(Result::is_ok));
        assert_eq!(most.into_inner(), AT_ONCE);
    }
}
