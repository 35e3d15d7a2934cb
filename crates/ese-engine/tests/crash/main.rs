//! Whole instances on a disk whose power goes at every call that writes: what was acknowledged is there afterwards, what
//! was not committed is not, and the databases are sound (spec 06 §18, §19).

mod backup;
mod backup_traces;
mod legacy;
mod model;
mod power;
mod threads;
mod workload;
