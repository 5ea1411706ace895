//! The exchange as a child process: started, asked how it stands over its pipes, stopped.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::Path,
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

use serde::{Deserialize, Serialize};

use super::{HttpFault, Interruption, report::NodeCounted, request::Route};

/// What the exchange says first, as one JSON line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Opened {
    /// Where the door is.
    pub door: SocketAddr,
    /// Where bare axum is.
    pub bare: SocketAddr,
}

/// Asks how the exchange stands once its history index has read everything.
pub const SETTLE: &str = "settle";
/// Asks how it stands now.
pub const LOOK: &str = "look";

/// What the exchange answers to both.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Settled {
    /// Commands that the index had not read when it was asked.
    pub behind_commands: u64,
    /// How long it took until it had.
    pub waited_s: f64,
    /// What the node counted so far.
    pub node: NodeCounted,
}

/// The running exchange. Dropping it ends it.
pub struct Child<'a> {
    interruption: &'a Interruption,
    process: std::process::Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    opened: Opened,
}

impl<'a> Child<'a> {
    /// Starts it and waits until its accounts are open.
    pub fn start(
        program: &[OsString],
        data: &Path,
        accounts: u32,
        interruption: &'a Interruption,
    ) -> Result<Self, HttpFault> {
        let (name, arguments) =
            program.split_first().ok_or(HttpFault::Option("the exchange's program is not named"))?;
        let fault = |source| HttpFault::Start { program: name.to_string_lossy().into_owned(), source };
        let mut process = Command::new(name)
            .args(arguments)
            .arg(data)
            .arg(accounts.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(fault)?;
        interruption.watch(Some(process.id()));
        let (Some(commands), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            unreachable!("both were asked for")
        };
        let placeholder = SocketAddr::from(([127, 0, 0, 1], 0));
        let opened = Opened { door: placeholder, bare: placeholder };
        let (commands, answers) = (Some(commands), BufReader::new(answers));
        let mut child = Self { interruption, process, commands, answers, opened };
        child.opened = child.answer()?;
        Ok(child)
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where that route is.
    pub fn address_of(&self, route: Route) -> SocketAddr {
        match route {
            Route::Orders | Route::Nothing => self.opened.door,
            Route::Bare => self.opened.bare,
        }
    }

    /// Waits until the history index has read everything.
    pub fn settle(&mut self) -> Result<Settled, HttpFault> {
        self.ask(SETTLE)
    }

    /// How it stands now.
    pub fn look(&mut self) -> Result<Settled, HttpFault> {
        self.ask(LOOK)
    }

    fn ask(&mut self, what: &str) -> Result<Settled, HttpFault> {
        if let Some(commands) = &mut self.commands {
            let asked = writeln!(commands, "{what}");
            asked.map_err(|source| HttpFault::Connection { doing: "asking the exchange how it stands", source })?;
        }
        self.answer()
    }

    fn answer<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T, HttpFault> {
        let mut said = String::new();
        let read = self.answers.read_line(&mut said);
        read.map_err(|source| HttpFault::Connection { doing: "listening to the exchange", source })?;
        serde_json::from_str(&said).map_err(|_| HttpFault::Exchange { said })
    }

    /// Ends it cleanly.
    pub fn stop(mut self) -> Result<(), HttpFault> {
        // The end of its input tells it to stop.
        drop(self.commands.take());
        self.interruption.watch(None);
        let ended = self.process.wait();
        let status = ended.map_err(|source| HttpFault::Connection { doing: "stopping the exchange", source })?;
        if status.success() { Ok(()) } else { Err(HttpFault::Exchange { said: status.to_string() }) }
    }
}

impl Drop for Child<'_> {
    fn drop(&mut self) {
        self.interruption.watch(None);
        // Ended already after a clean stop: both then do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
