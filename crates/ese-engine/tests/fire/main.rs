//! Backup under fire: eight threads insert, split, merge and delete while backups are taken at random moments. Each is
//! restored elsewhere and compared with the model at the restored point: every transaction is there whole or not at all,
//! and the point lies between what was acknowledged before the last logs were listed and what was begun when they were.
//! The verifier finds nothing in any of them.
//!
//! `ESENT_FIRE_BACKUPS` says how many full backups (4 where nobody asks; the others follow from it), `ESENT_FIRE_SEED` from
//! which seed: the transactions of each thread follow from it alone, the moments of the backups are the machine's.
//! `ESENT_FIRE_KEEP` names a folder that gets the last restored database of each test, for other readers (.ci/readers).

mod chains;
mod databases;
mod full;
mod model;
mod restored;
mod stage;
mod target;

/// A number that the environment may give.
fn asked(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Full backups of the first test; the others take a part of it.
fn backups() -> u64 {
    asked("ESENT_FIRE_BACKUPS", 4)
}

fn seed() -> u64 {
    asked("ESENT_FIRE_SEED", 20)
}
