//! `carbex serve` and `carbex token` as an operator uses them: started, asked, told to stop, started again.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

struct Served {
    child: Child,
    address: String,
    said: String,
}

fn carbex() -> Command {
    Command::new(env!("CARGO_BIN_EXE_carbex"))
}

fn serve(data: &Path, more: &[&str]) -> Served {
    let mut child = carbex()
        .args(["serve", "--listen", "127.0.0.1:0", "--accounts", "1000", "--orders", "1000", "--data"])
        .arg(data)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut said = String::new();
    let mut lines = BufReader::new(child.stdout.take().expect("its output"));
    while !said.contains("Ctrl-C") {
        assert!(lines.read_line(&mut said).expect("a line") > 0, "it ended early: {said}");
    }
    let address = said.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
    Served { child, address, said }
}

impl Served {
    fn get(&self, path: &str, header: &str) -> String {
        let mut socket = TcpStream::connect(&self.address).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        write!(socket, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n").expect("a request");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Tells it to stop; answers its exit status and what it said on the way.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let told = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().expect("kill");
        assert!(told.success());
        let status = self.child.wait().expect("an end");
        let mut said = String::new();
        self.child.stderr.take().expect("its messages").read_to_string(&mut said).expect("text");
        (status.code(), said)
    }
}

#[test]
fn serve_founds_stops_cleanly_and_goes_on_where_it_was() {
    let data = tempfile::tempdir().expect("a directory");
    let served = serve(data.path(), &["--dev"]);
    // An open stream does not hold the stop up.
    let mut stream = TcpStream::connect(&served.address).expect("a connection");
    stream.write_all(b"GET /v1/market/stream HTTP/1.1\r\nHost: x\r\n\r\n").expect("a request");
    let token = carbex().args(["token", "--account", "7", "--data"]).arg(data.path()).output().expect("a token");
    let authorization = format!("Authorization: Bearer {}\r\n", String::from_utf8_lossy(&token.stdout).trim());
    // A true token for an account that nobody opened: known as a citizen, without an account.
    let answer = served.get("/v1/accounts/me", &authorization);
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("UNKNOWN_ACCOUNT"), "{answer}");
    let (status, said) = served.stop("-TERM");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("founding an exchange") && said.contains("stopped at command 1"), "{said}");

    let served = serve(data.path(), &[]);
    assert!(served.said.contains("Public routes only"), "{}", served.said);
    assert!(served.get("/v1/market", "").contains("\"seq\":1,"));
    assert!(served.get("/v1/accounts/me", &authorization).starts_with("HTTP/1.1 404"));
    assert!(served.get("/", "").contains("Volume disponible"));
    let (status, said) = served.stop("-INT");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("recovering the exchange") && said.contains("at command 1"), "{said}");
}

#[test]
fn wrong_options_are_told_with_exit_2() {
    let data = tempfile::tempdir().expect("a directory");
    let refused = |arguments: &[&str], reason: &str| {
        let output = carbex().args(arguments).arg("--data").arg(data.path()).output().expect("the program");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    };
    refused(&["serve", "--dev", "--listen", "0.0.0.0:0"], "loopback only");
    refused(&["serve", "--rules", "no-such-preset"], "no-such-preset");
    refused(&["serve", "--accounts", "0"], "--accounts");
    refused(&["token", "--account", "1"], "no exchange in");
}
