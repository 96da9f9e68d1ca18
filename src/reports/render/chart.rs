//! A bar chart as shapes, for SVG and PDF. Pure.

use crate::reports::tally::Chart;

/// Something to draw; lengths in points, from the upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A bar or a line.
    Rectangle { x: f64, y: f64, width: f64, height: f64, is_bar: bool },
    /// Text at its baseline.
    Text { x: f64, y: f64, text: String, anchor: Anchor },
}

/// Which part of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The width of every chart.
pub(super) const WIDTH: f64 = 720.0;
/// The height of every chart.
pub(super) const HEIGHT: f64 = 240.0;
/// The size of its text.
pub(super) const TEXT: f64 = 9.0;

const LEFT: f64 = 56.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// Names below the bars, at most.
const NAMES_MAX: usize = 10;
const NAME_CHARS_MAX: usize = 16;
/// Bars that are drawn; a longer row is drawn in steps that each show the sum of several.
const BARS_MAX: usize = 400;
const STEPS: u64 = 4;

/// The shapes of a chart; none without bars.
pub(super) fn shapes(chart: &Chart) -> Vec<Shape> {
    let bars = gathered(&chart.bars);
    let Some(highest) = bars.iter().map(|(_, count)| *count).max() else { return Vec::new() };
    let top = round_up(highest);
    let (width, height) = (WIDTH - LEFT, HEIGHT - TOP - BOTTOM);
    let mut shapes = Vec::with_capacity(bars.len() + 20);
    for step in 0..=STEPS {
        let value = top / STEPS * step;
        let y = TOP + height * (1.0 - value as f64 / top as f64);
        shapes.push(Shape::Rectangle { x: LEFT, y, width, height: 0.5, is_bar: false });
        shapes.push(Shape::Text { x: LEFT - 6.0, y: y + 3.0, text: value.to_string(), anchor: Anchor::End });
    }
    let slot = width / bars.len() as f64;
    let every = bars.len().div_ceil(NAMES_MAX).max(1);
    for (position, (name, count)) in bars.iter().enumerate() {
        let x = LEFT + slot * position as f64;
        let length = height * *count as f64 / top as f64;
        let gap = (slot * 0.15).min(6.0);
        shapes.push(Shape::Rectangle {
            x: x + gap,
            y: TOP + height - length,
            width: slot - 2.0 * gap,
            height: length,
            is_bar: true,
        });
        if position % every == 0 {
            let (x, y) = (x + slot / 2.0, HEIGHT - BOTTOM + 14.0);
            shapes.push(Shape::Text { x, y, text: short(name), anchor: Anchor::Middle });
        }
    }
    shapes
}

fn gathered(bars: &[(String, u64)]) -> Vec<(String, u64)> {
    let every = bars.len().div_ceil(BARS_MAX).max(1);
    let sum = |bars: &[(String, u64)]| bars.iter().map(|(_, count)| *count).fold(0, u64::saturating_add);
    bars.chunks(every).filter_map(|chunk| Some((chunk.first()?.0.clone(), sum(chunk)))).collect()
}

/// The next number that makes round steps.
fn round_up(value: u64) -> u64 {
    let mut unit: u64 = STEPS;
    loop {
        for factor in [1, 2, 5] {
            let top = unit.saturating_mul(factor);
            if top >= value || top == u64::MAX {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS_MAX {
        return if name.is_empty() { "(none)".to_owned() } else { name.to_owned() };
    }
    name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{BARS_MAX, HEIGHT, Shape, WIDTH, round_up, shapes};
    use crate::reports::tally::Chart;

    #[test]
    fn everything_is_inside() {
        for count in [1_usize, 2, 17, 366, 9_000] {
            let bars = (0..count).map(|number| (format!("name {number} that is long"), number as u64 * 7)).collect();
            let shapes = shapes(&Chart { title: String::new(), bars });
            let mut drawn = 0;
            for shape in shapes {
                match shape {
                    Shape::Rectangle { x, y, width, height, is_bar } => {
                        assert!(
                            x >= 0.0 && y >= 0.0 && width > 0.0 && height >= 0.0,
                            "{count}: {x} {y} {width} {height}"
                        );
                        assert!(x + width <= WIDTH + 0.01 && y + height <= HEIGHT, "{count}: {x} {width} {y} {height}");
                        drawn += usize::from(is_bar);
                    }
                    Shape::Text { x, y, text, .. } => {
                        assert!(x > 0.0 && x < WIDTH && y > 0.0 && y <= HEIGHT && text.chars().count() <= 16);
                    }
                }
            }
            assert!(drawn > 0 && drawn <= BARS_MAX.min(count));
        }
        assert!(shapes(&Chart::default()).is_empty());
    }

    #[test]
    fn steps_are_round() {
        for (value, top) in [(0, 4), (3, 4), (5, 8), (9, 20), (21, 40), (41, 80), (1_000_000, 2_000_000)] {
            assert_eq!(round_up(value), top, "{value}");
        }
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }
}
