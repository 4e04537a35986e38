//! What the database, the migrations and the outbox promise on MongoDB.

mod migrations;
mod outbox;
mod silence;
