//! Cursors over a table in memory.

mod bed;
mod currency;
mod desk;
mod keys;
mod records;
