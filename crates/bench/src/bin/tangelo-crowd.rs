//! `tangelo-crowd LINK COUNT PICTURES.ivf SOUNDS.ivf`: so many people in a call, until the standard input ends.
//! `cargo xtask bench web` runs it.

use std::process::ExitCode;

use tangelo_bench::{
    Failure, Result,
    crowd::{self, Recording},
};
use tokio::sync::oneshot;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match join(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn join(args: &[String]) -> Result<()> {
    let usage = || Failure("usage: tangelo-crowd LINK COUNT PICTURES.ivf SOUNDS.ivf".to_owned());
    let [link, count, pictures, sounds] = args else { return Err(usage()) };
    let count = count.parse().map_err(|_| usage())?;
    let recording = Recording::read(pictures, sounds)?;
    let (stop, stopped) = oneshot::channel();
    std::thread::spawn(move || {
        // Until whoever started this closes it, or is gone.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = stop.send(());
    });
    crowd::run(link, count, recording, async { drop(stopped.await) })
}
