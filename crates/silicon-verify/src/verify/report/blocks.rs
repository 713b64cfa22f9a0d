//! The section on block forms: their sizes, or why there is none.

use super::super::evidence::{BlockForm, Evidence};
use proofmark_base::html::escape;
use std::fmt::Write;

/// Nothing for a design with state.
pub(super) fn section(page: &mut String, evidence: &Evidence) {
    if evidence.blocks.is_empty() {
        return;
    }
    page.push_str(
        "<h2 id=\"blocks\">Block by block</h2><p class=\"soft\">The block form takes a stream in blocks of any sizes and keeps what it \
         needs of the past in a state. Its outputs put together have the bits of the call with the whole arrays: this was \
         checked on every vector, cut in several ways.</p>\n",
    );
    for form in &evidence.blocks {
        one(page, form);
    }
}

fn one(page: &mut String, form: &BlockForm) {
    let entry = escape(&form.entry);
    if let (Some(name), Some(sizes)) = (&form.name, form.sizes) {
        let targets = if form.targets.is_empty() { "no target".into() } else { form.targets.join(", ") };
        let _ = writeln!(
            page,
            "<p><span class=\"mono\">{}</span>, the block form of <span class=\"mono\">{entry}</span>, for {}: state {} bytes, \
             stack at most about {} bytes, constants {} bytes, no heap.</p>",
            escape(name),
            escape(&targets),
            sizes.state,
            sizes.stack,
            sizes.rom
        );
    }
    let mut list = |title: &str, items: &[String]| {
        if items.is_empty() {
            return;
        }
        let _ = writeln!(page, "<p>{title}</p><ul class=\"plain\">");
        for item in items {
            let _ = writeln!(page, "<li>{}</li>", escape(item));
        }
        page.push_str("</ul>\n");
    };
    list(&format!("Why there is no block form of <span class=\"mono\">{entry}</span>:"), &form.reasons);
    list(&format!("Withheld of the block form of <span class=\"mono\">{entry}</span>:"), &form.withheld);
}
