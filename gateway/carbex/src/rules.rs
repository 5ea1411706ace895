//! `carbex rules`: checks a rule file, explains it in words, and prints the presets.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use carbex_rulebook::{Language, PRESETS, Rulebook, explain, percent, points, preset, price};
use clap::Subcommand;

/// The largest rule file that is read: a real one has some kilobytes, and a wrong path should not fill the memory.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What can be done with rule sets.
#[derive(Subcommand)]
pub enum RulesCommand {
    /// Says whether a rule file is valid; else names the field and the line at fault, exit 2.
    Check {
        /// A TOML rule file, or the name of a preset.
        rules: String,
    },
    /// Puts every rule into plain words.
    Explain {
        /// A TOML rule file, or the name of a preset.
        rules: String,
        /// fr or en.
        #[arg(long, default_value = "fr", value_parser = language)]
        language: Language,
    },
    /// Lists the presets, with what each is.
    Presets,
    /// Prints a preset's file, to use as it is or to change.
    Preset {
        /// Its name, as `carbex rules presets` lists it.
        name: String,
    },
}

fn language(code: &str) -> Result<Language, String> {
    Language::from_code(code).ok_or_else(|| "write fr or en".to_owned())
}

/// Runs the command; what is wrong goes to stderr with exit 2.
pub fn run(command: RulesCommand) -> ExitCode {
    let outcome = match command {
        RulesCommand::Check { rules } => read(&rules).map(|rulebook| summary(&rules, &rulebook)),
        RulesCommand::Explain { rules, language } => read(&rules).map(|rulebook| explain(&rulebook, language)),
        RulesCommand::Presets => {
            Ok(PRESETS.iter().map(|preset| format!("{:20} {}\n", preset.name, preset.summary())).collect())
        }
        RulesCommand::Preset { name } => {
            preset(&name).map(|preset| preset.toml.to_owned()).ok_or_else(|| unknown_preset(&name))
        }
    };
    match outcome {
        Ok(text) => print(&text),
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

/// The rulebook of that file, or of the preset of that name if no file has it.
pub fn read(rules: &str) -> Result<Rulebook, String> {
    match File::open(rules) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| format!("{rules}: {error}"))?;
            if bytes.len() as u64 > FILE_BYTES_MAX {
                return Err(format!("{rules}: larger than {FILE_BYTES_MAX} bytes; is it a rule file?"));
            }
            let text = String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
                format!("{rules}: line {line}: not UTF-8; save the file as UTF-8 text")
            })?;
            Rulebook::from_toml(&text).map_err(|fault| format!("{rules}: {fault}"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => match preset(rules) {
            Some(preset) => Ok(preset.rulebook()),
            None if Path::new(rules).components().count() == 1 && Path::new(rules).extension().is_none() => {
                Err(format!("no file {rules}, and {}", unknown_preset(rules)))
            }
            None => Err(format!("{rules}: {error}")),
        },
        Err(error) => Err(format!("{rules}: {error}")),
    }
}

fn unknown_preset(name: &str) -> String {
    let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    format!("no preset is called {name}; there are {}", names.join(", "))
}

fn summary(rules: &str, rulebook: &Rulebook) -> String {
    let language = Language::English;
    let Rulebook { rules: set, allotment: _, trajectory } = rulebook;
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let endowment_g = trajectory.endowment(trajectory.first_year()).map_or(0, |endowment| endowment.g());
    format!(
        "{rules}: OK. Rule set \"{}\": lots of {}, prices from {} to {}; {} in {}, {} less each year until {}.\n",
        set.version.as_str(),
        points(signed(set.market.lot_g), language),
        price(signed(set.band.floor_ueur), language),
        price(signed(set.band.ceiling_ueur), language),
        points(signed(endowment_g), language),
        trajectory.first_year(),
        percent(trajectory.rate_bp(), language),
        trajectory.last_year(),
    )
}

/// Writes to stdout. A reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
