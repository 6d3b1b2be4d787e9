//! Something to do at most once per hour, from however many threads: `store_result = false` keeps no value, only
//! the mark that it has been done.
//!
//! Run it: `cargo run --example once_per_hour`

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use cache_memoize::{cache_memoize, testing};

/// Sends the digest of new comments to a reader. The site calls it after every comment, and need not think about
/// how often that is: the cache lets it run once per reader and hour. An `Err` leaves no mark, so the next call
/// tries again.
#[cache_memoize(ttl = "1h", store_result = false, skip(mail))]
fn send_digest(mail: &MailServer, reader: &str) -> Result<(), MailError> {
    mail.deliver(reader)
}

#[derive(Default)]
struct MailServer {
    is_down: AtomicBool,
    attempts: AtomicU64,
    delivered: AtomicU64,
}

#[derive(Clone, Debug, PartialEq)]
struct MailError(&'static str);

impl MailServer {
    fn deliver(&self, _reader: &str) -> Result<(), MailError> {
        self.attempts.fetch_add(1, SeqCst);
        thread::sleep(Duration::from_millis(80)); // mail servers take their time
        if self.is_down.load(SeqCst) {
            return Err(MailError("connection refused"));
        }
        self.delivered.fetch_add(1, SeqCst);
        Ok(())
    }
}

/// Sixteen comments at once, each on a thread of its own. How many of them were told that all is well?
fn sixteen_comments(mail: &MailServer, reader: &str) -> usize {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..16).map(|_| scope.spawn(|| send_digest(mail, reader))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(Result::is_ok).count()
    })
}

pub(crate) fn main() {
    let mail = MailServer::default();
    let report = |when: &str, content: usize| {
        let (attempts, delivered) = (mail.attempts.swap(0, SeqCst), mail.delivered.swap(0, SeqCst));
        println!("{when:<48}callers told Ok: {content:>2}   attempts: {attempts}   mails: {delivered}");
        delivered
    };

    mail.is_down.store(true, SeqCst);
    let content = sixteen_comments(&mail, "ada");
    assert_eq!(content, 0, "those who waited for a failure hear of it");
    assert_eq!(report("16 comments for ada, the mail server is down", content), 0);

    mail.is_down.store(false, SeqCst);
    let content = sixteen_comments(&mail, "ada");
    assert_eq!(content, 16, "fifteen waited for the one that ran");
    assert_eq!(report("it is back: the failure had left no mark", content), 1);

    let content = sixteen_comments(&mail, "ada");
    assert_eq!((content, report("16 more within the hour", content)), (16, 0));

    let content = sixteen_comments(&mail, "bob");
    assert_eq!((content, report("16 comments for bob, who has an hour of his own", content)), (16, 1));

    assert_eq!(send_digest_peek("ada"), Some(Ok(())));
    assert_eq!(send_digest_peek("cleo"), None);
    println!("\nDone within the hour? ada: yes, cleo: no  (`send_digest_peek`)");

    // The clock of the cache, for the calls of this thread. Tests need not wait for an hour.
    testing::advance(Duration::from_secs(59 * 60));
    send_digest(&mail, "ada").unwrap();
    println!("59 minutes later: mails: {}", mail.delivered.load(SeqCst));
    assert_eq!(mail.delivered.swap(0, SeqCst), 0);
    testing::advance(Duration::from_secs(60));
    send_digest(&mail, "ada").unwrap();
    println!("an hour later:    mails: {}", mail.delivered.load(SeqCst));
    assert_eq!(mail.delivered.swap(0, SeqCst), 1);

    // The reader has pressed "send it again": give the right back by hand.
    assert!(send_digest_invalidate("ada"));
    send_digest(&mail, "ada").unwrap();
    println!("invalidated:      mails: {}", mail.delivered.load(SeqCst));
    assert_eq!(mail.delivered.swap(0, SeqCst), 1);

    println!("\n{}", send_digest_stats());
}
