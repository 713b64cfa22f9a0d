//! The HTTP server: public API, sign-in, problem+json, events by SSE.
