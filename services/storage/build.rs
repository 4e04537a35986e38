//! Builds the migrations in again when one is added.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/mongo");
    println!("cargo:rerun-if-changed=../../migrations/postgres");
    println!("cargo:rerun-if-changed=../../migrations/sqlite");
}
