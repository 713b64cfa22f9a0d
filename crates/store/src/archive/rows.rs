//! Rows as JSON Lines: one array for each row, with a value for each column of the archive's header. Integers and truth
//! values are JSON's; texts are strings, and so are floating-point numbers, as the shortest text that reads back the same.

use super::catalog::{Column, Holds, Table};
use super::damaged;
use crate::connection::{Row, Value};
use proofmark_base::error::{Error, Result};
use serde_json::Value as Json;

/// Adds a row as a line.
pub(super) fn encode(table: &Table, row: &Row, to: &mut Vec<u8>) -> Result<()> {
    let cell = |c: &Column| -> Result<Json> {
        let name = c.name.as_str();
        Ok(match c.holds {
            Holds::Int => row.int_opt(name)?.map_or(Json::Null, Json::from),
            Holds::Bool => row.bool_opt(name)?.map_or(Json::Null, Json::from),
            Holds::Real => row.real_opt(name)?.map_or(Json::Null, |v| Json::from(format!("{v:?}"))),
            Holds::Text => row.text_opt(name)?.map_or(Json::Null, Json::from),
        })
    };
    let cells = table.columns.iter().map(cell).collect::<Result<Vec<Json>>>();
    let cells = cells.map_err(|e| Error::bug(format!("a row of {} cannot be read", table.name)).because(e))?;
    serde_json::to_writer(&mut *to, &cells).map_err(|e| Error::bug("a row has no JSON").because(e))?;
    to.push(b'\n');
    Ok(())
}

/// The rows of a part.
pub(super) fn decode(holds: &[Holds], part: &[u8]) -> Result<Vec<Vec<Value>>> {
    let strange = || damaged("a row in it is not as this program writes them");
    let text = std::str::from_utf8(part).map_err(|_| strange())?;
    let mut rows = Vec::new();
    // the last line ends, too
    let lines = match text {
        "" => return Ok(rows),
        _ => text.strip_suffix('\n').ok_or_else(strange)?,
    };
    for line in lines.split('\n') {
        let cells: Vec<Json> = serde_json::from_str(line).map_err(|_| strange())?;
        if cells.len() != holds.len() {
            return Err(strange());
        }
        let value = |(cell, holds): (Json, &Holds)| {
            Some(match (cell, holds) {
                (Json::Null, _) => Value::Null,
                (Json::Number(n), Holds::Int) => Value::Int(n.as_i64()?),
                (Json::Bool(b), Holds::Bool) => Value::Bool(b),
                (Json::String(s), Holds::Real) => Value::Real(s.parse().ok()?),
                (Json::String(s), Holds::Text) => Value::Text(s),
                _ => return None,
            })
        };
        rows.push(cells.into_iter().zip(holds).map(value).collect::<Option<Vec<Value>>>().ok_or_else(strange)?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_do_not_fit_their_columns_are_refused() {
        let holds = [Holds::Int, Holds::Bool, Holds::Real, Holds::Text];
        let good = b"[-9223372036854775808,true,\"0.1\",\"a\\nb\"]\n[null,null,null,null]\n";
        let rows = decode(&holds, good).unwrap();
        let first = [Value::Int(i64::MIN), Value::Bool(true), Value::Real(0.1), Value::Text("a\nb".into())];
        assert_eq!(rows, [first.to_vec(), vec![Value::Null; 4]]);
        assert!(decode(&holds, b"").unwrap().is_empty());
        for bad in [
            "[1,true,\"0.1\",\"a\"]",
            "[1,true,\"0.1\"]\n",
            "[1,true,\"0.1\",\"a\",1]\n",
            "[1.5,true,\"0.1\",\"a\"]\n",
            "[9223372036854775808,true,\"0.1\",\"a\"]\n",
            "[1,1,\"0.1\",\"a\"]\n",
            "[1,true,0.1,\"a\"]\n",
            "[1,true,\"x\",\"a\"]\n",
            "[1,true,\"0.1\",1]\n",
            "{}\n",
            "\n",
        ] {
            assert_eq!(decode(&holds, bad.as_bytes()).unwrap_err().code, "archive.damaged", "{bad}");
        }
        assert!(decode(&holds, b"\xff\n").is_err());
    }
}
