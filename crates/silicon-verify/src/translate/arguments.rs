//! `--arg name=dtype[shape]`.

use super::Refusal;
use proofmark_silicon::dtype::DType;
use proofmark_silicon::translation::{ArgExtent, ArgSpec};

/// Reads declared arguments.
///
/// # Errors
/// PM0214: one that is not understood, or a name that comes twice.
pub(super) fn specs(texts: &[String]) -> Result<Vec<ArgSpec>, Refusal> {
    let mut specs: Vec<ArgSpec> = Vec::new();
    for text in texts {
        let spec = parse(text).map_err(|why| {
            Refusal::usage("PM0214", format!("`--arg {text}` is not understood: {why}"))
                .help("write it as `--arg name=dtype[extent,...]`, for example `--arg x=complex64[n]`")
        })?;
        if specs.iter().any(|s| s.name == spec.name) {
            return Err(Refusal::usage("PM0214", format!("the argument `{}` is declared twice", spec.name)));
        }
        specs.push(spec);
    }
    Ok(specs)
}

/// Reads one declared argument.
///
/// # Errors
/// What is wrong with it, for the user.
fn parse(text: &str) -> Result<ArgSpec, String> {
    let (name, ty) = text.split_once('=').ok_or("there is no `=`")?;
    let name = name.trim();
    if !is_identifier(name) {
        return Err(format!("`{name}` is not a parameter name"));
    }
    let (dtype, shape) = match ty.trim().split_once('[') {
        None => (ty.trim(), None),
        Some((dtype, rest)) => {
            let inner = rest.strip_suffix(']').ok_or("the shape has no closing `]`")?;
            (dtype.trim(), Some(inner))
        }
    };
    let known = || DType::ALL.iter().map(|d| d.name()).collect::<Vec<_>>().join(", ");
    let dtype =
        DType::from_name(dtype).ok_or_else(|| format!("`{dtype}` is not an element type; there are {}", known()))?;
    let extent = |part: &str| match part.trim() {
        "" => Err("an extent is missing".to_string()),
        n if n.bytes().all(|b| b.is_ascii_digit()) => {
            n.parse().map(ArgExtent::Fixed).map_err(|_| format!("the extent {n} is too large"))
        }
        n if is_identifier(n) => Ok(ArgExtent::Named(n.to_string())),
        n => Err(format!("`{n}` is neither a number nor a name")),
    };
    let shape = shape.map(|s| s.split(',').map(extent).collect::<Result<Vec<_>, _>>()).transpose()?;
    Ok(ArgSpec { name: name.to_string(), dtype, shape: shape.unwrap_or_default() })
}

fn is_identifier(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_manual_says() {
        let a = parse("x=complex64[n]").unwrap();
        assert_eq!((a.name.as_str(), a.dtype, a.shape.len()), ("x", DType::Complex64, 1));
        assert_eq!(a.shape[0], ArgExtent::Named("n".into()));
        assert_eq!(parse("m = float64[ 3, k ]").unwrap().shape, [ArgExtent::Fixed(3), ArgExtent::Named("k".into())]);
        assert!(parse("gain=float32").unwrap().shape.is_empty());
    }

    #[test]
    fn refuses_the_rest_with_a_reason() {
        for (text, reason) in [
            ("x", "no `=`"),
            ("x=complex64[n", "closing"),
            ("x=complex", "not an element type"),
            ("x=float64[]", "missing"),
            ("x=float64[2n]", "neither"),
            ("2x=float64", "parameter name"),
            ("x=float64[99999999999999999999999]", "too large"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
