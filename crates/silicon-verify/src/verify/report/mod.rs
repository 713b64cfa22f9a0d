//! `report.html`: what was checked, found and not shown, for an engineer to read. One file, no requests, no clock.

mod blocks;
pub mod plot;

use super::evidence::{Comparison, Evidence};
use super::state;
use proofmark_base::html::escape;
use proofmark_evidence::check::{Check, Checks, ClaimLevel, Figures, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The page.
pub fn html(checks: &Checks, evidence: &Evidence) -> String {
    let mut checks = checks.clone();
    checks.sort();
    let mut page = String::new();
    let title = format!("{} - Proofmark report", checks.entry);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title>\n<style>\n{}</style></head>\n<body><main>\n",
        escape(&title),
        include_str!("style.css")
    );
    head(&mut page, &checks, !evidence.blocks.is_empty());
    claims(&mut page, &checks);
    check_table(&mut page, &checks);
    outputs(&mut page, &checks, evidence);
    blocks::section(&mut page, evidence);
    code(&mut page, evidence);
    mutants(&mut page, evidence);
    not_shown(&mut page, &checks);
    provenance(&mut page, &checks);
    let _ = write!(page, "</main>\n<script>\n{}</script>\n</body></html>\n", include_str!("link.js"));
    page
}

fn head(page: &mut String, checks: &Checks, blocks: bool) {
    let sources: Vec<String> = checks.inputs.iter().map(|i| escape(&i.name)).collect();
    let options: Vec<String> = checks.options.iter().map(|(k, v)| format!("{} {}", escape(k), escape(v))).collect();
    let sandbox = match checks.sandbox {
        proofmark_evidence::check::Sandbox::Bubblewrap => "bench run in bubblewrap",
        proofmark_evidence::check::Sandbox::None => "bench run WITHOUT a sandbox",
        proofmark_evidence::check::Sandbox::NotUsed => "no user code was run",
    };
    let _ = writeln!(
        page,
        "<h1>{}</h1><p class=\"soft\">translated from <span class=\"mono\">{}</span> by {} {} &middot; {} &middot; {sandbox}</p>\
         <nav><a href=\"#checks\">Checks</a><a href=\"#outputs\">Outputs</a>{}<a href=\"#code\">Source and code</a>\
         <a href=\"#mutants\">Mutants</a><a href=\"#not-shown\">Not shown</a><a href=\"#provenance\">Inputs and tools</a></nav>",
        escape(&checks.entry),
        sources.join(", "),
        escape(&checks.product.name),
        escape(&checks.product.version),
        options.join(", "),
        if blocks { "<a href=\"#blocks\">Blocks</a>" } else { "" }
    );
}

const LADDER: [(ClaimLevel, &str); 5] = [
    (ClaimLevel::Built, "built"),
    (ClaimLevel::Tested, "tested"),
    (ClaimLevel::Stressed, "stressed"),
    (ClaimLevel::BitTrue, "bit true"),
    (ClaimLevel::Proved, "proved"),
];

fn meaning(level: ClaimLevel) -> &'static str {
    match level {
        ClaimLevel::None => "Withheld: a check failed, and no code is given out.",
        ClaimLevel::Built => "Compiled and linted by the target's own tools. Agreement with Python was not shown.",
        ClaimLevel::Tested => "Agrees with CPython on the vectors of the bench, within the stated tolerance.",
        ClaimLevel::Stressed => "Agrees on generated vectors too; the mutation score says how much they would catch.",
        ClaimLevel::BitTrue => "Stressed, and the same bits as the golden model on every vector and for every target.",
        ClaimLevel::Proved => "The named property is proved.",
    }
}

fn claims(page: &mut String, checks: &Checks) {
    page.push_str("<div class=\"cards\">\n");
    for claim in &checks.claims {
        let class = if claim.level == ClaimLevel::None { "card withheld" } else { "card" };
        let shown =
            if claim.level == ClaimLevel::None { "withheld".into() } else { claim.level.to_string().replace('_', " ") };
        let _ = write!(
            page,
            "<section class=\"{class}\"><div><b class=\"level\">{shown}</b> <span class=\"soft\">target</span> <b>{}</b></div><ol class=\"ladder\">",
            escape(&claim.target)
        );
        for (level, name) in LADDER {
            let _ = write!(page, "<li{}>{name}</li>", if claim.level >= level { " class=\"on\"" } else { "" });
        }
        let _ = write!(page, "</ol><p>{}</p><dl class=\"figures\">", meaning(claim.level));
        for (name, value) in &claim.figures {
            let _ = write!(page, "<dt>{}</dt><dd>{}</dd>", label(name), figure(value));
        }
        page.push_str("</dl></section>\n");
    }
    page.push_str("</div>\n");
}

fn label(name: &str) -> String {
    escape(&name.replace('_', " "))
}

fn figure(value: &proofmark_evidence::check::Figure) -> String {
    use proofmark_evidence::check::Figure;
    match value {
        Figure::Number(n) => number(n.0),
        Figure::Text(t) => escape(t),
    }
}

/// A number an engineer reads: integers in full, others to four digits.
pub fn number(v: f64) -> String {
    if v.is_infinite() {
        return if v > 0.0 { "&infin;".into() } else { "-&infin;".into() };
    }
    if v.fract() == 0.0 && v.abs() < 1e9 {
        return format!("{v}");
    }
    let size = v.abs();
    if (0.01..10_000.0).contains(&size) {
        let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        return format!("{v:.digits$}");
    }
    format!("{v:.3e}")
}

fn verdict(check: &Check) -> (&'static str, &'static str) {
    match check.verdict {
        Verdict::Pass => ("pass", "pass"),
        Verdict::Fail => ("fail", "FAIL"),
        Verdict::Inconclusive => ("inconclusive", "inconclusive"),
        Verdict::Skipped => ("skipped", "skipped"),
    }
}

fn check_table(page: &mut String, checks: &Checks) {
    let count = |v: Verdict| checks.checks.iter().filter(|c| c.verdict == v).count();
    let _ = writeln!(
        page,
        "<h2 id=\"checks\">Checks</h2><p class=\"soft\">{} passed, {} failed, {} inconclusive, {} skipped.</p>\
         <div class=\"wide\"><table><thead><tr><th>Verdict</th><th>Check</th><th>Finding and figures</th></tr></thead><tbody>",
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Inconclusive),
        count(Verdict::Skipped)
    );
    let mut group = None;
    for check in &checks.checks {
        if group.as_ref() != Some(&check.target) {
            let name =
                check.target.as_deref().map_or("Translation and golden model".to_string(), |t| format!("Target {t}"));
            let _ = writeln!(page, "<tr class=\"group\"><td colspan=\"3\">{}</td></tr>", escape(&name));
            group = Some(check.target.clone());
        }
        let (class, shown) = verdict(check);
        let _ = write!(
            page,
            "<tr><td class=\"verdict {class}\">{shown}</td><td>{}<br><code class=\"soft\">{}</code></td><td>",
            escape(&check.title),
            escape(&check.id)
        );
        if !check.reason.is_empty() {
            let _ = match check.reason.lines().count() {
                1 => write!(page, "{}", escape(&check.reason)),
                _ => write!(page, "<pre class=\"reason\">{}</pre>", escape(&check.reason)),
            };
        }
        figures(page, &check.figures);
        page.push_str("</td></tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
}

fn figures(page: &mut String, figures: &Figures) {
    if figures.is_empty() {
        return;
    }
    page.push_str("<div class=\"fig\">");
    for (name, value) in figures {
        let _ = write!(page, "<span>{}: {}</span> ", label(name), figure(value));
    }
    page.push_str("</div>");
}

fn outputs(page: &mut String, checks: &Checks, evidence: &Evidence) {
    page.push_str("<h2 id=\"outputs\">Outputs against CPython</h2>\n");
    if checks.tolerances.is_empty() {
        page.push_str("<p>No output was compared with a reference.</p>\n");
        return;
    }
    if checks.tolerances.iter().any(|t| t.output.contains(state::PREFIX)) {
        page.push_str(
            "<p class=\"soft\"><span class=\"mono\">state.name</span> is the attribute of that name, after each call.</p>\n",
        );
    }
    page.push_str(
        "<div class=\"wide\"><table><thead><tr><th>Output</th><th>Target</th><th class=\"num\">Largest error</th>\
         <th class=\"num\">Tolerance</th><th class=\"num\">Largest relative error</th><th class=\"num\">SNR, dB</th>\
         <th>How the tolerance was derived</th></tr></thead><tbody>\n",
    );
    for t in &checks.tolerances {
        let _ = writeln!(
            page,
            "<tr><td class=\"mono\">{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>\
             <td class=\"num\">{}</td><td class=\"soft\">{}</td></tr>",
            escape(&t.output),
            escape(&t.target),
            number(t.max_abs_error.0),
            number(t.tolerance_abs.0),
            number(t.max_rel_error.0),
            number(t.snr_db.0),
            escape(&t.derivation)
        );
    }
    page.push_str("</tbody></table></div>\n");
    for c in &evidence.comparisons {
        plots(page, c);
    }
}

fn plots(page: &mut String, c: &Comparison) {
    let drawn = [
        (
            plot::error_plot(&c.reference, &c.actual, c.tolerance),
            "<span class=\"key e\">|target - CPython|</span>, dashed: tolerance",
        ),
        (
            plot::spectrum_plot(&c.reference, &c.actual),
            "<span class=\"key r\">CPython</span><span class=\"key e\">difference</span>, Hann window",
        ),
    ];
    if drawn.iter().all(|(svg, _)| svg.is_none()) {
        return;
    }
    let _ = write!(
        page,
        "<h3><span class=\"mono\">{}</span> of target {} on {}</h3><div class=\"plots\">",
        escape(&c.output),
        escape(&c.targets.join(", ")),
        escape(&c.vector)
    );
    for (svg, caption) in drawn {
        if let Some(svg) = svg {
            let _ = write!(page, "<figure>{svg}<figcaption>{caption}</figcaption></figure>");
        }
    }
    page.push_str("</div>\n");
}

fn code(page: &mut String, evidence: &Evidence) {
    page.push_str(
        "<h2 id=\"code\">Source and generated code</h2><p class=\"soft\">Point at a line to see what it became, or where it \
         came from; click to hold it.",
    );
    if !evidence.withheld.is_empty() {
        page.push_str(" Code of withheld targets is shown here to find the fault; it is not part of the bundle.");
    }
    page.push_str("</p>\n<div class=\"pair\"><div class=\"pane\" id=\"source\">");
    // Lines that some generated line came from.
    let mut used: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for place in evidence.trace.files.values().flatten().flatten() {
        if let Some(name) = evidence.trace.sources.get(place.source) {
            used.entry(name).or_default().extend(place.first_line..=place.last_line);
        }
    }
    let sources: Vec<(&str, &str)> = evidence
        .sources
        .iter()
        .filter(|(n, _)| used.contains_key(n.as_str()))
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    chooser(page, sources.iter().map(|(n, _)| *n));
    let id = |name: &str| evidence.trace.sources.iter().position(|n| n == name).unwrap_or(usize::MAX);
    for (k, (name, text)) in sources.iter().enumerate() {
        open(page, name, k > 0);
        for (i, line) in text.lines().enumerate() {
            let n = i as u32 + 1;
            let linked = used.get(name).is_some_and(|u| u.contains(&n));
            let class = if linked { " class=\"linked\"" } else { "" };
            let _ = write!(page, "<div{class} data-at=\"{}:{n}\"><i>{n}</i>{}</div>", id(name), escape(line));
        }
        page.push_str("</div>");
    }
    page.push_str("</div><div class=\"pane\" id=\"made\">");
    let all = evidence.generated.iter().chain(&evidence.withheld);
    let made: Vec<(&str, &str)> = all.map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let empty = Vec::new();
    let mut order: Vec<usize> = (0..made.len()).collect();
    // the file with the most links first
    order.sort_by_key(|k| {
        std::cmp::Reverse(evidence.trace.files.get(made[*k].0).unwrap_or(&empty).iter().flatten().count())
    });
    chooser(page, order.iter().map(|k| made[*k].0));
    for (at, k) in order.iter().enumerate() {
        let (name, text) = made[*k];
        open(page, name, at > 0);
        let places = evidence.trace.files.get(name).unwrap_or(&empty);
        for (i, line) in text.lines().enumerate() {
            match places.get(i).and_then(Option::as_ref) {
                Some(p) => {
                    let from: Vec<String> = (p.first_line..=p.last_line.min(p.first_line + 40))
                        .map(|l| format!("{}:{l}", p.source))
                        .collect();
                    let _ = write!(
                        page,
                        "<div class=\"linked\" data-from=\"{}\"><i>{}</i>{}</div>",
                        from.join(" "),
                        i + 1,
                        escape(line)
                    );
                }
                None => {
                    let _ = write!(page, "<div><i>{}</i>{}</div>", i + 1, escape(line));
                }
            }
        }
        page.push_str("</div>");
    }
    page.push_str("</div></div>\n");
}

fn chooser<'a>(page: &mut String, names: impl Iterator<Item = &'a str>) {
    page.push_str("<header><select aria-label=\"file\">");
    for name in names {
        let _ = write!(page, "<option>{}</option>", escape(name));
    }
    page.push_str("</select></header>");
}

fn open(page: &mut String, name: &str, hidden: bool) {
    let _ =
        write!(page, "<div class=\"code mono\" data-file=\"{}\"{}>", escape(name), if hidden { " hidden" } else { "" });
}

fn mutants(page: &mut String, evidence: &Evidence) {
    page.push_str("<h2 id=\"mutants\">Mutants</h2>\n");
    let Some(m) = &evidence.mutation else {
        page.push_str("<p>No faults were seeded; the checks table says why.</p>\n");
        return;
    };
    let _ = writeln!(
        page,
        "<p>{} of {} seeded faults in the generated code were caught by the vectors (of {} possible places); {} more are no \
         faults, for the compiler makes the same machine code of them. A survivor is a fault that no vector shows; what was \
         counted of it over all vectors is said.</p>",
        m.killed,
        m.tried,
        m.places,
        m.equivalent.len()
    );
    if m.survivors.is_empty() && m.equivalent.is_empty() {
        return;
    }
    page.push_str("<div class=\"wide\"><table><thead><tr><th>Source</th><th>Seeded fault that was not noticed</th><th>Why</th></tr></thead><tbody>\n");
    for s in m.survivors.iter().chain(&m.equivalent) {
        let at = s.place.as_ref().map_or("(no source line)".to_string(), |(f, l)| format!("{f}:{l}"));
        let _ = writeln!(
            page,
            "<tr><td class=\"mono\">{}</td><td>{}</td><td>{}</td></tr>",
            escape(&at),
            escape(&s.text),
            escape(&s.why)
        );
    }
    page.push_str("</tbody></table></div>\n");
}

fn not_shown(page: &mut String, checks: &Checks) {
    page.push_str("<h2 id=\"not-shown\">Not shown</h2>\n");
    let mut all: Vec<(String, &str)> = checks.not_shown.iter().map(|t| (String::new(), t.as_str())).collect();
    for claim in &checks.claims {
        all.extend(claim.not_shown.iter().map(|t| (format!("{}: ", claim.target), t.as_str())));
    }
    if all.is_empty() {
        page.push_str("<p>Nothing is listed.</p>\n");
        return;
    }
    page.push_str("<ul class=\"plain\">\n");
    for (target, text) in all {
        let _ = writeln!(page, "<li>{}{}</li>", escape(&target), escape(text));
    }
    page.push_str("</ul>\n");
}

fn provenance(page: &mut String, checks: &Checks) {
    page.push_str(
        "<h2 id=\"provenance\">Inputs and tools</h2><div class=\"wide\"><table><thead><tr><th>Input</th><th>SHA-256</th></tr></thead><tbody>\n",
    );
    for i in &checks.inputs {
        let _ =
            writeln!(page, "<tr><td class=\"mono\">{}</td><td class=\"mono\">{}</td></tr>", escape(&i.name), i.sha256);
    }
    page.push_str("</tbody></table></div><div class=\"wide\"><table><thead><tr><th>Tool</th><th>Version</th></tr></thead><tbody>\n");
    for t in &checks.tools {
        let _ = writeln!(page, "<tr><td>{}</td><td class=\"mono\">{}</td></tr>", escape(&t.name), escape(&t.version));
    }
    page.push_str("</tbody></table></div>\n<p class=\"soft\">Check this bundle with <code>proofmark verify</code>; its format is public and needs no tool of ours.</p>\n");
}
