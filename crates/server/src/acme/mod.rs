//! A certificate from a certification authority that speaks ACME (RFC 8555), asked for and renewed by the server itself.

mod http;
mod keep;
mod order;

use std::{
    panic::AssertUnwindSafe,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::http::Uri;
use futures_util::FutureExt;
use tokio::time::sleep;

use crate::{CertificateFacts, ServeError, tls::Certificate};

use http::Http;
use keep::Folder;
use order::{Failure, Issued, Why};

/// Let's Encrypt, for certificates that browsers take.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// A certificate from a certification authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeConfig {
    /// The names that it is to be for, in small letters.
    pub domains: Vec<String>,
    /// Where the authority may write to.
    pub email: Option<String>,
    /// Where account and certificate are kept.
    pub folder: PathBuf,
    /// The URL of the authority's directory (RFC 8555 section 7.1.1).
    pub directory: String,
    /// A PEM file with the certificates that vouch for the authority's own server. Without it, those that this machine trusts.
    pub root: Option<PathBuf>,
}

impl AcmeConfig {
    /// Where the certificate and its key are kept, once there is one.
    #[must_use]
    pub fn certificate_file(&self) -> PathBuf {
        Folder(self.folder.clone()).files().cert
    }

    /// Reads the files that it names, and writes nothing.
    ///
    /// # Errors
    /// [`ServeError::Acme`].
    pub(crate) fn check(&self) -> Result<(), ServeError> {
        Http::new(self.root.as_deref()).map_err(ServeError::Acme)?;
        let uri = self.directory.parse::<Uri>().ok();
        if !uri.is_some_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some()) {
            let directory = &self.directory;
            return Err(ServeError::Acme(format!(
                "{directory:?} is no URL of a directory: it is to begin with https://"
            )));
        }
        Folder(self.folder.clone()).check()
    }
}

/// Asks for certificates, and has them shown.
pub(crate) struct Acme {
    config: AcmeConfig,
    folder: Folder,
    http: Http,
    certificate: Arc<Certificate>,
    /// What has come and could not be kept yet: it is not ordered once more.
    unkept: Option<Issued>,
}

/// How often it is looked whether it is time. Short, since clocks jump and machines sleep.
const LOOK: Duration = Duration::from_secs(30 * 60);

/// Most time from one attempt to the next.
const PAUSE_MAX: Duration = Duration::from_secs(6 * 60 * 60);

/// By so much sooner an authority is asked again that was not reached: that costs it nothing, where failed attempts are counted.
const UNREACHED: u32 = 20;

impl Acme {
    /// Takes what is kept in the folder.
    pub(crate) fn new(config: AcmeConfig) -> Result<Self, ServeError> {
        config.check()?;
        let folder = Folder(config.folder.clone());
        folder.make()?;
        let http = Http::new(config.root.as_deref()).map_err(ServeError::Acme)?;
        let certificate = Certificate::by_acme(&folder.files());
        Ok(Self { config, folder, http, certificate, unkept: None })
    }

    /// What is shown to those who come.
    pub(crate) fn certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }

    /// Gets a certificate whenever it is time, for as long as it is polled. `pause` is the time from a failure to the next attempt; it
    /// doubles with each that follows.
    pub(crate) async fn watch(mut self, pause: Duration) {
        let mut failures = 0;
        loop {
            let wait = match self.due_in(SystemTime::now()) {
                Some(wait) => wait.min(LOOK),
                None => match self.attempt().await {
                    Ok(()) if self.due_in(SystemTime::now()).is_some() => {
                        failures = 0;
                        self.say_success();
                        // Whatever its certificate says: an authority is not asked all the time.
                        pause
                    }
                    outcome => {
                        // Authorities count what they issue, too.
                        let failure = outcome.err().unwrap_or_else(due_at_once);
                        failures += 1;
                        let wait = pause_after(&failure, pause, failures, random());
                        self.say_failure(&failure, wait);
                        wait
                    }
                },
            };
            sleep(wait).await;
        }
    }

    /// When the next certificate is to be asked for; `None` is now.
    fn due_in(&self, now: SystemTime) -> Option<Duration> {
        let facts = self.facts()?;
        let fits = self.config.domains.iter().all(|name| facts.is_for(name));
        let is_from_here = self.folder.origin().is_some_and(|origin| origin == self.config.directory);
        let due = renewal(&facts).filter(|_| fits && is_from_here)?;
        due.duration_since(now).ok().filter(|wait| !wait.is_zero())
    }

    fn facts(&self) -> Option<CertificateFacts> {
        CertificateFacts::read(self.certificate.current()?.cert.first()?)
    }

    /// Gets a certificate, unless there is one that only has to be kept; keeps it, and has it shown.
    async fn attempt(&mut self) -> Result<(), Failure> {
        let now = SystemTime::now();
        let is_good =
            |issued: &Issued| issued.facts().and_then(|facts| renewal(&facts)).is_some_and(|due| due > now);
        let issued = match self.unkept.take().filter(is_good) {
            Some(issued) => issued,
            // What an authority says is read by a library. A defect there must not end the renewals.
            None => AssertUnwindSafe(order::get(&self.config, &self.folder, &self.http, &self.certificate))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    Err(Failure::new(Why::Refused, "its answers could not be read".to_owned()))
                })?,
        };
        if let Err(failure) = issued.keep(&self.config.directory, &self.folder) {
            self.unkept = Some(issued);
            return Err(failure);
        }
        self.certificate.look();
        Ok(())
    }

    fn say_success(&self) {
        let (names, directory) = (self.config.domains.join(", "), &self.config.directory);
        let left = self.left().unwrap_or_default();
        tracing::info!("a certificate for {names} has come from {directory}, good for {}", told(left));
    }

    fn say_failure(&self, failure: &Failure, wait: Duration) {
        let (names, directory) = (self.config.domains.join(", "), &self.config.directory);
        let what_to_do = match failure.why {
            Why::Unreachable => "check that this machine reaches it",
            Why::Unproven => {
                "the name must lead to this machine, for everybody, and port 443 there to --listen, with no proxy between that \
                 speaks HTTPS itself"
            }
            Why::Refused => "check --acme-domain, --acme-email and --acme-directory",
            Why::Folder => "the user of this program must be able to write there",
        };
        let meanwhile = match self.left() {
            Some(left) if !left.is_zero() => {
                format!("until then the certificate that there is goes on, good for {}", told(left))
            }
            Some(_) => "until then the former one is shown, which has expired: browsers warn".to_owned(),
            None => "until then no page can be opened here".to_owned(),
        };
        let wait = told(wait);
        tracing::error!(
            "no new certificate for {names} from {directory}: {failure}; {what_to_do}. Next attempt in {wait}; {meanwhile}"
        );
    }

    /// How long the present certificate is still good.
    fn left(&self) -> Option<Duration> {
        Some(self.facts()?.until.duration_since(SystemTime::now()).unwrap_or_default())
    }
}

/// What came is of no lasting use.
fn due_at_once() -> Failure {
    let reason =
        "the certificate that came is to be renewed at once, by this machine's clock, which may be wrong";
    Failure::new(Why::Refused, reason.to_owned())
}

/// When a third of its time is left, as authorities ask for.
fn renewal(facts: &CertificateFacts) -> Option<SystemTime> {
    let life = facts.until.duration_since(facts.from).ok()?;
    facts.until.checked_sub(life / 3)
}

/// The time to the next attempt after so many failures. `random` spreads those who failed together, as when an authority was down.
fn pause_after(failure: &Failure, first: Duration, failures: u32, random: u8) -> Duration {
    let first = if matches!(failure.why, Why::Unreachable) { first / UNREACHED } else { first };
    let pause = first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(PAUSE_MAX);
    pause + pause / 4 * u32::from(random) / u32::from(u8::MAX)
}

fn random() -> u8 {
    let mut byte = [0];
    // Without chance it is the same for all, and still a pause.
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

/// As people say it, rounded down.
fn told(time: Duration) -> String {
    let seconds = time.as_secs();
    let (number, unit) = match seconds {
        0..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn it_is_renewed_when_a_third_of_its_time_is_left() {
        let at = |days: u64| UNIX_EPOCH + Duration::from_secs(days * 86_400);
        let facts = CertificateFacts { names: Vec::new(), from: at(100), until: at(190) };
        assert_eq!(renewal(&facts), Some(at(160)));
        assert_eq!(renewal(&CertificateFacts { until: at(99), ..facts }), None);
    }

    #[test]
    fn pauses_grow_to_a_bound_and_an_unreached_authority_is_asked_sooner() {
        let first = Duration::from_secs(300);
        let failure = |why| Failure::new(why, String::new());
        let pause = |why, failures, random| pause_after(&failure(why), first, failures, random);
        assert_eq!(pause(Why::Refused, 1, 0), first);
        assert_eq!(pause(Why::Unproven, 3, 0), first * 4);
        assert_eq!(pause(Why::Unproven, 3, u8::MAX), first * 5);
        assert_eq!(pause(Why::Unreachable, 1, 0), first / 20);
        for why in [Why::Refused, Why::Unreachable] {
            assert_eq!(pause(why, u32::MAX, 0), PAUSE_MAX);
        }
        // Of an authority's failed attempts an hour, few are used up.
        let within: Duration = (1..=4).map(|failures| pause(Why::Unproven, failures, 0)).sum();
        assert!(within > Duration::from_secs(3_600));
    }

    #[tokio::test]
    async fn what_could_not_be_kept_is_kept_later_and_not_ordered_again() {
        use std::fs;
        let all = std::env::temp_dir().join(format!("tangelo-acme-unkept-{}", std::process::id()));
        let _ = fs::remove_dir_all(&all);
        fs::create_dir_all(&all).unwrap();
        let root = all.join("root.pem");
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["authority.invalid".to_owned()]).unwrap();
        fs::write(&root, params.self_signed(&key).unwrap().pem()).unwrap();
        let mut acme = Acme::new(AcmeConfig {
            domains: vec!["call.example.org".to_owned()],
            email: None,
            folder: all.join("kept"),
            // Nobody is there, so that whoever asks fails otherwise.
            directory: "https://127.0.0.1:1/directory".to_owned(),
            root: Some(root),
        })
        .unwrap();
        acme.unkept = Some(order::tests::issued("call.example.org"));
        let file = acme.config.certificate_file();
        fs::create_dir(&file).unwrap();
        for _ in 0..2 {
            assert_eq!(acme.attempt().await.unwrap_err().why, Why::Folder);
        }
        fs::remove_dir(&file).unwrap();
        acme.attempt().await.unwrap();
        assert!(acme.unkept.is_none() && acme.due_in(SystemTime::now()).is_some());
        // Without one at hand the authority is asked.
        fs::remove_file(&file).unwrap();
        assert_eq!(acme.attempt().await.unwrap_err().why, Why::Unreachable);
        fs::remove_dir_all(&all).unwrap();
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        for (seconds, words) in
            [(0, "0 seconds"), (300, "5 minutes"), (7_200, "2 hours"), (7_776_000, "90 days")]
        {
            assert_eq!(told(Duration::from_secs(seconds)), words);
        }
    }
}
