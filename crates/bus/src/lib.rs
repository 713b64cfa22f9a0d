//! Events on their way out: the outbox relay, in-process and NATS delivery, signed webhooks.
