//! File tests of each pass, and random modules that must compute the same before and after.

mod files;
mod numeric;
mod random;
