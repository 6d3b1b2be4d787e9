//! Runtimes and servers that are not as they should be. A panic, wherever it is raised and whether or not it would be
//! caught, ends this process, as it does with `panic = "abort"` or a hook that exits.

mod fences;
mod runtimes;
mod secrets;
mod servers;

use std::io::Write as _;
use std::sync::Once;

/// From now on a panic is the end.
pub(crate) fn no_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            // Not by `eprintln`, which a test harness keeps for itself.
            let _ = writeln!(std::io::stderr(), "{}: {panic}", thread.name().unwrap_or_default());
            std::process::exit(101);
        }));
    });
}
