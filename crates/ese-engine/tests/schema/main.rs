//! Schemas of attached databases: new databases, DDL against the behaviour table and a model, information calls,
//! temporary tables.

mod behaviour;
mod dropped;
mod model;
mod new_database;
mod original_engine;
#[path = "../corpus/sha256.rs"]
mod sha256;
mod stage;
mod temporary;
mod threads;
