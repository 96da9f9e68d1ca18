//! What the tests share: a server, clients, receivers and builders.
