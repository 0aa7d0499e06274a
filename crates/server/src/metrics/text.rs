//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write};

/// A page of figures.
#[derive(Default)]
pub(crate) struct Page(String);

/// One figure, in as many places as its labels have values.
pub(crate) struct Family<'a> {
    page: &'a mut Page,
    name: &'static str,
}

impl Page {
    /// One that only grows while the server runs. Its name ends with `_total`.
    pub(crate) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    /// One that comes and goes.
    pub(crate) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// Names and help are this program's own, without anything that would have to be escaped.
    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { page: self, name }
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

impl Family<'_> {
    pub(crate) fn is(self, value: impl Display) {
        self.at(&[], value);
    }

    /// The value where the labels have these values, which are this program's own.
    pub(crate) fn at(self, labels: &[(&str, &dyn Display)], value: impl Display) -> Self {
        let out = &mut self.page.0;
        out.push_str(self.name);
        for (number, (name, value)) in labels.iter().enumerate() {
            let begin = if number == 0 { '{' } else { ',' };
            let _ = write!(out, "{begin}{name}=\"{value}\"");
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(out, "{end} {value}");
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_prometheus_reads() {
        let mut page = Page::default();
        page.gauge("a", "How many.").is(7);
        page.counter("b_total", "What came.")
            .at(&[("direction", &"in"), ("thread", &0)], 1_u64)
            .at(&[("direction", &"out"), ("thread", &1)], 0.5);
        let words = "# HELP a How many.\n# TYPE a gauge\na 7\n# HELP b_total What came.\n# TYPE b_total counter\n\
                     b_total{direction=\"in\",thread=\"0\"} 1\nb_total{direction=\"out\",thread=\"1\"} 0.5\n";
        assert_eq!(page.finish(), words);
    }
}
