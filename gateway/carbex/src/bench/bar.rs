//! How far a measurement is, on the terminal.

use std::io::IsTerminal;
use std::time::Duration;

use carbex_benches::{Progress, Stage};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar when someone watches, a turning sign where nobody knows how long it takes, nothing when the output is kept.
pub struct Bar(ProgressBar);

/// How often a turning sign turns.
const TURN_EVERY: Duration = Duration::from_millis(120);

impl Bar {
    /// Nothing yet.
    pub fn new() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Takes it off the terminal.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&mut self, stage: Stage, steps: u64) {
        self.0.finish_and_clear();
        if !std::io::stderr().is_terminal() {
            return;
        }
        let (bar, template) = if steps == 0 {
            (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}")
        } else {
            (ProgressBar::new(steps), "{msg} {wide_bar} {human_pos}/{human_len} {eta}")
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.0 = bar.with_style(style).with_message(stage.words());
        self.0.tick();
        if steps == 0 {
            self.0.enable_steady_tick(TURN_EVERY);
        }
    }

    fn reached(&mut self, steps: u64) {
        self.0.set_position(steps);
    }
}
