//! The DeliveryService, and whatever connections send it in whatever order.

use tangelo_wire::ClientMessage;

use crate::{
    delivery_run::{Run, Saying, Step},
    input::Input,
};

/// Most steps of one input.
const STEPS_MAX: usize = 300;

/// Logs stay dense and the same for all, timers do not linger, and nobody is told anything after the end.
pub fn delivery(data: &[u8]) {
    let mut input = Input::new(data);
    let mut run = Run::new();
    if input.byte() & 1 == 0 {
        run.begin();
    }
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let step = match input.byte() % 16 {
            0 => Step::Connect,
            1 => Step::Drop(u16::from(input.byte())),
            2 | 3 => Step::Wait(input.pause_ms()),
            _ => Step::Say(u16::from(input.byte()), saying(&mut input)),
        };
        run.step(step);
    }
    run.step(Step::Wait(600_000));
}

fn saying(input: &mut Input<'_>) -> Saying {
    let index = |input: &mut Input<'_>| u16::from(input.byte());
    let back = |input: &mut Input<'_>| input.pick(&[0, 0, 0, 0, 1, 2, 3, u64::MAX]);
    let right = |input: &mut Input<'_>| input.byte() % 8 != 7;
    match input.byte() % 12 {
        0 => Saying::Hello { room: input.byte(), right: right(input) },
        1 => Saying::Arrive { bytes: usize::from(input.byte()) * 10 },
        2 => Saying::Resume { room: input.byte(), token: index(input), back: back(input) },
        3 => Saying::Found { back: back(input), right: right(input) },
        4 | 5 => Saying::Commit {
            back: back(input),
            adds: (0..input.byte() % 4).map(|_| index(input)).collect(),
            right: right(input),
        },
        6 => Saying::Enter { back: back(input) },
        7 => Saying::Message { bytes: usize::from(input.byte()) },
        8 => Saying::Heartbeat { back: back(input), check: input.byte() & 1 == 0 },
        9 => Saying::Offer,
        10 => Saying::Leave,
        _ => match ClientMessage::from_json(&String::from_utf8_lossy(input.part())) {
            Ok(message) => Saying::Anything(Box::new(message)),
            Err(_) => Saying::Offer,
        },
    }
}
