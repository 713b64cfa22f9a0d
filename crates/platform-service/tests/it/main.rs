//! Tests of the use cases through their public face.

mod authorization;
