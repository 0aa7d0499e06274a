//! A run: a call, faults one after the other and now and then two at once, and a look at what is left of the call.

use std::{net::SocketAddr, process::Command, time::Duration};

use tangelo_call::link::Link;
use tokio::{sync::mpsc, time::sleep};

use crate::{
    ChaosOptions,
    guest::name,
    ledger::Ledger,
    plan::{Cast, Fault, Kind, Steps},
    process::{Process, Server},
    relay::Relay,
    report::{Report, now_ms},
    table::{Outcome, Table},
};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// So long a call may take to begin, and to be whole again after a fault, in milliseconds.
const PATIENCE_MS: u64 = 60_000;
/// A fault that is over as soon as it has begun shows within this time, in milliseconds.
const SHOWS_MS: u64 = 1_500;
/// Who comes besides has numbers from here on.
const EXTRA: usize = 100;
/// A browser's name in the call.
const BROWSER: &str = "Browser";

type Line = (usize, u32, String);

struct Guest {
    /// Its place in the run.
    slot: usize,
    name: String,
    relay: Relay,
    process: Option<Process>,
    /// Counts its processes.
    life: u32,
    report: Report,
}

pub(crate) struct Run {
    options: ChaosOptions,
    server: Server,
    link: String,
    guests: Vec<Guest>,
    /// Those who come besides.
    extra: Vec<Guest>,
    extras: usize,
    ledger: Ledger,
    lines: mpsc::UnboundedReceiver<Line>,
    line: mpsc::UnboundedSender<Line>,
    table: Table,
    begin: u64,
}

/// A fault that has begun.
struct Begun {
    fault: Fault,
    ends: u64,
    /// Who is cut off by it.
    victim: Option<usize>,
    /// When the fault was over.
    over: Option<u64>,
}

impl Run {
    pub(crate) async fn new(options: ChaosOptions) -> Result<Self, String> {
        let store = options.store.to_string_lossy().into_owned();
        let server = Server::start(&options.server, &store).await?;
        let link = Link::new_room().map_err(|error| error.to_string())?.path();
        let (line, lines) = mpsc::unbounded_channel();
        Ok(Self {
            options,
            server,
            link,
            guests: Vec::new(),
            extra: Vec::new(),
            extras: 0,
            ledger: Ledger::default(),
            lines,
            line,
            table: Table::default(),
            begin: now_ms(),
        })
    }

    /// Everything. The error says what does not hold in the end.
    pub(crate) async fn all(&mut self) -> Result<(), String> {
        let outcome = self.happen().await;
        self.part().await;
        outcome
    }

    async fn happen(&mut self) -> Result<(), String> {
        let cast = self.gather().await?;
        self.say("everyone is in one call; the faults begin");
        let mut steps = Steps::new(self.options.seed, cast);
        let end = now_ms() + self.options.seconds * 1_000;
        let mut failed = None;
        while now_ms() < end && failed.is_none() {
            let (faults, pause) = steps.next_step();
            failed = self.step(faults).await.err();
            if failed.is_none() {
                failed = self.wait(pause).await.err();
            }
        }
        self.say("no more faults");
        let settled = self.settle().await;
        println!("\nseed {}\n{}", self.options.seed, self.table);
        match (failed, settled) {
            (Some(error), _) => Err(error),
            (None, settled) => settled,
        }
    }

    /// Lets everyone come.
    async fn gather(&mut self) -> Result<Cast, String> {
        let natives = self.options.clients.clamp(2, 50);
        let gone_max_ms = if self.options.seconds < 90 { 12_000 } else { 30_000 };
        let browser = self.options.browser.is_some();
        let all = natives + usize::from(browser);
        for slot in 0..all {
            let mut guest = self.guest(slot).await?;
            self.enter(&mut guest)?;
            self.guests.push(guest);
        }
        self.until("everyone to be in one call", |run| run.whole(0)).await?;
        Ok(Cast { natives, browser, gone_max_ms })
    }

    async fn guest(&self, slot: usize) -> Result<Guest, String> {
        let server: SocketAddr =
            self.server.address.parse().map_err(|error| format!("{}: {error}", self.server.address))?;
        let seed = self.options.seed.wrapping_mul(1_000).wrapping_add(slot as u64);
        let relay = Relay::to(server, seed).await.map_err(|error| error.to_string())?;
        let is_browser = self.options.browser.is_some() && slot == self.options.clients;
        let name = if is_browser { BROWSER.to_owned() } else { name(number(slot)) };
        Ok(Guest { slot, name, relay, process: None, life: 0, report: Report::default() })
    }

    /// Starts a guest's process, another one perhaps.
    fn enter(&self, guest: &mut Guest) -> Result<(), String> {
        let url = format!("http://{}{}", self.server.address, self.link);
        let via = guest.relay.address.to_string();
        let command = match &self.options.browser {
            Some(script) if guest.name == BROWSER => {
                let mut command = Command::new("node");
                command.arg(script).args([&url, &via]);
                command
            }
            _ => {
                let own = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut command = Command::new(own);
                command.args(["guest", "--via", &via, "--number", &number(guest.slot).to_string()]);
                command.env("TANGELO_URL", &url);
                command
            }
        };
        guest.life += 1;
        let (slot, life, tell) = (guest.slot, guest.life, self.line.clone());
        guest.process = Some(Process::start(command, move |line| drop(tell.send((slot, life, line))))?);
        Ok(())
    }

    /// Reads what has been reported.
    fn read(&mut self) -> Result<(), String> {
        while let Ok((slot, life, line)) = self.lines.try_recv() {
            let all = self.guests.iter_mut().chain(&mut self.extra);
            let Some(guest) = all.into_iter().find(|guest| guest.slot == slot && guest.life == life) else {
                continue;
            };
            let report: Report = serde_json::from_str(&line)
                .map_err(|error| format!("{} says {line}: {error}", guest.name))?;
            self.ledger.take(slot, life, &report);
            if let Some(why) = &report.ended {
                return Err(format!("the call ended for {}: {why}", guest.name));
            }
            guest.report = report;
        }
        Ok(())
    }

    async fn wait(&mut self, duration_ms: u64) -> Result<(), String> {
        let until = now_ms() + duration_ms;
        while now_ms() < until {
            sleep(LOOK).await;
            self.read()?;
        }
        Ok(())
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Self) -> Result<(), String>) -> Result<(), String> {
        let end = now_ms() + PATIENCE_MS;
        loop {
            sleep(LOOK).await;
            self.read()?;
            let Err(why) = done(self) else { return Ok(()) };
            if now_ms() > end {
                let how: Vec<String> = self.guests.iter().map(Guest::stands).collect();
                return Err(format!("waited for {what}: {why}\n  {}", how.join("\n  ")));
            }
        }
    }

    /// Every pair of guests: who hears, and whom.
    fn pairs(&self, which: impl Fn(&Guest, &Guest) -> bool) -> Vec<(usize, String)> {
        let all = self.guests.iter().flat_map(|hears| self.guests.iter().map(move |other| (hears, other)));
        all.filter(|(hears, other)| hears.slot != other.slot && which(hears, other))
            .map(|(hears, other)| (hears.slot, other.name.clone()))
            .collect()
    }

    /// Everyone is in one group, and nobody else, and has decrypted everyone since a moment.
    fn whole(&self, since: u64) -> Result<(), String> {
        let mut names: Vec<String> = self.guests.iter().map(|guest| guest.name.clone()).collect();
        names.sort();
        let first = self.guests.first().ok_or("nobody is there")?;
        for guest in &self.guests {
            let (one, other) = (&first.report, &guest.report);
            if !other.inside {
                return Err(format!("{} is not in the call", guest.name));
            }
            if other.people != names {
                return Err(format!("{} sees {:?}", guest.name, other.people));
            }
            if other.group.is_none() || (&one.group, one.epoch) != (&other.group, other.epoch) {
                return Err(format!("{} and {} are in different states", first.name, guest.name));
            }
            if !other.number.is_empty() && other.number != one.number {
                return Err(format!("{} and {} see different numbers", first.name, guest.name));
            }
        }
        self.ledger.back(&self.pairs(|_, _| true), since).map(drop)
    }

    /// One or two faults, and the wait until the call is whole again.
    async fn step(&mut self, faults: Vec<Fault>) -> Result<(), String> {
        let begin = now_ms();
        let mut all = Vec::new();
        for fault in faults {
            self.say(&fault.to_string());
            let victim = self.start(&fault).await?;
            all.push(Begun { fault, ends: now_ms() + fault.lasts_ms, victim, over: None });
        }
        while let Some(next) =
            all.iter_mut().filter(|begun| begun.over.is_none()).min_by_key(|begun| begun.ends)
        {
            let (fault, victim) = (next.fault, next.victim);
            next.over = Some(0);
            let left = next.ends.saturating_sub(now_ms());
            self.wait(left).await?;
            self.stop(&fault, victim).await?;
            let now = now_ms();
            all.iter_mut().filter(|begun| begun.fault == fault).for_each(|begun| begun.over = Some(now));
        }
        let momentary = all.iter().any(|begun| begun.fault.kind.is_momentary());
        let over = now_ms() + if momentary { SHOWS_MS } else { 0 };
        if let Some(ended) = self.server.ended() {
            return Err(format!("the server has ended by itself: {ended}"));
        }
        let pairs = self.pairs(|_, _| true);
        self.until("everyone to be heard again", |run| run.ledger.back(&pairs, over).map(drop)).await?;
        self.note(&all, begin)
    }

    /// What came of it, for the table.
    fn note(&mut self, all: &[Begun], begin: u64) -> Result<(), String> {
        let server = all.iter().any(|begun| begun.fault.kind.is_of_server());
        let struck = |slot: usize| server || all.iter().any(|begun| begun.victim == Some(slot));
        let by_name =
            |name: &str| self.guests.iter().find(|guest| guest.name == name).map(|guest| guest.slot);
        let (victims, others): (Vec<_>, Vec<_>) = self
            .pairs(|_, _| true)
            .into_iter()
            .partition(|(hears, name)| struck(*hears) || by_name(name).is_some_and(struck));
        let now = now_ms();
        let others_ms = (!others.is_empty()).then(|| self.ledger.longest(&others, begin, now));
        let over = all.iter().filter_map(|begun| begun.over).max().unwrap_or(now);
        let through = |begun: &Begun| {
            let kind = begun.fault.kind;
            matches!(kind, Kind::Loss | Kind::Delay) || kind.is_momentary()
        };
        let back_ms = match victims.is_empty() {
            true => None,
            // There is no end of it to count from: what counts is what came through meanwhile.
            false if all.iter().all(through) => Some(self.ledger.longest(&victims, begin, now)),
            false => Some(self.ledger.back(&victims, over)?),
        };
        let kinds = all.iter().map(|begun| begun.fault.kind).collect();
        self.table.add(Outcome { kinds, others_ms, back_ms });
        Ok(())
    }

    /// Begins a fault. Returns who is cut off by it.
    async fn start(&mut self, fault: &Fault) -> Result<Option<usize>, String> {
        let Fault { kind, victim, amount, .. } = *fault;
        let guest = self.guests.get_mut(victim).ok_or("a fault of nobody")?;
        let process = guest.process.as_mut().ok_or("a guest without a process")?;
        match kind {
            Kind::NetworkGone => guest.relay.cut(false),
            Kind::NetworkOff => guest.relay.cut(true),
            Kind::Moved => guest.relay.move_away(),
            Kind::Rebound => guest.relay.rebind(),
            Kind::Loss => guest.relay.weather(amount, Duration::ZERO),
            Kind::Delay => guest.relay.weather(0, Duration::from_millis(amount)),
            Kind::Frozen => process.freeze()?,
            Kind::Killed => process.kill()?,
            Kind::Reloaded => process.say("reload")?,
            Kind::WorkerDied => process.say("worker")?,
            Kind::PageFrozen => process.say("freeze")?,
            Kind::ServerKilled => self.server.kill()?,
            Kind::ServerFrozen => self.server.freeze()?,
            Kind::Storm => self.crowd(amount).await?,
            Kind::CommitterFrozen => {
                let natives = self.guests.iter().filter(|guest| guest.name != BROWSER);
                let first = natives.min_by_key(|guest| guest.report.leaf.unwrap_or(u32::MAX));
                let first = first.ok_or("nobody commits")?;
                let slot = first.slot;
                first.process.as_ref().ok_or("a guest without a process")?.freeze()?;
                self.crowd(amount).await?;
                return Ok(Some(slot));
            }
        }
        Ok((!kind.is_of_server() && kind != Kind::Storm).then_some(victim))
    }

    /// Ends a fault.
    async fn stop(&mut self, fault: &Fault, struck: Option<usize>) -> Result<(), String> {
        let at = struck.unwrap_or(fault.victim);
        let guest = self.guests.get_mut(at).ok_or("a fault of nobody")?;
        match fault.kind {
            Kind::NetworkGone | Kind::NetworkOff => guest.relay.mend(),
            Kind::Loss | Kind::Delay => guest.relay.weather(0, Duration::ZERO),
            Kind::Moved | Kind::Rebound | Kind::Reloaded | Kind::WorkerDied => {}
            Kind::PageFrozen => guest.process.as_mut().ok_or("a guest without a process")?.say("thaw")?,
            Kind::Frozen => guest.process.as_ref().ok_or("a guest without a process")?.thaw()?,
            Kind::ServerKilled => self.server.again().await?,
            Kind::ServerFrozen => self.server.thaw()?,
            Kind::Killed => {
                let mut guest = self.guests.remove(at);
                let entered = self.enter(&mut guest);
                self.guests.insert(at, guest);
                entered?;
            }
            Kind::Storm => self.scatter(),
            Kind::CommitterFrozen => {
                if self.extra.iter().all(|guest| guest.report.inside) {
                    self.table.count_newcomers();
                }
                guest.process.as_ref().ok_or("a guest without a process")?.thaw()?;
                self.scatter();
            }
        }
        Ok(())
    }

    /// So many come at once.
    async fn crowd(&mut self, count: u64) -> Result<(), String> {
        for _ in 0..count {
            let mut guest = self.guest(EXTRA + self.extras % 100).await?;
            self.extras += 1;
            self.enter(&mut guest)?;
            self.extra.push(guest);
        }
        Ok(())
    }

    /// Every other one leaves as people do; the rest is gone without a word.
    fn scatter(&mut self) {
        for (index, mut guest) in std::mem::take(&mut self.extra).into_iter().enumerate() {
            if let Some(mut process) = guest.process.take().filter(|_| index % 2 == 0) {
                process.dismiss();
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_secs(3));
                    drop(process);
                });
            }
        }
    }

    /// The call as it must be when all is over.
    async fn settle(&mut self) -> Result<(), String> {
        self.until("one call of all", |run| run.whole(0)).await?;
        if let Some(browser) = self.guests.iter_mut().find(|guest| guest.name == BROWSER)
            && let Some(process) = &mut browser.process
        {
            process.say("number")?;
        }
        self.until("the browser's number", |run| {
            let without = run.guests.iter().find(|guest| guest.report.number.is_empty());
            without.map_or(Ok(()), |guest| Err(format!("{} shows none", guest.name)))
        })
        .await?;
        let since = now_ms() + 1_000;
        self.until("everyone to decrypt everyone", |run| run.whole(since)).await?;
        let first = self.guests.first().ok_or("nobody is there")?;
        println!(
            "\nin the end: {} people in one group, epoch {}, the same safety number for all, everyone decrypts everyone",
            self.guests.len(),
            first.report.epoch.unwrap_or(0)
        );
        for guest in &self.guests {
            println!("  {}", guest.stands());
        }
        Ok(())
    }

    /// Everyone leaves.
    async fn part(&mut self) {
        for guest in &mut self.guests {
            if let Some(process) = &mut guest.process {
                process.dismiss();
            }
        }
        sleep(Duration::from_secs(2)).await;
        self.guests.clear();
        let _ = self.server.kill();
    }

    fn say(&self, what: &str) {
        println!("{:7.1} s  {what}", now_ms().saturating_sub(self.begin) as f64 / 1e3);
    }
}

impl Guest {
    /// How it stands, in a line.
    fn stands(&self) -> String {
        let Report { inside, epoch, people, heard, losses, .. } = &self.report;
        let heard: Vec<String> =
            heard.iter().map(|(name, heard)| format!("{name} {}", heard.count)).collect();
        let state = if *inside { "inside" } else { "not inside" };
        let epoch = epoch.map_or("none".to_owned(), |epoch| epoch.to_string());
        let losses =
            if losses.is_empty() { String::new() } else { format!("; arrived anew: {}", losses.join(", ")) };
        format!(
            "{}: {state}, epoch {epoch}, sees {}, frames of {}{losses}",
            self.name,
            people.len(),
            heard.join(", ")
        )
    }
}

/// A guest's number, for its name and identity.
fn number(slot: usize) -> u8 {
    u8::try_from(slot + 1).unwrap_or(u8::MAX)
}
