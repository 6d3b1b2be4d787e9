//! The page in the documentation: what stands between the markers is ours to replace.

use std::path::Path;

use super::{Report, goal, plot};

const BEGIN: &str = "<!-- begin: written by `goals -- all` -->\n";
const END: &str = "<!-- end: written by `goals -- all` -->\n";

/// Replaces the figures in `how-fast-it-is.md` in that folder, and the plot beside it.
pub fn write(folder: &Path, report: &Report, machine: &str) {
    let path = folder.join("how-fast-it-is.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page has a marker for the beginning");
    let (_, after) = rest.split_once(END).expect("the page has a marker for the end");
    let goals = goal::table(&report.goals).markdown();
    let tables: Vec<String> = report.tables.iter().map(|table| table.markdown()).collect();
    let tables = tables.join("\n");
    let page = format!(
        "{before}{BEGIN}\n{machine}\n\n{goals}\n![Nanoseconds for a hit](how-fast-it-is.svg)\n\n{tables}\n{END}{after}"
    );
    std::fs::write(path, page).expect("the page can be written");
    let plot = plot::bars("A hit, 1 000 warm keys, u64 → u64, one thread", &report.bars);
    std::fs::write(folder.join("how-fast-it-is.svg"), plot).expect("the plot can be written");
}

/// The few rows that a README has room for.
pub fn short(report: &Report) -> String {
    let mut table = super::Table::new("", ["a hit, 1 000 warm keys, u64 → u64, 1 thread", "ns"]);
    for (name, figure) in &report.bars {
        table.row([format!("`{name}`"), super::digits(*figure)]);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_twice_it_has_the_figures_once() {
        let folder = std::env::temp_dir().join(format!("cache-memoize-page-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("how-fast-it-is.md");
        std::fs::write(&path, format!("before\n{BEGIN}{END}after\n")).unwrap();
        let report = Report {
            bars: vec![("cache_memoize(ttl)".into(), 5.0), ("<moka>".into(), 90.0)],
            ..Report::default()
        };
        write(&folder, &report, "this machine");
        let once = std::fs::read_to_string(&path).unwrap();
        write(&folder, &report, "this machine");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), once);
        assert!(
            once.starts_with("before\n") && once.ends_with("after\n") && once.contains("this machine"),
            "{once}"
        );
        let plot = std::fs::read_to_string(folder.join("how-fast-it-is.svg")).unwrap();
        assert!(plot.contains("&lt;moka>") && plot.contains("5.00 ns"), "{plot}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
