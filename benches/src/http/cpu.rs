//! Where the processors' time goes: threads' time on a core, by what they are for. It says more than a rate on a busy machine.

use std::{fs, path::Path};

use serde::Serialize;

/// Time on a core, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuTime {
    door_ns: u64,
    core_ns: u64,
    history_ns: u64,
    client_ns: u64,
}

/// The same for one answer, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct CpuPerAnswer {
    /// Accepting, parsing, routing, answering.
    pub door_us: f64,
    /// Sequencing, applying, journaling.
    pub core_us: f64,
    /// The history index, which goes on between rounds, and whatever is neither of the two above.
    pub history_us: f64,
    /// The benchmark's own client.
    pub client_us: f64,
}

impl CpuTime {
    /// Until now. What cannot be read counts as nothing.
    pub fn now(exchange: u32) -> Self {
        let mut time = Self::default();
        let directory = Path::new("/proc").join(exchange.to_string());
        for (name, ns) in threads(&directory) {
            match name.as_str() {
                "carbex-core" | "carbex-journal" => time.core_ns += ns,
                name if name.starts_with("tokio") => time.door_ns += ns,
                // The history's come and go; a thread that has ended is counted in its process only.
                _ => {}
            }
        }
        time.history_ns = whole_process(&directory).saturating_sub(time.core_ns + time.door_ns);
        time.client_ns = threads(Path::new("/proc/self")).iter().map(|(_, ns)| ns).sum();
        time
    }

    /// What was spent since `before`.
    pub const fn since(self, before: Self) -> Self {
        Self {
            door_ns: self.door_ns.saturating_sub(before.door_ns),
            core_ns: self.core_ns.saturating_sub(before.core_ns),
            history_ns: self.history_ns.saturating_sub(before.history_ns),
            client_ns: self.client_ns.saturating_sub(before.client_ns),
        }
    }

    /// Adds what was spent elsewhere.
    pub const fn add(&mut self, other: Self) {
        self.door_ns += other.door_ns;
        self.core_ns += other.core_ns;
        self.history_ns += other.history_ns;
        self.client_ns += other.client_ns;
    }

    /// For each of so many answers.
    pub fn per_answer(self, answers: u64) -> CpuPerAnswer {
        let us = |ns: u64| ns as f64 / 1_000.0 / answers.max(1) as f64;
        CpuPerAnswer {
            door_us: us(self.door_ns),
            core_us: us(self.core_ns),
            history_us: us(self.history_ns),
            client_us: us(self.client_ns),
        }
    }
}

/// The time on a core of all threads there are and were, to a tick of the system's clock.
fn whole_process(process: &Path) -> u64 {
    let Ok(stat) = fs::read_to_string(process.join("stat")) else { return 0 };
    // Fields 14 and 15 of all, 12 and 13 behind the name, which may hold spaces: time in the program and in the system.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    ticks * (1_000_000_000 / rustix::param::clock_ticks_per_second().max(1))
}

/// Every thread's name and its time on a core.
fn threads(process: &Path) -> Vec<(String, u64)> {
    let Ok(tasks) = fs::read_dir(process.join("task")) else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|task| {
            let name = fs::read_to_string(task.path().join("comm")).ok()?;
            let times = fs::read_to_string(task.path().join("schedstat")).ok()?;
            Some((name.trim_end().to_owned(), times.split(' ').next()?.parse().ok()?))
        })
        .collect()
}
