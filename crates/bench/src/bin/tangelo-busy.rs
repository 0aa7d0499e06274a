//! `tangelo-busy video|audio PUBLISHERS PEOPLE FRAMES PACKETS BYTES SECONDS`: the SFU at work all the time; prints JSON.
//! `cargo xtask bench sfu` runs it.

use std::{process::ExitCode, time::Duration};

use tangelo_bench::{
    Failure, Result,
    busy::{Outcome, Setup, measure},
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
    let usage = || {
        Failure("usage: tangelo-busy video|audio PUBLISHERS PEOPLE FRAMES PACKETS BYTES SECONDS".to_owned())
    };
    let [kind, numbers @ ..] = args else { return Err(usage()) };
    let numbers: Vec<u64> = numbers.iter().filter_map(|text| text.parse().ok()).collect();
    let [publishers, people, frames, packets, bytes, seconds] = numbers[..] else { return Err(usage()) };
    let fits = (1..=500).contains(&people)
        && publishers <= people
        && (1..=120).contains(&frames)
        && (1..=64).contains(&packets)
        && (20..=1_200).contains(&bytes)
        && ["video", "audio"].contains(&kind.as_str());
    let count = |number: u64| usize::try_from(number).map_err(|_| usage());
    if !fits {
        return Err(usage());
    }
    Ok(Setup {
        publishers: count(publishers)?,
        people: count(people)?,
        pictures: kind == "video",
        frames,
        packets,
        payload_bytes: count(bytes)?,
        time: Duration::from_secs(seconds),
    })
}

fn print(outcome: Outcome) -> Result<()> {
    let text = serde_json::to_string(&outcome).map_err(|error| Failure(error.to_string()))?;
    println!("{text}");
    Ok(())
}
