//! The share of requests that are answered within a time, as lines of an SVG.

use super::day::Outcome;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
const MARGIN: f64 = 48.0;
const COLOURS: [&str; 3] = ["#0b6e4f", "#c1440e", "#3d5a98"];

/// Draws it, time to a logarithmic scale.
pub fn draw(outcomes: &[Outcome]) -> String {
    let (low, high) = (32.0f64, 20_000.0f64);
    let x = |ms: f64| MARGIN + (ms / low).ln() / (high / low).ln() * (WIDTH - 2.0 * MARGIN);
    let y = |part: f64| HEIGHT - MARGIN - part * (HEIGHT - 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{MARGIN}\" y=\"20\" font-weight=\"600\">Requests answered within a time, a million owners (simulated)</text>\n"
    );
    for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
        out += &format!(
            "<line x1=\"{MARGIN}\" x2=\"{:.0}\" y1=\"{1:.0}\" y2=\"{1:.0}\" stroke=\"#ddd\"/><text x=\"{2:.0}\" y=\"{3:.0}\" text-anchor=\"end\">{4:.0} %</text>\n",
            WIDTH - MARGIN,
            y(part),
            MARGIN - 6.0,
            y(part) + 4.0,
            part * 100.0
        );
    }
    for ms in [50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0, 20_000.0] {
        let label = if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.0} s", ms / 1000.0) };
        out += &format!(
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>\n",
            x(ms),
            HEIGHT - MARGIN + 18.0
        );
    }
    for (index, outcome) in outcomes.iter().enumerate() {
        let all = outcome.requests.max(1) as f64;
        let points = outcome.histogram.iter().filter(|(bound, _)| *bound <= high);
        let points: String =
            points.map(|&(bound, until)| format!("{:.1},{:.1} ", x(bound), y(until as f64 / all))).collect();
        let colour = COLOURS[index % COLOURS.len()];
        out += &format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            points.trim_end()
        );
        let top = HEIGHT - MARGIN - 60.0 + 18.0 * index as f64;
        out += &format!(
            "<text x=\"{:.0}\" y=\"{top:.0}\" fill=\"{colour}\" text-anchor=\"end\">{}</text>\n",
            WIDTH - MARGIN - 6.0,
            outcome.store
        );
    }
    out + "</svg>\n"
}
