//! Bars, as an SVG that is readable on light and on dark pages.

use std::fmt::Write;

use super::digits;

const LEFT: usize = 330;
const WIDTH: usize = 800;
const LINE: usize = 26;

/// A bar for each, the shortest first; ours stand out.
pub fn bars(title: &str, bars: &[(String, f64)]) -> String {
    let mut bars = bars.to_vec();
    bars.sort_by(|one, other| one.1.total_cmp(&other.1));
    let longest = bars.last().map_or(1.0, |bar| bar.1);
    let height = 44 + bars.len() * LINE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <style>text {{ fill: #24292f }} @media (prefers-color-scheme: dark) {{ text {{ fill: #c9d1d9 }} }}</style>\n\
         <text x=\"10\" y=\"22\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    for (line, (name, figure)) in bars.iter().enumerate() {
        let top = 36 + line * LINE;
        let width = (figure / longest * (WIDTH - LEFT - 90) as f64).max(1.0);
        let colour = if name.starts_with("cache_memoize") { "#1f883d" } else { "#8c959f" };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{top}\" width=\"{width:.1}\" height=\"18\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{} ns</text>",
            LEFT - 8,
            top + 14,
            escaped(name),
            LEFT as f64 + width + 6.0,
            top + 14,
            digits(*figure)
        );
    }
    svg + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
