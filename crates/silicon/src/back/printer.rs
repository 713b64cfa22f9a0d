//! Text under construction, line by line, each with the source it comes from.

use proofmark_base::diagnostics::Span;

/// Lines of output with their origins.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) lines: Vec<Option<Span>>,
    indent: usize,
}

impl Text {
    /// A line that comes from nowhere in the source.
    pub(super) fn line(&mut self, s: impl AsRef<str>) {
        self.from(None, s);
    }
    /// One or more lines that come from that source.
    pub(super) fn from(&mut self, span: Option<Span>, s: impl AsRef<str>) {
        for l in s.as_ref().split('\n') {
            if !l.is_empty() {
                for _ in 0..self.indent {
                    self.text.push_str("    ");
                }
                self.text.push_str(l);
            }
            self.text.push('\n');
            self.lines.push(span);
        }
    }
    pub(super) fn indent(&mut self) {
        self.indent += 1;
    }
    pub(super) fn dedent(&mut self) {
        self.indent = self.indent.saturating_sub(1);
    }
    pub(super) fn append(&mut self, other: Text) {
        self.text.push_str(&other.text);
        self.lines.extend(other.lines);
    }
}
