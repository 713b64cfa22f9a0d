//! Lists in pages: newest first, by identifier, which sorts by the time of making.

use crate::connection::{Row, Value, text};
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

impl<Id: Copy + std::fmt::Display> Page<Id> {
    /// The two values behind `(? = '' OR id < ?)`.
    pub(crate) fn before(&self) -> [Value; 2] {
        let before = self.before.map_or_else(|| text(""), text);
        [before.clone(), before]
    }

    /// How many rows to ask for: one more than wanted shows whether there is a next page.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit.clamp(1, MOST)) + 1
    }

    /// The page from the rows of such a query.
    pub(crate) fn listed<T>(
        &self,
        rows: &[Row],
        read: impl Fn(&Row) -> Result<T>,
        id: impl Fn(&T) -> Id,
    ) -> Result<Listed<T, Id>> {
        let wanted = self.limit.clamp(1, MOST) as usize;
        let items = rows.iter().take(wanted).map(read).collect::<Result<Vec<T>>>()?;
        let next = if rows.len() > wanted { items.last().map(id) } else { None };
        Ok(Listed { items, next })
    }
}
