//! What an engine takes from the machine it runs on: files, time, chance, and whether it may have threads of its own.
//!
//! A whole instance in a test gets a [`Host`] whose disk is simulated, whose clock and entropy are counters, and which
//! grants no threads; it then does the same thing every time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use ese_format::logtime::Logtime;

use crate::io::{FileSystem, OsFileSystem};

/// Milliseconds in a second, a minute, an hour and a day.
const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    fn milliseconds(&self) -> u64;

    /// The time as files store it, in UTC.
    fn logtime(&self) -> Logtime {
        logtime_of(self.milliseconds())
    }
}

/// Gives numbers that nobody can guess, for signatures.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// The next number.
    fn next(&self) -> u64;
}

/// Who does the work that no call waits for: writing pages back, cleaning versions, flushing lazy commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Threads of the engine.
    Threads,
    /// The calling threads, at the end of their transactions: the same work at the same place every time.
    Inline,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// Its disk.
    pub file_system: Arc<dyn FileSystem>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Its source of chance.
    pub entropy: Arc<dyn Entropy>,
    /// Its threads.
    pub background: Background,
}

impl Host {
    /// The machine this program runs on.
    #[must_use]
    pub fn system() -> Self {
        Self {
            file_system: Arc::new(OsFileSystem),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            background: Background::Threads,
        }
    }

    /// A machine that does the same for the same seed: this disk, a clock that ticks a millisecond each time it is
    /// looked at, and no threads.
    #[must_use]
    pub fn simulated(file_system: Arc<dyn FileSystem>, seed: u64) -> Self {
        Self {
            file_system,
            clock: Arc::new(TickingClock::default()),
            entropy: Arc::new(SeededEntropy(AtomicU64::new(seed))),
            background: Background::Inline,
        }
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn milliseconds(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that moves on one millisecond each time it is looked at, from 2026-01-01 on.
#[derive(Debug)]
pub struct TickingClock(AtomicU64);

impl Default for TickingClock {
    fn default() -> Self {
        Self(AtomicU64::new(1_767_225_600_000))
    }
}

impl Clock for TickingClock {
    fn milliseconds(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Chance from the operating system's seed for hash maps.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn next(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(SystemClock.milliseconds())
    }
}

/// A sequence that a seed decides (SplitMix64).
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// The stored form of a moment (spec 01 §2.2).
fn logtime_of(milliseconds: u64) -> Logtime {
    let (year, month, day) = date_of(milliseconds / DAY);
    let fraction = (milliseconds % SECOND) as u16;
    Logtime {
        seconds: (milliseconds % MINUTE / SECOND) as u8,
        minutes: (milliseconds % HOUR / MINUTE) as u8,
        hours: (milliseconds % DAY / HOUR) as u8,
        day,
        month,
        year_since_1900: u8::try_from(year.saturating_sub(1900)).unwrap_or(u8::MAX),
        low: ((fraction & 0x7F) << 1) as u8 | 1,
        high: ((fraction >> 7) << 1) as u8,
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
fn date_of(days: u64) -> (u64, u8, u8) {
    // Years are counted from March, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u8;
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_stored_as_files_store_them() {
        // RATH11-D SRU.log: 2a 0a 02 03 07 7a 69 04 = 2022-07-03 02:10:42.308 UTC (spec 05 §1).
        let stored = logtime_of(1_656_814_242_308);
        let bytes = [stored.seconds, stored.minutes, stored.hours, stored.day, stored.month];
        assert_eq!(bytes, [0x2A, 0x0A, 0x02, 0x03, 0x07]);
        assert_eq!((stored.year(), stored.milliseconds(), stored.is_utc()), (2022, 308, true));
        assert_eq!((stored.low, stored.high), (0x69, 0x04));
        let leap = logtime_of(1_709_164_800_000);
        assert_eq!((leap.year(), leap.month, leap.day), (2024, 2, 29));
    }

    #[test]
    fn a_seed_decides_the_sequence() {
        let draw = |seed| {
            let entropy = SeededEntropy(AtomicU64::new(seed));
            [entropy.next(), entropy.next()]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
