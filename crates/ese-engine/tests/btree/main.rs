//! Trees that are changed: against a model, by many threads, with failing logs and pages, and beside redo of what they
//! logged.

mod faults;
mod model;
mod replay;
mod shape;
mod speed;
mod stage;
mod threads;
mod walk;
