//! One thing that we want, and how far we are.

use super::{Table, digits};
use crate::measure::rounds::Times;

/// A row of the table of goals.
pub struct Goal {
    theme: &'static str,
    what: String,
    ours: String,
    peer: String,
    ratio: String,
    wanted: String,
    met: bool,
}

impl Goal {
    /// Ours is to be no more than `limit` times theirs.
    pub fn at_most(
        theme: &'static str,
        what: impl Into<String>,
        (ours, peer): (String, String),
        ratio: f64,
        limit: f64,
    ) -> Self {
        Self {
            theme,
            what: what.into(),
            ours,
            peer,
            ratio: format!("{} ×", digits(ratio)),
            wanted: format!("≤ {limit} ×"),
            met: ratio <= limit,
        }
    }

    /// The same of paired rounds, in nanoseconds.
    pub fn paired(
        theme: &'static str,
        what: impl Into<String>,
        times: &Times,
        ours: &str,
        peer: &str,
        limit: f64,
    ) -> Self {
        let figures =
            (nanoseconds(times.lowest(ours)), format!("{}: {peer}", nanoseconds(times.lowest(peer))));
        Self::at_most(theme, what, figures, times.ratio(ours, peer).median, limit)
    }

    /// The quotient is to be no less than `limit`.
    pub fn at_least(
        theme: &'static str,
        what: impl Into<String>,
        (ours, peer): (String, String),
        ratio: f64,
        limit: f64,
    ) -> Self {
        Self {
            theme,
            what: what.into(),
            ours,
            peer,
            ratio: format!("{} ×", digits(ratio)),
            wanted: format!("≥ {limit} ×"),
            met: ratio >= limit,
        }
    }

    /// A figure that is a goal by itself.
    pub fn plain(
        theme: &'static str,
        what: impl Into<String>,
        ours: impl Into<String>,
        peer: impl Into<String>,
        wanted: impl Into<String>,
        met: bool,
    ) -> Self {
        Self {
            theme,
            what: what.into(),
            ours: ours.into(),
            peer: peer.into(),
            ratio: "–".into(),
            wanted: wanted.into(),
            met,
        }
    }
}

/// `12.3 ns`.
pub fn nanoseconds(figure: f64) -> String {
    format!("{} ns", digits(figure))
}

/// All goals.
pub fn table(goals: &[Goal]) -> Table {
    let mut table =
        Table::new("", ["goal", "what", "ours", "peer", "ours ÷ peer, or peer ÷ ours for ≥", "wanted", ""]);
    let mut before = "";
    for Goal { theme, what, ours, peer, ratio, wanted, met } in goals {
        let name = if *theme == before { "" } else { theme };
        before = theme;
        table.row([name, what, ours, peer, ratio, wanted, if *met { "✓" } else { "not yet" }]);
    }
    table
}
