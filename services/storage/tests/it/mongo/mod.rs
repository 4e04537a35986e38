//! MongoDB: database, migrations and outbox.

mod migrations;
mod outbox;
mod unresponsive;
