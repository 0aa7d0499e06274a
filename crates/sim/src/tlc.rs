//! From TLC's words to steps: a counterexample of the model, as it can be done with the real code.

use tangelo_wire::limits::FOUND_ANEW_MS;

use crate::step::Step;

/// The actions of a counterexample as steps. The model begins with the first `together` persons in one group; here they
/// get there step by step. Actions are the values of the model's variable `did`, in states as TLC prints them.
///
/// # Errors
/// An action that is no step.
pub fn from_tlc(text: &str, together: usize) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> =
        meet(together).iter().map(|step| step.parse()).collect::<Result<_, String>>()?;
    for line in text.lines() {
        let Some(did) = line.trim().strip_prefix("/\\ did = <<").and_then(|rest| rest.strip_suffix(">>"))
        else {
            continue;
        };
        // The model's server takes its time until a client may be refused for nothing but what the log says.
        if did.starts_with("\"refuse\"") {
            steps.push(Step::Skew(0, FOUND_ANEW_MS));
        }
        if let Some(step) = step(did)? {
            steps.push(step);
        }
    }
    Ok(steps)
}

/// They arrive, the first founds and adds the others, and everybody has read everything.
fn meet(together: usize) -> Vec<String> {
    let each = |word: &str| (1..=together).map(|n| format!("{word}{n}")).collect::<Vec<_>>();
    let mut steps = each("arrive p");
    // A client knows from its snapshot who arrived before it and that it arrived itself.
    for n in 1..together {
        steps.extend((n..together).map(|_| format!("read c{n}")));
    }
    if together > 0 {
        steps.extend(["found c1", "take c1"].map(str::to_owned));
        steps.extend(each("read c"));
    }
    if together > 1 {
        steps.extend(["commit c1", "take c1"].map(str::to_owned));
        steps.extend(each("read c"));
        steps.extend((2..=together).map(|n| format!("enter c{n}")));
        (2..=together).for_each(|_| steps.extend(each("read c")));
    }
    steps
}

/// What stands between the brackets: words in quotes, numbers, and sets of numbers.
fn step(did: &str) -> Result<Option<Step>, String> {
    let words: Vec<&str> =
        did.split(|c: char| " ,{}\"".contains(c)).filter(|word| !word.is_empty()).collect();
    let text = match words.as_slice() {
        // A refused post and the word of it are one step.
        [] | ["hear", _] => return Ok(None),
        ["arrive", person] => format!("arrive p{person}"),
        // A person with the link makes the ghost's key package.
        ["forge", "1", "arrived", _] => "ghost p1".to_owned(),
        ["split" | "forge" | "invent" | "hears" | "alarm" | "ghost", ..] => {
            return Err(format!("`{did}`: one simulated server shows one log; write the steps by hand"));
        }
        [action, words @ ..] => {
            let number = |word: &&str| {
                if word.parse::<usize>().is_ok() { format!(" c{word}") } else { format!(" {word}") }
            };
            format!("{action}{}", words.iter().map(number).collect::<String>())
        }
    };
    text.parse().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counterexample_becomes_steps() {
        let text = "State 1: <Initial predicate>\n/\\ did = <<>>\n/\\ left = [a |-> 1]\n\nState 2: <x>\n\
                    /\\ did = <<\"arrive\", 2>>\nState 3: <x>\n/\\ did = <<\"aside\", 1, {2, 3}>>\n\
                    /\\ did = <<\"hear\", 2>>\n/\\ did = <<\"crash\", 2, \"away\">>\n/\\ did = <<\"junk\", 1, {}>>";
        let steps: Vec<String> = from_tlc(text, 1).unwrap().iter().map(ToString::to_string).collect();
        let prefix = ["arrive p1", "found c1", "take c1", "read c1"];
        assert_eq!(
            steps,
            [&prefix[..], &["arrive p2", "aside c1 c2 c3", "crash c2 away", "junk c1"]].concat()
        );
    }

    #[test]
    fn what_no_step_can_do_is_an_error() {
        assert!(from_tlc("/\\ did = <<\"split\", {2}>>", 0).is_err());
        assert!(from_tlc("/\\ did = <<\"dance\", 2>>", 0).is_err());
        assert_eq!(from_tlc("nothing", 0).unwrap(), []);
    }
}
