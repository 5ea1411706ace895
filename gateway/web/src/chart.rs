//! The chart of the budget year: price and volume, drawn as SVG with no script. The page's module draws the same shapes live.

use std::fmt::Write as _;

use carbex_rulebook::{Language, count};

use crate::{history::PublishedCandle, instant, page_text::Words};

/// How large, in the SVG's own units (CSS pixels at full size).
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Which of the two drawings: its class.
    pub class: &'static str,
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// The share of the plot's height that volumes take.
    volume: f64,
    /// Month names are written every so many months.
    month_step: usize,
}

/// For screens from 700 px on.
pub const WIDE: Size = Size {
    class: "wide",
    width: 1040.0,
    height: 400.0,
    left: 64.0,
    right: 92.0,
    top: 16.0,
    bottom: 32.0,
    volume: 0.24,
    month_step: 1,
};

/// For telephones.
pub const NARROW: Size = Size {
    class: "narrow",
    width: 340.0,
    height: 300.0,
    left: 40.0,
    right: 8.0,
    top: 22.0,
    bottom: 28.0,
    volume: 0.24,
    month_step: 3,
};

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Year {
    /// The opening of the budget year.
    pub start_ns: u64,
    /// Its end.
    pub end_ns: u64,
    /// Its candles, oldest first.
    pub candles: Vec<PublishedCandle>,
    /// Today's buyback price, in µ€ per point.
    pub buyback_ueur: Option<u64>,
    /// Today's sale price.
    pub sale_ueur: Option<u64>,
}

/// A price axis: from `low` to `high` by `step`, all in euros per tonne.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

/// Round steps of 1, 2 or 5, about four of them, with room above and below.
fn axis(lowest: f64, highest: f64) -> Axis {
    let margin = ((highest - lowest) * 0.1).max(highest * 0.02).max(0.5);
    let (lowest, highest) = ((lowest - margin).max(0.0), highest + margin);
    let rough = (highest - lowest) / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|round| round * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    Axis { low: (lowest / step).floor() * step, high: (highest / step).ceil() * step, step }
}

fn per_tonne(ueur: u64) -> f64 {
    ueur as f64 / 1000.0
}

impl Year {
    fn price_axis(&self) -> Axis {
        let candles = self.candles.iter().flat_map(|shown| [shown.candle.low_ueur, shown.candle.high_ueur]);
        let prices = candles.chain(self.buyback_ueur).chain(self.sale_ueur).map(per_tonne);
        let (lowest, highest) =
            prices.fold((f64::INFINITY, 0f64), |(lowest, highest), price| (lowest.min(price), highest.max(price)));
        if lowest.is_finite() { axis(lowest, highest) } else { axis(0.0, 100.0) }
    }

    /// The largest bar: points sold and bought in a day, on the average of a merged candle's days.
    fn volume_max(&self) -> f64 {
        self.candles.iter().map(PublishedCandle::daily_points).fold(1.0, f64::max)
    }
}

impl PublishedCandle {
    /// Points sold and bought per day that it covers.
    fn daily_points(&self) -> f64 {
        let [sold, bought] = self.daily_sides();
        sold + bought
    }

    fn daily_sides(&self) -> [f64; 2] {
        let days = (self.end_ns - self.candle.start_ns) as f64 / carbex_vocabulary::DAY_NS as f64;
        [self.candle.sold_g, self.candle.bought_g].map(|g| g as f64 / 1000.0 / days.max(1.0))
    }
}

/// The beginnings of the budget year's months. A year that opens a little late still has its January, and only one.
pub fn months(start_ns: u64, end_ns: u64) -> Vec<u64> {
    const LATE_NS: u64 = 5 * carbex_vocabulary::DAY_NS;
    let mut starts = instant::month_starts(start_ns.saturating_sub(LATE_NS), end_ns.saturating_sub(LATE_NS));
    match starts.first_mut() {
        Some(first) if *first < start_ns => *first = start_ns,
        Some(_) | None => {}
    }
    starts
}

/// `850`, `8 500`, `85 k`, `12 M`: short enough for a margin.
fn compact(points: f64, language: Language) -> String {
    // Floats enter here from a drawing; what is below zero or not a number becomes 0.
    let points = points as u64;
    if points < 10_000 {
        count(points, language)
    } else if points < 10_000_000 {
        format!("{}\u{202f}k", count(points / 1000, language))
    } else {
        format!("{}\u{202f}M", count(points / 1_000_000, language))
    }
}

/// The drawing as an `<svg>` element.
pub fn svg(year: &Year, size: &Size, words: &Words, language: Language) -> String {
    Drawing { year, size, words, language, out: String::new() }.draw()
}

struct Drawing<'a> {
    year: &'a Year,
    size: &'a Size,
    words: &'a Words,
    language: Language,
    out: String,
}

impl Drawing<'_> {
    fn x(&self, time_ns: u64) -> f64 {
        let length = (self.year.end_ns - self.year.start_ns).max(1) as f64;
        let share = time_ns.saturating_sub(self.year.start_ns) as f64 / length;
        self.size.left + share.min(1.0) * (self.size.width - self.size.left - self.size.right)
    }

    fn plot_bottom(&self) -> f64 {
        self.size.height - self.size.bottom
    }

    /// Where prices end and volumes begin.
    fn price_bottom(&self) -> f64 {
        let height = self.plot_bottom() - self.size.top;
        self.plot_bottom() - height * (self.size.volume + 0.04)
    }

    fn y(&self, axis: Axis, euros_per_tonne: f64) -> f64 {
        let share = (euros_per_tonne - axis.low) / (axis.high - axis.low);
        let bottom = self.price_bottom();
        bottom - share * (bottom - self.size.top)
    }

    // Writing into a string cannot fail.
    fn draw(mut self) -> String {
        let Size { class, width, height, left, right, top, bottom, volume, .. } = *self.size;
        let id = format!("chart-{class}");
        let _ = write!(
            self.out,
            "<svg class=\"chart {class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title\" \
             data-left=\"{left}\" data-right=\"{right}\" data-top=\"{top}\" data-bottom=\"{bottom}\" data-volume=\"{volume}\" \
             data-start=\"{}\" data-end=\"{}\"><title id=\"{id}-title\">{}</title>",
            self.year.start_ns / 1_000_000,
            self.year.end_ns / 1_000_000,
            self.words.chart_title,
        );
        self.months();
        self.out.push_str("<g class=\"live\">");
        self.prices();
        self.volumes();
        self.out.push_str("</g></svg>");
        self.out
    }

    fn months(&mut self) {
        let bottom = self.plot_bottom();
        let starts = months(self.year.start_ns, self.year.end_ns);
        for (index, start_ns) in starts.iter().enumerate() {
            let x = self.x(*start_ns);
            let _ = write!(
                self.out,
                "<line class=\"month\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\"/>",
                self.size.top
            );
            if index % self.size.month_step == 0 {
                let name = instant::month(*start_ns, self.language);
                let _ = write!(
                    self.out,
                    "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
                    x + 3.0,
                    bottom + 18.0
                );
            }
        }
    }

    fn prices(&mut self) {
        let year = self.year;
        let axis = year.price_axis();
        let (left, right) = (self.size.left, self.size.width - self.size.right);
        let steps = ((axis.high - axis.low) / axis.step).round() as u32;
        for step in 0..=steps {
            let price = axis.low + f64::from(step) * axis.step;
            let y = self.y(axis, price);
            let decimals = if axis.step < 1.0 { 2 } else { 0 };
            let mut label = format!("{price:.decimals$}");
            if self.language == Language::French {
                label = label.replace('.', ",");
            }
            let _ = write!(
                self.out,
                "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick price\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
                left - 8.0,
                y + 4.0
            );
        }
        for (class, quote, word) in
            [("buyback", year.buyback_ueur, self.words.chart_buyback), ("sale", year.sale_ueur, self.words.chart_sale)]
        {
            let Some(ueur) = quote else { continue };
            let y = self.y(axis, per_tonne(ueur));
            let _ = write!(
                self.out,
                "<line class=\"quote {class}\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"quote {class}\" x=\"{:.1}\" y=\"{:.1}\">{word}</text>",
                right + 6.0,
                y + if class == "sale" { -2.0 } else { 11.0 }
            );
        }
        if year.candles.is_empty() {
            let _ = write!(
                self.out,
                "<text class=\"empty\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                (left + right) / 2.0,
                (self.size.top + self.price_bottom()) / 2.0,
                self.words.chart_empty
            );
            return;
        }
        let (mut upper, mut lower, mut line) = (String::new(), Vec::new(), String::new());
        for shown in &year.candles {
            let x = self.x(shown.candle.start_ns.midpoint(shown.end_ns));
            let at = |ueur| self.y(axis, per_tonne(ueur));
            let _ = write!(upper, "{x:.1},{:.1} ", at(shown.candle.high_ueur));
            lower.push(format!("{x:.1},{:.1} ", at(shown.candle.low_ueur)));
            let _ = write!(line, "{x:.1},{:.1} ", at(shown.candle.close_ueur));
        }
        lower.reverse();
        let _ = write!(
            self.out,
            "<polygon class=\"range\" points=\"{upper}{}\"/><polyline class=\"price\" points=\"{line}\"/>",
            lower.concat()
        );
        if let Some((x, y)) = line.trim_end().rsplit(' ').next().and_then(|last| last.split_once(',')) {
            let _ = write!(self.out, "<circle class=\"now\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>");
        }
    }

    fn volumes(&mut self) {
        let year = self.year;
        let bottom = self.plot_bottom();
        let room = (bottom - self.size.top) * self.size.volume;
        let most = year.volume_max();
        if !year.candles.is_empty() {
            let _ = write!(
                self.out,
                "<text class=\"tick most\" x=\"{:.1}\" y=\"{:.1}\">{} {}</text>",
                self.size.width - self.size.right + 6.0,
                bottom - room + 10.0,
                compact(most, self.language),
                self.words.per_day
            );
        }
        for shown in &year.candles {
            let x = self.x(shown.candle.start_ns);
            let width = (self.x(shown.end_ns) - x).max(0.8) * 0.8;
            let mut y = bottom;
            for (class, points) in ["bought", "sold"].into_iter().zip(shown.daily_sides().into_iter().rev()) {
                let height = points / most * room;
                y -= height;
                let _ = write!(
                    self.out,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_steps_around_its_prices() {
        assert_eq!(axis(80.0, 90.0), Axis { low: 75.0, high: 95.0, step: 5.0 });
        let flat = axis(85.0, 85.0);
        assert!(flat.low < 85.0 && flat.high > 85.0 && flat.step == 1.0, "{flat:?}");
        let nothing = axis(0.0, 0.0);
        assert!(nothing.low == 0.0 && nothing.high > 0.0, "{nothing:?}");
    }
}
