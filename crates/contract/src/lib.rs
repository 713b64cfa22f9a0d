//! Types of the public API and its document. No server here.
