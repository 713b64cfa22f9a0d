//! Who is asking: one suite on SQLite and on PostgreSQL.

mod accounts;
mod certificates;
mod members;
mod oidc;
mod second_factor;
mod sign_in;
mod tokens;
