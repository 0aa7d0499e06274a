//! `tangelo-forward RECEIVERS BYTES RUN SECONDS`: the forwarding loop with nothing around it; prints JSON.
//! `cargo xtask bench sfu` runs it.

use std::{process::ExitCode, time::Duration};

use tangelo_bench::{
    Failure, Result,
    forward::{Outcome, Setup, measure},
};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match read(&args).and_then(measure).and_then(print) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn read(args: &[String]) -> Result<Setup> {
    let usage = || Failure("usage: tangelo-forward RECEIVERS BYTES RUN SECONDS".to_owned());
    let [receivers, bytes, run, seconds] = args else { return Err(usage()) };
    let setup = Setup {
        receivers: receivers.parse().map_err(|_| usage())?,
        payload_bytes: bytes.parse().map_err(|_| usage())?,
        run: run.parse().map_err(|_| usage())?,
        time: Duration::from_secs(seconds.parse().map_err(|_| usage())?),
    };
    let fits = (1..=500).contains(&setup.receivers)
        && setup.payload_bytes <= 1_200
        && (1.0..=48.0).contains(&setup.run);
    if fits { Ok(setup) } else { Err(usage()) }
}

fn print(outcome: Outcome) -> Result<()> {
    let text = serde_json::to_string(&outcome).map_err(|error| Failure(error.to_string()))?;
    println!("{text}");
    Ok(())
}
