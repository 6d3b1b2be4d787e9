//! What comes out: tables, goals, a plot, a page.

pub mod goal;
pub mod page;
pub mod plot;
pub mod table;

pub use goal::Goal;
pub use table::Table;

/// What a theme found.
#[derive(Default)]
pub struct Report {
    /// Rows of the table of goals.
    pub goals: Vec<Goal>,
    /// Everything else.
    pub tables: Vec<Table>,
    /// For the plot: who, and the nanoseconds.
    pub bars: Vec<(String, f64)>,
}

impl Report {
    /// Both.
    pub fn and(&mut self, other: Self) {
        self.goals.extend(other.goals);
        self.tables.extend(other.tables);
        self.bars.extend(other.bars);
    }
}

/// Three digits that count, for figures of any size.
pub fn digits(figure: f64) -> String {
    match figure.abs() {
        f if f >= 100.0 => format!("{figure:.0}"),
        f if f >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}
