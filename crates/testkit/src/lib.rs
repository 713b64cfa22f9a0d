//! Fixtures and runners of the tests that are data: `tests/run/*.py` checked in CPython and the golden model.

pub mod corpus;
