//! The processes of a run: they are stopped, continued and killed as systems do it, and end with the run.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use tokio::{sync::mpsc, time::timeout};

/// So long the server may take to start.
const START_MAX: Duration = Duration::from_secs(60);

/// A process whose lines are read.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts it. Each line that it prints goes to `line`, until there is no more.
    pub(crate) fn start(
        mut command: Command,
        mut line: impl FnMut(String) + Send + 'static,
    ) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{name} cannot be started: {error}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(|| format!("{name} has no output"))?;
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(&mut line);
        });
        Ok(Self { child, stdin })
    }

    pub(crate) fn say(&mut self, line: &str) -> Result<(), String> {
        let stdin = self.stdin.as_mut().ok_or("nobody listens any more")?;
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).map_err(|error| error.to_string())
    }

    /// Tells it that nothing more is said: who is polite leaves.
    pub(crate) fn dismiss(&mut self) {
        self.stdin = None;
    }

    pub(crate) fn freeze(&self) -> Result<(), String> {
        self.signal("-STOP")
    }

    pub(crate) fn thaw(&self) -> Result<(), String> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), String> {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("kill {signal} {id}: {status}")) }
    }

    /// Ends it as a crash does.
    pub(crate) fn kill(&mut self) -> Result<(), String> {
        self.child.kill().and_then(|()| self.child.wait()).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Why it is not running any more.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `tangelo serve` with a store.
pub(crate) struct Server {
    process: Process,
    program: String,
    store: String,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
}

impl Server {
    pub(crate) async fn start(program: &str, store: &str) -> Result<Self, String> {
        let (process, address) = Self::run(program, store, "127.0.0.1:0").await?;
        Ok(Self { process, program: program.to_owned(), store: store.to_owned(), address })
    }

    async fn run(program: &str, store: &str, listen: &str) -> Result<(Process, String), String> {
        let mut command = Command::new(program);
        command.args(["serve", "--listen", listen, "--media-port", "0", "--media-tcp-port", "off"]);
        command.args(["--public-ip", "127.0.0.1", "--store", store]).env("TANGELO_LOG", "warn");
        let (tell, mut lines) = mpsc::unbounded_channel();
        let process = Process::start(command, move |line| drop(tell.send(line)))?;
        let line = timeout(START_MAX, lines.recv()).await.ok().flatten();
        let line = line.ok_or("the server did not start; what it says stands above")?;
        let address = line.strip_prefix("Tangelo is ready: http://").map(|rest| rest.trim_end_matches('/'));
        let address = address.ok_or_else(|| format!("the server says something else: {line}"))?.to_owned();
        Ok((process, address))
    }

    pub(crate) fn kill(&mut self) -> Result<(), String> {
        self.process.kill()
    }

    /// Starts it once more, on the same port and store.
    pub(crate) async fn again(&mut self) -> Result<(), String> {
        (self.process, _) = Self::run(&self.program, &self.store, &self.address).await?;
        Ok(())
    }

    pub(crate) fn freeze(&self) -> Result<(), String> {
        self.process.freeze()
    }

    pub(crate) fn thaw(&self) -> Result<(), String> {
        self.process.thaw()
    }

    pub(crate) fn ended(&mut self) -> Option<String> {
        self.process.ended()
    }
}
