//! Everything the translator asks of the world: the reference interpreter in its sandbox, compilers and analysers
//! behind one port, and NumPy's file formats. The translator itself (`proofmark-silicon`) starts no process.

pub mod cancel;
pub mod npy;
pub mod oracle;
pub mod python;
pub mod sandbox;
pub mod tool;
pub mod translate;
pub mod verify;
