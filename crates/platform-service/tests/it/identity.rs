//! Who is asking: one suite on SQLite and on PostgreSQL.

mod accounts;
mod members;
mod second_factor;
mod sign_in;
mod tokens;
