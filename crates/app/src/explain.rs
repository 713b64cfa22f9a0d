//! `proofmark explain FILE:LINE`: a source line and what it became, a generated line and where it comes from, with
//! the HIR values in between.

use crate::cli::Explain;
use crate::console::Console;
use crate::failure::Failure;
use proofmark_silicon_verify::verify::names::safe_path;
use proofmark_silicon_verify::verify::trace::{Place, Trace};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Generated lines shown for one source line.
const MOST: usize = 60;

/// Runs the command.
///
/// # Errors
/// PM0222, PM0224.
pub fn explain(options: &Explain, console: &mut Console) -> Result<u8, Failure> {
    let unclear = |what: String| Failure::usage("PM0227", what);
    let (file, line) = options
        .place
        .rsplit_once(':')
        .and_then(|(f, l)| Some((PathBuf::from(f), l.parse::<u32>().ok().filter(|l| *l > 0)?)))
        .ok_or_else(|| unclear(format!("`{}` is not FILE:LINE", options.place)))?;
    let bundle = match &options.bundle {
        Some(b) => b.clone(),
        None => find(&file).ok_or_else(|| {
            unclear(format!("no bundle knows {}", file.display())).help("name the bundle with `--bundle OUT`")
        })?,
    };
    let text = std::fs::read(bundle.join("trace.json")).map_err(|e| {
        Failure::usage("PM0222", format!("{} is not a usable bundle: trace.json: {e}", bundle.display()))
    })?;
    let trace: Trace = serde_json::from_slice(&text).map_err(|e| {
        Failure::usage("PM0222", format!("{} is not a usable bundle: trace.json: {e}", bundle.display()))
    })?;
    if let Some(path) = inside(&file, &bundle).filter(|p| trace.files.contains_key(p)) {
        return generated(&trace, &bundle, &path, line, console);
    }
    let source = trace.sources.iter().position(|s| names(s, &file, &bundle));
    match source {
        Some(source) => from_source(&trace, &bundle, source, line, console),
        None => Err(unclear(format!("the bundle {} has no record of {}", bundle.display(), file.display()))),
    }
}

/// The path of a file within the bundle.
fn inside(file: &Path, bundle: &Path) -> Option<String> {
    let direct = file.strip_prefix(bundle).ok().map(Path::to_path_buf);
    let full = || file.canonicalize().ok()?.strip_prefix(bundle.canonicalize().ok()?).ok().map(Path::to_path_buf);
    direct.or_else(full).map(|p| p.to_string_lossy().into_owned())
}

fn names(source: &str, file: &Path, bundle: &Path) -> bool {
    let kept = format!("sources/{}", safe_path(source));
    inside(file, bundle).is_some_and(|p| p == kept) || file.ends_with(source) || Path::new(source).ends_with(file)
}

/// The bundle a generated file lies in, or one beside a source file or in the working directory that knows it.
fn find(file: &Path) -> Option<PathBuf> {
    let is_bundle = |p: &Path| p.join("trace.json").is_file();
    let full = file.canonicalize().ok()?;
    if let Some(bundle) = full.ancestors().skip(1).find(|p| is_bundle(p)) {
        return Some(bundle.to_path_buf());
    }
    let bytes = std::fs::read(&full).ok()?;
    let folders = [full.parent().map(Path::to_path_buf), std::env::current_dir().ok()];
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in folders.into_iter().flatten() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        found.extend(entries.flatten().map(|e| e.path()).filter(|p| is_bundle(p)));
    }
    found.sort();
    // only a bundle made from these very bytes can say something about this file
    found.into_iter().find(|b| {
        let name = full.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let trace = std::fs::read(b.join("trace.json")).ok().and_then(|t| serde_json::from_slice::<Trace>(&t).ok());
        trace.is_some_and(|t| {
            let mut same = t.sources.iter().filter(|s| s.ends_with(&name));
            same.any(|s| std::fs::read(b.join("sources").join(safe_path(s))).is_ok_and(|copy| copy == bytes))
        })
    })
}

fn lines(bundle: &Path, path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(bundle.join(path)).unwrap_or_default();
    text.lines().map(str::to_string).collect()
}

fn covers(p: &Place, source: usize, line: u32) -> bool {
    p.source == source && p.first_line <= line && line <= p.last_line
}

fn values(trace: &Trace, text: &mut String, wanted: impl Fn(&Place) -> bool) -> Vec<serde_json::Value> {
    let mut list = Vec::new();
    for v in trace.values.iter().filter(|v| wanted(&v.at)).take(MOST) {
        let name = v.name.as_deref().map_or(String::new(), |n| format!(" \"{n}\""));
        let _ = writeln!(text, "  %{}{name}: {} in {}", v.value, v.ty, v.function);
        list.push(json!({"value": v.value, "name": v.name, "type": v.ty, "function": v.function}));
    }
    list
}

fn generated(trace: &Trace, bundle: &Path, path: &str, line: u32, console: &mut Console) -> Result<u8, Failure> {
    let places = &trace.files[path];
    let Some(place) = places.get(line as usize - 1) else {
        return Err(Failure::usage("PM0227", format!("{path} has {} lines", places.len())));
    };
    let code = lines(bundle, path);
    let mut text = format!("{path}:{line}: {}\n", code.get(line as usize - 1).map_or("", |l| l.trim()));
    let Some(p) = place else {
        text.push_str("comes from no source line: it is part of every translation\n");
        console.result(&text, &json!({"explain": {"file": path, "line": line, "source": null}}));
        return Ok(0);
    };
    let name = trace.sources.get(p.source).cloned().unwrap_or_default();
    text.push_str("values of the intermediate form\n");
    let found = values(trace, &mut text, |at| at == p);
    let found = if found.is_empty() {
        values(trace, &mut text, |at| at.source == p.source && at.first_line == p.first_line)
    } else {
        found
    };
    text.push_str("from source\n");
    let source = lines(bundle, &format!("sources/{}", safe_path(&name)));
    for n in p.first_line..=p.last_line {
        let _ = writeln!(text, "  {name}:{n}: {}", source.get(n as usize - 1).map_or("", |l| l.trim_end()));
    }
    let from = json!({"file": name, "first_line": p.first_line, "last_line": p.last_line});
    console.result(&text, &json!({"explain": {"file": path, "line": line, "source": from, "values": found}}));
    Ok(0)
}

fn from_source(trace: &Trace, bundle: &Path, source: usize, line: u32, console: &mut Console) -> Result<u8, Failure> {
    let name = trace.sources[source].clone();
    let own = lines(bundle, &format!("sources/{}", safe_path(&name)));
    let Some(shown) = own.get(line as usize - 1) else {
        return Err(Failure::usage("PM0227", format!("{name} has {} lines", own.len())));
    };
    let mut text = format!("{name}:{line}: {}\nvalues of the intermediate form\n", shown.trim_end());
    let found = values(trace, &mut text, |at| covers(at, source, line));
    let mut made = Vec::new();
    for (path, places) in &trace.files {
        let code = lines(bundle, path);
        let hits: Vec<usize> =
            (0..places.len()).filter(|i| places[*i].as_ref().is_some_and(|p| covers(p, source, line))).collect();
        for i in hits.iter().take(MOST) {
            let _ = writeln!(text, "  {path}:{}: {}", i + 1, code.get(*i).map_or("", |l| l.trim()));
        }
        if hits.len() > MOST {
            let _ = writeln!(text, "  and {} more lines of {path}", hits.len() - MOST);
        }
        made.extend(hits.into_iter().map(|i| json!({"file": path, "line": i + 1})));
    }
    if made.is_empty() {
        text.push_str("became no code: it was evaluated during translation, or nothing depends on it\n");
    }
    console.result(&text, &json!({"explain": {"file": name, "line": line, "values": found, "generated": made}}));
    Ok(0)
}
