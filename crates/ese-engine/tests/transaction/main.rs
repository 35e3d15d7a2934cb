//! Sessions over real trees, a real log and a simulated disk: who sees what, who is in whose way, what the log says of
//! it, and what is left when it is over.

mod cleanup;
mod isolation;
mod levels;
mod limits;
mod model;
mod recovered;
mod stage;
mod stress;
mod undo_images;
