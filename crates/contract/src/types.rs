//! Types of requests and answers. Inputs refuse fields they do not know; outputs may gain fields.

pub mod approvals;
pub mod audit;
pub mod common;
pub mod identity;
pub mod organizations;
pub mod projects;
pub mod runs;
pub mod single_sign_on;
pub mod system;
pub mod webhooks;

/// A type of the API: it has a schema, a JSON form, and an example that is shown and tested.
pub trait Shape: utoipa::ToSchema + serde::Serialize {
    /// An example as it could be sent.
    fn example() -> Self;
}

/// Examples in documents of lists: pages of one item.
impl<T: Shape> Shape for common::Page<T> {
    fn example() -> Self {
        common::Page { items: vec![T::example()], next_cursor: None }
    }
}
