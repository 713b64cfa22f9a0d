//! Words of the text form.

use super::parse::ParseError;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// `add`
    Word(String),
    /// `-1`, `0x7f`, `1.5e-3`
    Number(String),
    /// `"text"`, unescaped
    Text(String),
    /// `%3`
    Value(u32),
    /// `$0`
    Length(u32),
    /// `->`, `..` and single marks
    Mark(&'static str),
    /// After the last word.
    End,
}

const MARKS: [&str; 15] = ["->", "..", "(", ")", "[", "]", "{", "}", ",", ":", "=", "*", "+", "_", "?"];

/// Splits a text; each word with its byte position.
pub(super) fn lex(text: &str) -> Result<Vec<(Token, usize)>, ParseError> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (token, len) = if c == '"' {
            quoted(rest).ok_or_else(|| ParseError::at(text, start, "a string does not end, or has a wrong escape"))?
        } else if c == '%' || c == '$' {
            let digits = run(&rest[1..], |c| c.is_ascii_digit());
            let id = digits.parse().map_err(|_| ParseError::at(text, start, "a number is due"))?;
            (if c == '%' { Token::Value(id) } else { Token::Length(id) }, 1 + digits.len())
        } else if c.is_ascii_alphabetic() {
            let word = run(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            (Token::Word(word.into()), word.len())
        } else if let Some(len) = number(rest) {
            (Token::Number(rest[..len].into()), len)
        } else if let Some(mark) = MARKS.iter().find(|m| rest.starts_with(**m)) {
            (Token::Mark(mark), mark.len())
        } else {
            return Err(ParseError::at(text, start, format!("unexpected `{}`", c.escape_debug())));
        };
        out.push((token, start));
        at += len;
    }
    out.push((Token::End, text.len()));
    Ok(out)
}

fn run(s: &str, ok: impl Fn(char) -> bool) -> &str {
    &s[..s.find(|c| !ok(c)).unwrap_or(s.len())]
}

/// Length of the number at the start, if there is one.
fn number(s: &str) -> Option<usize> {
    let sign = usize::from(s.starts_with('-'));
    let body = &s[sign..];
    if body.starts_with("inf") {
        return Some(sign + 3);
    }
    if let Some(hex) = body.strip_prefix("0x") {
        let digits = run(hex, |c| c.is_ascii_hexdigit()).len();
        return (digits > 0).then_some(sign + 2 + digits);
    }
    let digits = |s: &str| run(s, |c| c.is_ascii_digit()).len();
    let mut len = digits(body);
    if len == 0 {
        return None;
    }
    // `0..` is a number and a range
    if body[len..].starts_with('.') && !body[len..].starts_with("..") {
        len += 1 + digits(&body[len + 1..]);
    }
    if body[len..].starts_with('e') {
        let minus = usize::from(body[len + 1..].starts_with('-'));
        len += 1 + minus + digits(&body[len + 1 + minus..]);
    }
    Some(sign + len)
}

/// The string in quotes at the start, and the length of its spelling.
fn quoted(s: &str) -> Option<(Token, usize)> {
    let mut out = String::new();
    let mut chars = s.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Some((Token::Text(out), i + 1)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                c @ ('"' | '\\') => out.push(c),
                'u' => {
                    if chars.next()?.1 != '{' {
                        return None;
                    }
                    let mut code = 0u32;
                    loop {
                        match chars.next()?.1 {
                            '}' => break,
                            c => code = code.checked_mul(16)?.checked_add(c.to_digit(16)?)?,
                        }
                    }
                    out.push(char::from_u32(code)?);
                }
                _ => return None,
            },
            c => out.push(c),
        }
    }
    None
}
