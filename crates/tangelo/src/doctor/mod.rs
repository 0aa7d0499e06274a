//! `tangelo doctor`: looks at a server from inside or from outside, and says what to do.

mod certificate;
mod clock;
mod finding;
mod inside;
mod machine;
mod outside;

use std::{error::Error, path::PathBuf};

use tangelo_client::Address;

use crate::{join::Misused, serve};

use finding::Findings;
use outside::Visitor;

#[derive(clap::Args)]
#[group(skip)]
pub(crate) struct Options {
    /// Look from outside at the server of this address, such as https://call.example.org: best from another network than its own.
    ///
    /// Without it, the machine is looked at on which the server runs, or will. Nothing is changed.
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// With --url: PEM file with a certificate to trust beside those that this machine trusts.
    #[arg(long, value_name = "FILE", requires = "url")]
    ca: Option<PathBuf>,

    /// With --url: a token that lets into all rooms of the server, for one that lets nobody in without (--rooms).
    ///
    /// Other people on this machine can read command lines: the variable keeps it from them.
    #[arg(long, env = "TANGELO_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,

    /// Print an object of JSON instead of lines for people.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    serve: serve::Options,
}

pub(crate) fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut findings = Findings::new(options.json);
    match options.url {
        Some(url) => {
            let address = Address::of_server(&url).map_err(|_| {
                Misused::new("this is no server's URL; one looks like https://call.example.org".to_owned())
            })?;
            let visitor = Visitor { ca: options.ca.as_deref(), token: options.token.as_deref() };
            let looked = runtime.block_on(outside::look(&address, &visitor, &mut findings));
            told(looked, &mut findings)?;
        }
        None => {
            let (config, own_certificate) = serve::settings(options.serve)?;
            let looked = runtime.block_on(inside::look(&config, own_certificate.as_deref(), &mut findings));
            told(looked, &mut findings)?;
        }
    }
    findings.finish()
}

/// What kept it from looking further is found, too: whoever reads JSON gets all that there is.
fn told(looked: Result<(), Box<dyn Error>>, findings: &mut Findings) -> Result<(), Box<dyn Error>> {
    match looked {
        Ok(()) => Ok(()),
        Err(error) => findings.fail(
            "doctor",
            error.to_string(),
            "put that right, and look again: the rest was not looked at",
        ),
    }
}
