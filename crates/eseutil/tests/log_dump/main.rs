//! `/ml` and `/k` of logs, compared line by line with what the original tool printed (data/ese/eseutil, log-text).
//!
//! Between the start line and the ending line every line must be equal, blank ones included. The only difference let
//! through is the one that INDEX.md names for this output: the read columns of the I/O table, where an unstable sort
//! of the original decides.

mod agreement;
mod damaged;
mod histogram;
mod original;
mod running;
