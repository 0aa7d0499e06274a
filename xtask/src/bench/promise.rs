//! What the design promises, and what others measured, next to the figures.

use super::table::Row;

/// What is expected of the figures whose label starts and ends like this.
struct Promise {
    section: &'static str,
    start: &'static str,
    end: &'static str,
    bound: Bound,
    /// Where it holds.
    on: On,
    text: &'static str,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Nothing is promised: measured elsewhere, for comparison.
    None,
}

enum On {
    Either,
    Browser,
}

use Bound::{AtLeast, AtMost};
use On::{Browser, Either};

/// The first that fits counts.
const PROMISES: [Promise; 41] = [
    promise("bytes", "Orange's way", "", Bound::None, Either, "145-150 in Orange Meets"),
    promise("bytes", "sound as", "", Bound::None, Either, "24 of it encryption, at the most"),
    promise("bytes", "", "", AtMost(24.0), Either, "at most 24"),
    promise("ratio", "Orange's way", " 1 kB hot", AtLeast(10.0), Browser, "at least 10"),
    promise("cadence", "Tangelo: encrypt 6 kB", "p50", AtMost(90.0), Browser, "at most 90; 80-90 elsewhere"),
    promise("cadence", "Tangelo: decrypt 6 kB", "p50", AtMost(90.0), Browser, "at most 90; 80-90 elsewhere"),
    promise(
        "cadence",
        "WebCrypto AES-128-GCM: encrypt 6 kB",
        "p50",
        Bound::None,
        Browser,
        "105-110 elsewhere",
    ),
    promise(
        "cadence",
        "WebCrypto AES-128-GCM: encrypt 6 kB",
        "p99",
        Bound::None,
        Browser,
        "270-315 elsewhere",
    ),
    promise("cadence", "Orange's way", "p50", Bound::None, Browser, "170-520 in Orange Meets"),
    promise("hot", "Tangelo: encrypt 1 kB", "p50", AtMost(10.0), Browser, "at most 10; 8.6 elsewhere"),
    promise("hot", "Tangelo: decrypt 1 kB", "p50", AtMost(10.0), Browser, "at most 10; 8.6 elsewhere"),
    promise("hot", "Tangelo: encrypt 100 B", "p50", Bound::None, Browser, "2.7 elsewhere"),
    promise(
        "groups",
        "100 members, blank tree: make a rekey",
        "",
        Bound::None,
        Browser,
        "13 elsewhere, in WASM",
    ),
    promise("groups", "100 members, blank tree: a rekey", "", Bound::None, Browser, "8,700 elsewhere"),
    promise(
        "groups",
        "100 members, warm tree: make a rekey",
        "",
        Bound::None,
        Browser,
        "2.5 elsewhere, in WASM",
    ),
    promise("groups", "100 members, warm tree: a rekey", "", Bound::None, Browser, "1,300 elsewhere"),
    promise(
        "groups",
        "100 members, blank tree: a commit that adds",
        "",
        Bound::None,
        Browser,
        "450 elsewhere",
    ),
    promise(
        "groups",
        "100 members, warm tree: a commit that adds",
        "",
        Bound::None,
        Browser,
        "450 elsewhere",
    ),
    promise("storms", "50 arrive", "commits with adds", AtMost(5.0), Either, "at most 5; Orange 50"),
    promise(
        "storms",
        "50 arrive within 1 s",
        "p95",
        Bound::None,
        Either,
        "1,500 to the first frame is promised",
    ),
    promise("storms", "200 arrive", "commits with adds", Bound::None, Either, "Orange 200"),
    promise(
        "storms",
        "one of 200 leaves",
        "p99",
        AtMost(2_000.0),
        Either,
        "at most 2,000; Signal 3,000-5,000",
    ),
    promise(
        "storms",
        "the committer is frozen",
        "commits",
        AtMost(2_000.0),
        Either,
        "at most 2,000; Orange never",
    ),
    promise("calls", "nothing changes", "frames lost", Bound::None, Either, "for comparison"),
    promise("calls", "nothing changes", "longest gap", Bound::None, Either, "for comparison"),
    promise("calls", "", "frames lost", AtMost(0.0), Either, "0"),
    promise("sizes", "WASM, brotli", "", AtMost(500.0), Either, "at most 500"),
    promise("sizes", "WASM, gzip", "", Bound::None, Either, "Orange Meets 561"),
    promise("weight", "JS and CSS of the first load", "", AtMost(60.0), Either, "at most 60"),
    promise("weight", "with the call's part", "", AtMost(60.0), Either, "at most 60"),
    promise("lobby", "the lobby is usable", "", AtMost(1_000.0), Either, "at most 1,000"),
    promise("tiles", "tasks over 50 ms", "", AtMost(0.0), Either, "0"),
    promise(
        "sfu",
        "1 sends video",
        "the server",
        AtLeast(450_000.0),
        Either,
        "at least 450,000; mediasoup 150,000-200,000",
    ),
    promise("sfu", "1 sends video", "next to the model", AtLeast(60.0), Either, "at least 60"),
    promise(
        "sfu",
        "10 speak",
        "the server",
        AtLeast(200_000.0),
        Either,
        "at least 200,000; mediasoup 150,000-200,000",
    ),
    promise("busy", "1 sends video", "the server", AtLeast(450_000.0), Either, "at least 450,000"),
    promise("busy", "1 sends video", "next to the model", AtLeast(60.0), Either, "at least 60"),
    promise("busy", "10 speak", "the server", AtLeast(200_000.0), Either, "at least 200,000"),
    promise("sfu", "the model: 1100 B", "runs of 1", Bound::None, Either, "270,000 elsewhere"),
    promise(
        "sfu",
        "the model: 1100 B",
        "runs of 8",
        Bound::None,
        Either,
        "600,000-870,000 elsewhere, in runs of 4-8",
    ),
    promise("ratio", "WebCrypto", " 6 kB at frame cadence", Bound::None, Browser, "1.2-1.3 elsewhere"),
];

const fn promise(
    section: &'static str,
    start: &'static str,
    end: &'static str,
    bound: Bound,
    on: On,
    text: &'static str,
) -> Promise {
    Promise { section, start, end, bound, on, text }
}

/// Puts what is expected next to a figure, and whether it is met.
pub(super) fn judge(row: &mut Row) {
    let fits = |promise: &&Promise| {
        promise.section == row.section
            && row.label.starts_with(promise.start)
            && row.label.ends_with(promise.end)
    };
    let Some(promise) = PROMISES.iter().find(fits) else { return };
    row.next_to = promise.text.to_owned();
    let value = match promise.on {
        Either => row.browser.or(row.native),
        Browser => row.browser,
    };
    row.met = value.and_then(|value| match promise.bound {
        AtMost(bound) => Some(value <= bound),
        AtLeast(bound) => Some(value >= bound),
        Bound::None => None,
    });
}

/// How many times longer others take in the browser than Tangelo: the median of the same frames in the same run.
pub(super) fn ratios(rows: &[Row]) -> Vec<Row> {
    let mut ratios = Vec::new();
    for other in ["Orange's way, 2 members", "WebCrypto AES-128-GCM"] {
        for section in ["cadence", "hot"] {
            for row in rows.iter().filter(|row| row.section == section) {
                let Some(what) =
                    row.label.strip_prefix("Tangelo: ").and_then(|rest| rest.strip_suffix(", p50"))
                else {
                    continue;
                };
                let of_other = format!("{other}: {what}, p50");
                let theirs = rows.iter().find(|row| row.section == section && row.label == of_other);
                if let (Some(own), Some(theirs)) = (row.browser, theirs.and_then(|row| row.browser)) {
                    ratios.push(Row {
                        section: "ratio".to_owned(),
                        label: format!("{other}: {what}"),
                        unit: "times".to_owned(),
                        browser: Some(theirs / own),
                        ..Row::default()
                    });
                }
            }
        }
    }
    ratios
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(section: &str, label: &str, browser: f64) -> Row {
        Row { section: section.into(), label: label.into(), browser: Some(browser), ..Row::default() }
    }

    #[test]
    fn a_figure_meets_its_promise_up_to_the_bound() {
        for (value, met) in [(24.0, true), (25.0, false)] {
            let mut row = row("bytes", "20 ms of Opus, 2 members, first frame of a key", value);
            judge(&mut row);
            assert_eq!(row.met, Some(met));
        }
        let mut native = Row { native: Some(1.0), ..row("hot", "Tangelo: encrypt 1 kB hot, p50", 0.0) };
        native.browser = None;
        judge(&mut native);
        assert_eq!(native.met, None, "promised for the browser only");
    }

    #[test]
    fn ratios_compare_the_same_frames() {
        let rows = [
            row("hot", "Tangelo: encrypt 1 kB hot, p50", 5.0),
            row("hot", "Tangelo: encrypt 1 kB hot, p99", 9.0),
            row("hot", "Orange's way, 2 members: encrypt 1 kB hot, p50", 100.0),
            row("cadence", "Orange's way, 2 members: encrypt 1 kB hot, p50", 1.0),
        ];
        let ratios = ratios(&rows);
        assert_eq!(ratios.len(), 1);
        assert_eq!(ratios[0].label, "Orange's way, 2 members: encrypt 1 kB hot");
        assert_eq!(ratios[0].browser, Some(20.0));
    }
}
