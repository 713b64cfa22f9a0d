//! Names that are safe where they are used.

/// Whether a source file is part of Proofmark (`<prelude>/fft.py`), not the user's.
pub fn is_ours(name: &str) -> bool {
    name.starts_with('<')
}

/// A relative path for the bundle: no parts that leave it, no characters that mean something elsewhere.
pub fn safe_path(name: &str) -> String {
    let parts = name.split(['/', '\\']).filter(|p| !p.is_empty() && *p != "." && *p != "..");
    let clean = |p: &str| -> String {
        p.chars().map(|c| if matches!(c, ':' | '<' | '>') || c.is_control() { '_' } else { c }).collect()
    };
    let path = parts.map(clean).collect::<Vec<_>>().join("/");
    if path.is_empty() { "source".into() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_bundle() {
        assert_eq!(safe_path("../../etc/pass:wd"), "etc/pass_wd");
        assert_eq!(safe_path(".."), "source");
        assert_eq!(safe_path("<prelude>/fft.py"), "_prelude_/fft.py");
    }
}
