//! `backup`, `verify-backup`, the `restore` family, `/c`, `/mh` of backup copies and `error`: on databases made here and on the original
//! engine's sets, and with what hostile files and folders make of them.

mod corpus_sets;
mod decision_table;
mod environment;
mod error_codes;
mod record;
mod refusals;
mod round_trip;
mod signals;
mod stage;
