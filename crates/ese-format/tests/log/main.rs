//! Logs, checkpoints and their records: the vectors of spec 05, every real file at hand, and hostile bytes.

mod checkpoints;
mod corpus;
mod hostile;
mod legacy;
mod names;
mod reading;
mod vectors;
