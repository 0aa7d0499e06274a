//! `tangelo join`: a member of a call without a browser.

mod call;
mod identity;
mod input;
mod orders;
mod playing;
mod screen;

use std::{error::Error, fmt, io, path::PathBuf, time::Duration};

use call::Call;
pub(crate) use call::explain;
use playing::Playing;
use screen::Screen;
use tangelo_call::link::Link;
use tangelo_client::{Address, AudioFile, JoinOptions, Participant, Recorder, VideoFile};
use tangelo_wire::Source;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The call's link, as it stands in the browser's address bar.
    ///
    /// Put it in quotes: it has a # in it. It is the key to the call, and other people on this machine can read command
    /// lines: the variable keeps it from them.
    #[arg(env = "TANGELO_URL", hide_env_values = true, value_name = "URL")]
    url: String,

    /// The name that the others see.
    #[arg(long, value_name = "NAME")]
    name: String,

    /// Send this IVF file with VP8 as camera, over and over.
    ///
    /// Make it with a key frame every second or two, so that newcomers see a picture soon:
    /// ffmpeg -i INPUT -c:v libvpx -b:v 1M -g 30 FILE.ivf
    #[arg(long, value_name = "FILE.ivf")]
    video: Option<PathBuf>,

    /// Send this Ogg file with Opus as microphone, over and over.
    ///
    /// ffmpeg -i INPUT -c:a libopus -frame_duration 20 FILE.ogg
    #[arg(long, value_name = "FILE.ogg")]
    audio: Option<PathBuf>,

    /// Record everyone into this folder. All others see that.
    ///
    /// There is one file for each person, source and arrival: NAME-CLIENT-SOURCE.ivf for pictures, .ogg for sound. All of
    /// them begin at the same moment.
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,

    /// Keep this device's identity in a file, so that others know it again. Made if it is not there. Default: a new one
    /// each time.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,

    /// PEM file with a certificate to trust beside those that this machine trusts: the server's own, or the one that
    /// vouches for it.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Leave after so many seconds. Default: stay until Ctrl-C, "/leave" or, in a terminal, the end of input (Ctrl-D).
    #[arg(long, value_name = "SECONDS")]
    duration: Option<u64>,

    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,

    /// What to log to standard error: error, warn, info, debug or trace, or a filter such as "info,tangelo_client=debug".
    #[arg(long, env = "TANGELO_LOG", value_name = "LEVEL", default_value = "error")]
    log: String,
}

/// The command line cannot be carried out as it is.
#[derive(Debug)]
pub(crate) struct Misused(String);

impl Misused {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

impl Error for Misused {}

impl fmt::Display for Misused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    super::log_to_stderr(&options.log, super::LogFormat::Text)?;
    // Not by clap, which would print the secret in it.
    let address = options.url.parse::<Address>().map_err(|error| Misused(error.to_string()))?;
    Link::parse(&address.link).map_err(|error| Misused(format!("this is no room link: {error}")))?;
    let mut files = Vec::new();
    if let Some(path) = &options.video {
        files.push(Playing::new(Source::Camera, VideoFile::open(path)?.into())?);
    }
    if let Some(path) = &options.audio {
        files.push(Playing::new(Source::Microphone, AudioFile::open(path)?.into())?);
    }
    let recorder = match &options.record {
        None => None,
        Some(folder) => {
            Some(Recorder::new(folder).map_err(|error| format!("{}: {error}", folder.display()))?)
        }
    };
    let identity = match &options.identity {
        None => tangelo_call::random_bytes()?,
        Some(path) => identity::load(path).map_err(|error| format!("{}: {error}", path.display()))?,
    };
    let screen = Screen::new(options.quiet);
    let duration = options.duration.map(Duration::from_secs);
    let join = JoinOptions { url: options.url, name: options.name, identity, ca: options.ca, via: None };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let stop = super::serve::shutdown()?;
        let participant = Participant::join(join).await.map_err(explain)?;
        Call::new(participant, screen, files, recorder).attend(stop, duration).await
    });
    // Whoever reads what is printed has gone, as `head` does: no fault.
    match outcome {
        Err(error)
            if error.downcast_ref().is_some_and(|e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe) =>
        {
            Ok(())
        }
        outcome => outcome,
    }
}
