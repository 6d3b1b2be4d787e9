//! As much of Markdown as pages of this repository use: headings, links, definitions of links, blocks of code.

/// A page.
pub(super) struct Page {
    /// Lines outside of blocks of code, without the code in them.
    prose: Vec<String>,
    /// Lines of Rust in blocks of code.
    pub(super) rust: Vec<String>,
}

impl Page {
    pub(super) fn parse(text: &str) -> Self {
        let (mut prose, mut rust) = (Vec::new(), Vec::new());
        let mut fence: Option<&str> = None;
        for line in text.lines() {
            match (fence, line.strip_prefix("```")) {
                (None, Some(language)) => fence = Some(language),
                (Some(_), Some("")) => fence = None,
                (Some(language), _) if language.starts_with("rust") => rust.push(line.to_owned()),
                (Some(_), _) => {}
                (None, None) => prose.push(line.to_owned()),
            }
        }
        Self { prose, rust }
    }

    pub(super) fn headings(&self) -> Vec<String> {
        let headings = self.prose.iter().filter(|line| line.starts_with('#'));
        headings.map(|line| line.trim_start_matches('#').trim().to_owned()).collect()
    }

    /// The anchors of its headings, as GitHub and rustdoc make them.
    pub(super) fn anchors(&self) -> Vec<String> {
        self.headings().iter().map(|heading| anchor(heading)).collect()
    }

    /// Label and target of each `[label]: target`.
    pub(super) fn definitions(&self) -> Vec<(String, String)> {
        let defined = |line: &String| {
            let (label, target) = line.strip_prefix('[')?.split_once("]: ")?;
            Some((label.to_owned(), target.trim().to_owned()))
        };
        self.prose.iter().filter_map(defined).collect()
    }

    /// The targets of `[text](target)`.
    pub(super) fn links(&self) -> Vec<String> {
        self.bracketed("](", ')')
    }

    /// The labels of `[text][label]`.
    pub(super) fn labels(&self) -> Vec<String> {
        self.bracketed("][", ']')
    }

    /// Everything in code spans.
    pub(super) fn code(&self) -> Vec<String> {
        let spans = |line: &String| -> Vec<String> {
            line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
        };
        self.prose.iter().flat_map(spans).collect()
    }

    /// What follows `open` up to `close`, anywhere in the prose but in code.
    fn bracketed(&self, open: &str, close: char) -> Vec<String> {
        let mut found = Vec::new();
        // A link may be broken over two lines.
        let text = self.prose.iter().map(|line| without_code(line)).collect::<Vec<_>>().join(" ");
        for rest in text.split(open).skip(1) {
            if let Some((target, _)) = rest.split_once(close) {
                found.push(target.to_owned());
            }
        }
        found
    }
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(anchor("`on_hit` (`hit_callable`) and `on_miss`"), "on_hit-hit_callable-and-on_miss");
    assert_eq!(anchor("`single_flight = \"fleet\"`"), "single_flight--fleet");
    assert_eq!(anchor("An entry, byte by byte"), "an-entry-byte-by-byte");
}

#[test]
fn links_are_found_and_code_is_left_out() {
    let page =
        Page::parse("# A\n[one](x.md#y) `[no](z)` [two][b]\n```rust\n# hidden\n[c](d)\n```\n[b]: w.md\n");
    assert_eq!(page.links(), ["x.md#y"]);
    assert_eq!(page.labels(), ["b"]);
    assert_eq!(page.definitions(), [("b".to_owned(), "w.md".to_owned())]);
    assert_eq!(page.rust, ["# hidden", "[c](d)"]);
    assert_eq!(page.anchors(), ["a"]);
}
