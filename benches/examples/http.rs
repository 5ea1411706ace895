//! `carbex bench http` without the command line: `cargo run --release -p carbex-benches --example http -- SCRATCH`.

use std::{env, path::Path, process::ExitCode, time::Duration};

use carbex_benches::http::{HttpOptions, exchange, run};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ended = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--exchange", data, accounts] => {
            exchange(Path::new(data), accounts.parse().expect("a number")).map_err(|fault| fault.to_string())
        }
        [scratch, ref rest @ ..] => measure(scratch, rest),
        [] => Err("name a directory on the disk to be measured".to_owned()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn measure(scratch: &str, rest: &[&str]) -> Result<(), String> {
    let program = env::current_exe().map_err(|fault| fault.to_string())?;
    let mut options = HttpOptions::new(scratch, vec![program.into(), "--exchange".into()]);
    for pair in rest {
        let (name, value) = pair.split_once('=').ok_or("name=value")?;
        let number: u64 = value.parse().map_err(|_| "name=number")?;
        match name {
            "accounts" => options.accounts = number as u32,
            "rounds" => options.rounds = number as u32,
            "connections" => options.connections = if number == 0 { vec![] } else { vec![number as usize] },
            "ms" => options.round_time = Duration::from_millis(number),
            "batch-ms" => options.batch_time = Duration::from_millis(number),
            "lines" => options.batch_lines = number as usize,
            "batch-connections" => options.batch_connections = number as usize,
            _ => return Err(format!("{name} is unknown")),
        }
    }
    let report = run(&options, &mut |step| eprintln!("{}/{} {}", step.done, step.total, step.what));
    println!("{}", report.map_err(|fault| fault.to_string())?);
    Ok(())
}
