//! What operators do at the machine itself, without an account: organizations and ways back in ([`admin`]), and the
//! collection of blobs that nothing refers to ([`collect`]).

pub mod admin;
pub mod collect;
