//! The load on the server over time, as SVG.

use std::fmt::Write as _;

use crate::Result;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 32.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 44.0;

/// A point of a line is the mean of so many seconds.
const STEP: usize = 2;

/// Name and colour of each line, in the order in which the loads come; the
/// first is drawn last, on top.
const LINES: [(&str, &str); 3] = [
    ("Evertoken", "#0f766e"),
    ("each 5 s", "#b45309"),
    ("doubled to 60 s, no jitter", "#7c6f9f"),
];

/// What the simulation wrote down.
#[derive(Debug, PartialEq)]
pub struct Loads {
    clients: f64,
    rate: f64,
    down: f64,
    up: f64,
    seconds: Vec<[f64; 3]>,
}

impl Loads {
    pub fn read(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let mut head = |name: &str| {
            let line = lines.next().unwrap_or_default();
            let value = line.strip_prefix(name).map(str::trim);
            value
                .and_then(|value| value.parse().ok())
                .ok_or_else(|| format!("the loads: found `{line}`, expected `{name}` and a number"))
        };
        let (clients, rate) = (head("clients")?, head("rate")?);
        let (down, up) = (head("down")?, head("up")?);
        let seconds = lines.map(|line| {
            let numbers: Vec<f64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
            <[f64; 3]>::try_from(numbers)
                .map_err(|_| format!("the loads: found `{line}`, expected three numbers"))
        });
        Ok(Self {
            clients,
            rate,
            down,
            up,
            seconds: seconds.collect::<Result<_>>()?,
        })
    }

    /// The mean of each step.
    fn points(&self, line: usize) -> impl Iterator<Item = f64> {
        self.seconds.chunks(STEP).map(move |chunk| {
            let sum: f64 = chunk.iter().map(|loads| loads[line]).sum();
            sum / chunk.len() as f64
        })
    }

    fn top(&self) -> f64 {
        let all = (0..LINES.len()).flat_map(|line| self.points(line));
        all.fold(self.rate, f64::max) * 1.05
    }
}

/// A number with its thousands kept apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Thousands, as they are written at the axis.
fn thousands(number: f64) -> String {
    format!("{:.0}k", number / 1000.0)
}

pub fn draw(loads: &Loads) -> String {
    let top = loads.top();
    let end = loads.seconds.len() as f64;
    let x = |second: f64| LEFT + second / end * (WIDTH - LEFT - RIGHT);
    let y = |load: f64| HEIGHT - BOTTOM - load / top * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title" font-family="system-ui, sans-serif" font-size="12" fill="#334155">
<title id="title">Calls a second that {} clients make to an auth server which is down for {:.0} minutes and then takes {} a second</title>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
<rect x="{:.1}" y="{TOP}" width="{:.1}" height="{:.1}" fill="#f1f5f9"/>
<text x="{:.1}" y="{:.1}" fill="#64748b">the server is down</text>
"##,
        grouped(loads.clients),
        (loads.up - loads.down) / 60.0,
        grouped(loads.rate),
        x(loads.down),
        x(loads.up) - x(loads.down),
        HEIGHT - TOP - BOTTOM,
        x(loads.down) + 8.0,
        TOP + 18.0,
    );
    let step = 50_000.0 * (top / 250_000.0).ceil().max(1.0);
    let step = if top < step { top / 4.0 } else { step };
    for mark in (0..).map(|n| f64::from(n) * step).take_while(|n| *n < top) {
        let _ = writeln!(
            svg,
            r##"<path d="M{LEFT} {0:.1}H{1}" stroke="#e2e8f0"/><text x="{2}" y="{3:.1}" text-anchor="end">{4}</text>"##,
            y(mark),
            WIDTH - RIGHT,
            LEFT - 8.0,
            y(mark) + 4.0,
            thousands(mark),
        );
    }
    for minute in (0..)
        .map(|n| f64::from(n) * 120.0)
        .take_while(|n| *n <= end)
    {
        let _ = writeln!(
            svg,
            r##"<text x="{:.1}" y="{:.1}" text-anchor="middle">{:.0} min</text>"##,
            x(minute),
            HEIGHT - BOTTOM + 20.0,
            minute / 60.0,
        );
    }
    for (line, (name, colour)) in LINES.iter().enumerate().rev() {
        let mut path = String::new();
        for (at, load) in loads.points(line).enumerate() {
            let mark = if at == 0 { 'M' } else { 'L' };
            let second = (at * STEP) as f64 + STEP as f64 / 2.0;
            let _ = write!(path, "{mark}{:.1} {:.1}", x(second), y(load));
        }
        let width = if line == 0 { 2.4 } else { 1.2 };
        let _ = writeln!(
            svg,
            r##"<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>"##,
        );
        let place = LEFT + line as f64 * 150.0;
        let _ = writeln!(
            svg,
            r##"<path d="M{place} 36h18" stroke="{colour}" stroke-width="3"/><text x="{}" y="40">{name}</text>"##,
            place + 24.0,
        );
    }
    let _ = writeln!(
        svg,
        r##"<path d="M{LEFT} {0:.1}H{1}" stroke="#dc2626" stroke-dasharray="5 4"/><text x="{1}" y="{2:.1}" text-anchor="end" fill="#dc2626">what it takes when it is back: {3} a second</text>
<text x="{LEFT}" y="20" font-weight="600">Calls a second to one auth server, {4} clients</text>
</svg>"##,
        y(loads.rate),
        WIDTH - RIGHT,
        y(loads.rate) - 6.0,
        grouped(loads.rate),
        grouped(loads.clients),
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "clients 10\nrate 2\ndown 1\nup 3\n1 2 3\n1 2 3\n4 5 6\n4 5 6\n";

    #[test]
    fn what_was_written_down_is_drawn() {
        let loads = Loads::read(TEXT).unwrap();
        assert_eq!((loads.rate, loads.seconds.len()), (2.0, 4));
        assert_eq!(loads.points(1).collect::<Vec<_>>(), [2.0, 5.0]);
        assert_eq!(grouped(1_000_000.0), "1,000,000");
        let svg = draw(&loads);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for (name, _) in LINES {
            assert!(svg.contains(name), "{name}");
        }
    }

    #[test]
    fn what_is_not_a_load_is_named() {
        let error = Loads::read("clients ten\n").unwrap_err();
        assert!(error.contains("`clients ten`"), "{error}");
        let error = Loads::read(&format!("{TEXT}1 2\n")).unwrap_err();
        assert!(error.contains("`1 2`"), "{error}");
    }
}
