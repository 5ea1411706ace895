//! `cargo run --release -p carbex-benches --example durable -- DIRECTORY [SECONDS]`: the durable pipeline measured.

use std::{process::ExitCode, time::Duration};

use carbex_benches::durable::{DurableOptions, run};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(directory) = arguments.next() else {
        eprintln!("name a directory that does not exist yet, on the disk to be measured");
        return ExitCode::from(2);
    };
    let mut options = DurableOptions::new(directory);
    if let Some(seconds) = arguments.next().and_then(|text| text.parse().ok()) {
        options.duration = Duration::from_secs(seconds);
        options.latency_duration = Duration::from_secs((seconds / 12).max(2));
    }
    match run(&options, &mut |stage| eprintln!("{stage:?}")) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}
