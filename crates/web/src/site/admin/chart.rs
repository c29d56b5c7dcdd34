//! Bars over time, as a picture that is drawn here.

/// Height of a chart, in units of its own.
pub(super) const HEIGHT: i64 = 120;
/// Width of a bar with the space beside it.
pub(super) const STEP: usize = 24;

/// One bar.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) y: i64,
    pub(super) height: i64,
    /// The place in time that it stands for.
    pub(super) name: String,
    /// How much it is, in words.
    pub(super) words: String,
}

/// A chart with its name, which is also what it is without a picture.
pub(super) struct Chart {
    pub(super) title: String,
    pub(super) caption: String,
    pub(super) bars: Vec<Bar>,
}

impl Chart {
    /// A chart of what is there at each place; nothing is drawn below zero.
    pub(super) fn new(title: String, caption: String, values: Vec<(i64, String, String)>) -> Chart {
        let most = values.iter().map(|(value, ..)| *value).max().unwrap_or(0).max(1);
        let bar = |(at, (value, name, words)): (usize, (i64, String, String))| {
            let value = value.max(0);
            let share = i128::from(value) * i128::from(HEIGHT) / i128::from(most);
            // Whatever is more than nothing is seen.
            let height = i64::try_from(share).unwrap_or(HEIGHT).max(i64::from(value > 0));
            Bar { x: at * STEP, y: HEIGHT - height, height, name, words }
        };
        Chart { title, caption, bars: values.into_iter().enumerate().map(bar).collect() }
    }

    /// What its first and its last place are called.
    pub(super) fn ends(&self) -> [&str; 2] {
        [self.bars.first(), self.bars.last()].map(|bar| bar.map_or("", |bar| bar.name.as_str()))
    }

    /// How wide it is, in units of its own.
    pub(super) fn width(&self) -> usize {
        (self.bars.len() * STEP).max(STEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fills_the_chart_and_none_goes_below_it() {
        let values = [0, 1, i64::MAX, i64::MAX / 2, -5].map(|value| (value, value.to_string(), String::new()));
        let chart = Chart::new("t".to_owned(), "c".to_owned(), values.into());
        assert_eq!(chart.bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [0, 1, HEIGHT, HEIGHT / 2 - 1, 0]);
        assert!(chart.bars.iter().all(|bar| bar.y + bar.height == HEIGHT));
        assert_eq!((chart.width(), chart.ends()), (5 * STEP, ["0", "-5"]));
    }
}
