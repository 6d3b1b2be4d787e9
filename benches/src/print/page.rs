//! The page in the documentation: what stands between the markers is ours to replace.

use std::path::Path;

use super::{Report, goal, plot};

const GOALS: &str = "goals -- all";

/// Replaces the text between the markers of the given command in the page at the given path.
pub fn replace(path: &Path, command: &str, text: &str) {
    let begin = format!("<!-- begin: written by `{command}` -->\n");
    let end = format!("<!-- end: written by `{command}` -->\n");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (before, rest) = page.split_once(&begin).expect("the page has a marker for the beginning");
    let (_, after) = rest.split_once(&end).expect("the page has a marker for the end");
    std::fs::write(path, format!("{before}{begin}\n{text}\n{end}{after}")).expect("the page can be written");
}

/// Replaces the figures in `how-fast-it-is.md` in that folder, and the plot beside it.
pub fn write(folder: &Path, report: &Report, machine: &str) {
    let goals = goal::table(&report.goals).markdown();
    let tables: Vec<String> = report.tables.iter().map(|table| table.markdown()).collect();
    let text = format!("{machine}\n\n{goals}\n[A hit as a plot][plot]\n\n{}", tables.join("\n"));
    replace(&folder.join("how-fast-it-is.md"), GOALS, &text);
    let plot = plot::bars("A hit, 1 000 warm keys, u64 → u64, one thread", &report.bars);
    std::fs::write(folder.join("how-fast-it-is.svg"), plot).expect("the plot can be written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_twice_it_has_the_figures_once() {
        let folder = std::env::temp_dir().join(format!("cache-memoize-page-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("how-fast-it-is.md");
        let markers = format!("<!-- begin: written by `{GOALS}` -->\n<!-- end: written by `{GOALS}` -->\n");
        std::fs::write(&path, format!("before\n{markers}after\n")).unwrap();
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
