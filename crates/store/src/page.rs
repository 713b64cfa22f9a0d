//! Lists in pages: newest first, by identifier, which sorts by the time of making.

use crate::connection::{Connection, Row, Value, text};
use proofmark_base::error::Result;

/// Most items of a page.
pub const MOST: u32 = 200;

/// Which page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page<Id> {
    /// Items older than this one; from the newest if none.
    pub before: Option<Id>,
    /// How many, 1 to [`MOST`].
    pub limit: u32,
}

impl<Id> Default for Page<Id> {
    fn default() -> Self {
        Page { before: None, limit: 50 }
    }
}

/// A page and what the next one is asked with.
#[derive(Clone, Debug)]
pub struct Listed<T, Id> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// [`Page::before`] of the next page; none at the end.
    pub next: Option<Id>,
}

/// A condition of a list with its value, if it has one: `("project_id = ?", Some(project))`, `("ended_at IS NULL", None)`.
pub(crate) type Condition = (&'static str, Option<Value>);

impl<Id: Copy + std::fmt::Display> Page<Id> {
    /// The page of the rows `SELECT from WHERE conditions`. What nobody asked for does not stand in the statement, so that
    /// an index leads to the first row of a page, however deep in the list that is.
    pub(crate) async fn read<T>(
        &self,
        on: &mut dyn Connection,
        from: &str,
        conditions: impl IntoIterator<Item = Condition>,
        read: impl Fn(&Row) -> Result<T>,
        id: impl Fn(&T) -> Id,
    ) -> Result<Listed<T, Id>> {
        let wanted = self.limit.clamp(1, MOST) as usize;
        let before: Option<Condition> = self.before.map(|id| ("id < ?", Some(text(id))));
        let (mut sql, mut values) = (format!("SELECT {from}"), Vec::new());
        let mut word = " WHERE ";
        for (condition, value) in conditions.into_iter().chain(before) {
            sql.push_str(word);
            sql.push_str(condition);
            values.extend(value);
            word = " AND ";
        }
        sql.push_str(" ORDER BY id DESC LIMIT ?");
        // one more than wanted shows whether there is a next page
        values.push(Value::Int(wanted as i64 + 1));
        let rows = on.rows(&sql, &values).await?;
        let items = rows.iter().take(wanted).map(read).collect::<Result<Vec<T>>>()?;
        let next = if rows.len() > wanted { items.last().map(id) } else { None };
        Ok(Listed { items, next })
    }
}
