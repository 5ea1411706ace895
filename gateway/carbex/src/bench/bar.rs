//! How far a measurement is, on the terminal.

use std::io::IsTerminal;

use carbex_benches::{Progress, Stage};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar when someone watches, nothing when the output is kept.
pub struct Bar(ProgressBar);

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
        let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        self.0 = ProgressBar::new(steps).with_style(style).with_message(stage.words());
        self.0.tick();
    }

    fn reached(&mut self, steps: u64) {
        self.0.set_position(steps);
    }
}
