//! Trees that are changed: against a model, by many threads, with failing logs and pages, and beside redo of what they
//! logged.

mod model;
mod replay;
mod stage;
mod threads;
mod walk;
