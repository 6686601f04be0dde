//! Bars as SVG: geometry in attributes and colour in classes, so that they need no script and no style attribute.

/// One bar: how much went well, how much did not, and the words for it (`10:00 to 11:00. 2 succeeded, 0 failed`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bar {
    pub ok: u64,
    pub bad: u64,
    pub label: String,
}

/// A rectangle in the units of its picture, with one decimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rect {
    pub class: &'static str,
    pub x: String,
    pub y: String,
    pub width: String,
    pub height: String,
}

/// Small bars without axes, beside a figure in a table: 104 by 24 units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sparkline {
    /// What the picture says, in a sentence.
    pub label: String,
    pub rects: Vec<Rect>,
}

impl Sparkline {
    pub fn new(label: impl Into<String>, bars: &[Bar]) -> Self {
        let step = 104.0 / bars.len().max(1) as f64;
        let top = top_of(bars);
        let mut rects = Vec::new();
        for (index, bar) in bars.iter().enumerate() {
            let x = step * index as f64;
            // An hour without anything keeps its place, as a hair on the ground.
            if bar.ok + bar.bad == 0 {
                rects.push(rect("bar-none", x, 22.5, step - 1.3, 1.5));
            }
            stack(bar, top, (x, step - 1.3), 24.0, &mut rects);
        }
        Self { label: label.into(), rects }
    }
}

/// Bars with a scale and a title for each: 720 by 160 units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    pub label: String,
    /// The scale from top to bottom.
    pub scale: Vec<u64>,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub title: String,
    pub x: String,
    pub width: String,
    pub rects: Vec<Rect>,
}

impl Chart {
    pub fn new(label: impl Into<String>, bars: &[Bar]) -> Self {
        // Three equal steps with whole numbers on them.
        let top = top_of(bars).div_ceil(3) * 3;
        let step = 720.0 / bars.len().max(1) as f64;
        let columns = bars.iter().enumerate().map(|(index, bar)| {
            let x = step * index as f64;
            let mut rects = Vec::new();
            stack(bar, top, (x + step * 0.2, step * 0.6), 160.0, &mut rects);
            Column { title: bar.label.clone(), x: units(x), width: units(step), rects }
        });
        Self { label: label.into(), scale: vec![top, top / 3 * 2, top / 3, 0], columns: columns.collect() }
    }
}

fn top_of(bars: &[Bar]) -> u64 {
    bars.iter().map(|bar| bar.ok + bar.bad).max().unwrap_or(0).max(1)
}

/// Stacks the two parts of a bar from the ground up.
fn stack(bar: &Bar, top: u64, (x, width): (f64, f64), height: f64, rects: &mut Vec<Rect>) {
    let mut ground = height;
    for (class, count) in [("bar-ok", bar.ok), ("bar-bad", bar.bad)] {
        if count > 0 {
            // One in a thousand is still seen.
            let part = (count as f64 / top as f64 * (height - 1.0)).max(1.5);
            ground = (ground - part).max(0.0);
            rects.push(rect(class, x, ground, width, part));
        }
    }
}

fn rect(class: &'static str, x: f64, y: f64, width: f64, height: f64) -> Rect {
    Rect { class, x: units(x), y: units(y), width: units(width), height: units(height) }
}

fn units(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_the_ground_and_fill_the_picture() {
        let bars = [Bar { ok: 3, bad: 1, label: "one".into() }, Bar::default()];
        let chart = Chart::new("Attempts", &bars);
        assert_eq!(chart.scale, [6, 4, 2, 0]);
        assert_eq!(chart.columns[1].x, "360.0");
        let [ok, bad] = chart.columns[0].rects.as_slice() else { panic!("two parts") };
        assert_eq!((ok.class, ok.y.as_str(), ok.height.as_str()), ("bar-ok", "80.5", "79.5"));
        assert_eq!((bad.class, bad.y.as_str(), bad.height.as_str()), ("bar-bad", "54.0", "26.5"));
        assert_eq!(Sparkline::new("None", &bars).rects.len(), 3);
        assert_eq!(Chart::new("Nothing", &[]).scale, [3, 2, 1, 0]);
    }
}
