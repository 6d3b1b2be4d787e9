//! A process beside the test's, which calls memoized functions when it is told to.
//!
//! Each line of its input is a request: a number, then words. Each is carried out in a thread of its own and
//! answered by a line with the same number, then `ok` or `error`, then the rest; answers come in the order
//! in which they are ready. `Peer`, in the tests' library, speaks this. Values are text without line breaks.
//!
//! | request | |
//! |---|---|
//! | `call` `peek` `refresh` `invalidate` `key` *function* *id* | as the function or its companion |
//! | `set` *function* *id* *value* | |
//! | `invalidate_all` `stats` `runs` *function* | `runs`: how often the body began, in this process |
//! | `source` *value* | what bodies read from now on, when they begin; see `body.rs` |
//! | `hold` `release` | bodies wait after they have read, or go on |
//! | `held` | how many wait now |
#![allow(missing_docs)]

mod backend;
mod body;
mod functions;
mod show;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use show::Answer;

fn main() {
    for line in std::io::stdin().lines() {
        let line = line.expect("text");
        std::thread::spawn(move || {
            let (number, request) = line.split_once(' ').expect("a number and a request");
            let (verdict, text) = match catch_unwind(AssertUnwindSafe(|| carry_out(request))) {
                Ok(Ok(value)) => ("ok", value),
                Ok(Err(why)) => ("error", why),
                Err(panic) => ("error", format!("panicked: {}", message(&*panic))),
            };
            // One write, for others write, too. Nobody reads when the test is over.
            let _ = std::io::stdout().write_all(format!("{number} {verdict} {text}\n").as_bytes());
        });
    }
    // The test is gone, whatever is still held.
    std::process::exit(0);
}

fn carry_out(request: &str) -> Answer {
    let mut words = request.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (what, name, id, value) = (word(), word(), word(), word());
    match what {
        "source" => {
            body::set_source(request.split_once(' ').map_or("", |(_, value)| value));
            return Ok(String::new());
        }
        "hold" | "release" => {
            body::hold(what == "hold");
            return Ok(String::new());
        }
        "held" => return Ok(body::held().to_string()),
        _ => {}
    }
    let function = functions::find(name).ok_or_else(|| format!("there is no function `{name}`"))?;
    let id = || id.parse().map_err(|_| format!("`{id}` is no id"));
    match what {
        "call" => (function.call)(id()?),
        "peek" => (function.peek)(id()?),
        "refresh" => (function.refresh)(id()?),
        "invalidate" => (function.invalidate)(id()?),
        "invalidate_all" => (function.invalidate_all)(),
        "set" => (function.set)(id()?, value.to_owned()),
        "key" => (function.key)(id()?),
        "stats" => (function.stats)(),
        "runs" => Ok(body::runs(name).to_string()),
        _ => Err(format!("`{what}` is no request")),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
