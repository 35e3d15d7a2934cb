//! The switches of `/k` and of the modes that change files (spec 10 §4).
//!
//! Modes that this version does not have are read to the last switch, so that a wrong command line is told from a
//! right one, and end as [`Command::Unavailable`].

use std::path::PathBuf;

use super::classic::{FormatVersion, Switches, invalid_option};
use super::words::{Words, set_once};
use super::{
    CheckOptions, ChecksumOptions, Command, CompactOptions, MovedDatabase, RecoverOptions, UsageError, Wanted,
};

const MISSING_DATABASE: (&str, usize) = ("Missing source database specification.", 1);
const TEMPORARY: &str = "temporary database";

/// `/k`.
#[derive(Default)]
pub(super) struct ChecksumSwitches {
    options: ChecksumOptions,
}

impl Switches for ChecksumSwitches {
    const LETTERS: &'static str = "24813o!evtei";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Unknown;
    const MISSING_SOURCE: (&'static str, usize) = MISSING_DATABASE;

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError> {
        match letter {
            't' => set_once(&mut self.options.temporary, words.value(attached, TEMPORARY)?.into(), TEMPORARY),
            'e' => {
                self.options.skip_database = Wanted::Yes;
                Ok(())
            }
            'i' => Ok(()),
            _ => Err(invalid_option(whole)),
        }
    }

    fn finish(mut self, source: PathBuf) -> Result<Command, UsageError> {
        self.options.sources = vec![source];
        Ok(Command::Checksum(self.options))
    }
}

/// `/d`.
#[derive(Default)]
pub(super) struct DefragmentSwitches {
    options: CompactOptions,
}

impl Switches for DefragmentSwitches {
    const LETTERS: &'static str = "24813o!evtpbnxwc";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Taken;
    const MISSING_SOURCE: (&'static str, usize) = MISSING_DATABASE;

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError> {
        let options = &mut self.options;
        match letter {
            't' => set_once(&mut options.target, words.value(attached, TEMPORARY)?.into(), TEMPORARY)?,
            'b' => {
                let backup = words.value(attached, "backup database")?.into();
                set_once(&mut options.backup, backup, "backup database")?;
            }
            'p' => options.keeps_source = Wanted::Yes,
            'n' => options.statistics = Wanted::Yes,
            'x' => {
                options.extension_pages = Some(number(words, attached, "Invalid database extension size.")?);
            }
            // How much is written at once is the cache's own decision here.
            'w' => drop(number(words, attached, "Invalid batch I/O size.")?),
            'c' => {
                let pages = number(words, attached, "Invalid maximum cache size specification.")?;
                options.cache_pages = Some(pages);
            }
            _ => return Err(invalid_option(whole)),
        }
        Ok(())
    }

    fn finish(mut self, source: PathBuf) -> Result<Command, UsageError> {
        self.options.source = source;
        self.options.replaces_target = Wanted::Yes;
        Ok(Command::Compact(self.options))
    }
}

/// A value that must be a number above zero.
fn number(words: &mut Words, attached: &str, sentence: &str) -> Result<u32, UsageError> {
    match words.optional_value(attached).and_then(|value| value.parse::<u32>().ok()) {
        Some(number @ 1..) => Ok(number),
        _ => Err(UsageError::sentence(sentence)),
    }
}

/// `/g` and `/p`.
pub(super) struct IntegritySwitches {
    mode: IntegrityMode,
    options: CheckOptions,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IntegrityMode {
    Check,
    Repair,
}

impl IntegritySwitches {
    /// `/g`.
    pub(super) fn check() -> Self {
        Self { mode: IntegrityMode::Check, options: CheckOptions::default() }
    }

    /// `/p`.
    pub(super) fn repair() -> Self {
        Self { mode: IntegrityMode::Repair, options: CheckOptions::default() }
    }
}

impl Switches for IntegritySwitches {
    const LETTERS: &'static str = "24813o!evtfbgn";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Taken;
    const MISSING_SOURCE: (&'static str, usize) = MISSING_DATABASE;

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError> {
        const PREFIX: &str = "report file name prefix";
        match (letter, self.mode) {
            ('t', _) => {
                set_once(&mut self.options.temporary, words.value(attached, TEMPORARY)?.into(), TEMPORARY)
            }
            ('f', _) => set_once(&mut self.options.report_prefix, words.value(attached, PREFIX)?, PREFIX),
            ('n', _) => {
                self.options.statistics = Wanted::Yes;
                Ok(())
            }
            ('b', IntegrityMode::Check) => {
                self.options.skip_indexes = Wanted::Yes;
                Ok(())
            }
            ('g', IntegrityMode::Repair) => Ok(()),
            _ => Err(invalid_option(whole)),
        }
    }

    fn finish(mut self, source: PathBuf) -> Result<Command, UsageError> {
        self.options.sources = vec![source];
        Ok(match self.mode {
            IntegrityMode::Check => Command::Check(self.options),
            IntegrityMode::Repair => Command::Unavailable("Repair (/p)"),
        })
    }
}

/// `/r`.
#[derive(Default)]
pub(super) struct RecoverySwitches {
    logs: Option<String>,
    system: Option<String>,
    folder: Option<String>,
    locations: usize,
    shrink_or_reclaim: Option<String>,
    options: RecoverOptions,
}

impl RecoverySwitches {
    fn one_type_of_recovery(&self) -> Result<(), UsageError> {
        if self.folder.is_some() && self.locations > 0 {
            return Err(UsageError::sentence("Only one type of recovery allowed."));
        }
        Ok(())
    }

    fn stop(&mut self, attached: &str) -> Result<(), UsageError> {
        const SENTENCE: &str = "Invalid stop recovery option.";
        self.options.without_undo = Wanted::Yes;
        if attached.is_empty() {
            return Ok(());
        }
        match attached.parse::<i64>() {
            Ok(generation @ 1..) => {
                self.options.stop_generation = Some(i32::try_from(generation).unwrap_or(i32::MAX));
                Ok(())
            }
            Ok(_) => Err(UsageError::sentence(SENTENCE)),
            // The original says it twice when the text is no number at all (usage-r-u.txt).
            Err(_) => Err(UsageError::Classic(format!("Usage Error: {SENTENCE}\n\n").repeat(2))),
        }
    }

    fn location(&mut self, attached: &str, words: &mut Words) -> Result<(), UsageError> {
        self.locations = self.locations.saturating_add(1);
        match words.optional_value(attached).as_deref() {
            Some(value) if value.len() > 1 && value.starts_with('*') => {
                Err(UsageError::sentence("Invalid default restore location option."))
            }
            Some("*") => {
                self.options.unnamed_stay = Wanted::Yes;
                self.one_type_of_recovery()
            }
            Some(value) => {
                self.options.moved.push(MovedDatabase::parse(value));
                self.one_type_of_recovery()
            }
            None => Err(UsageError::sentence("Missing database location specification.")),
        }
    }
}

impl Switches for RecoverySwitches {
    const LETTERS: &'static str = "24813o!evlsdnituakpmwc";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Taken;
    const MISSING_SOURCE: (&'static str, usize) = ("Missing logfile base name specification.", 1);

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError> {
        match letter {
            'l' => set_once(&mut self.logs, words.value(attached, "logfile path")?, "logfile path"),
            's' => set_once(&mut self.system, words.value(attached, "system path")?, "system path"),
            'd' => {
                let folder = words.optional_value(attached);
                let typed = folder.clone();
                set_once(&mut self.folder, folder.unwrap_or_else(|| ".".to_owned()), "database directory")?;
                self.options.databases = Some(typed);
                self.one_type_of_recovery()
            }
            'n' => self.location(attached, words),
            'i' | 't' | 'a' | 'e' | 'v' if attached.is_empty() => {
                let option = match letter {
                    'i' => &mut self.options.ignore_missing,
                    't' => &mut self.options.truncate,
                    'a' => &mut self.options.accept_loss,
                    'e' => &mut self.options.may_be_empty,
                    _ => &mut self.options.verbose,
                };
                *option = Wanted::Yes;
                Ok(())
            }
            'u' => self.stop(attached),
            // `/k` and `/kf` take the database as the next argument only.
            'k' if attached.is_empty() || attached.eq_ignore_ascii_case("f") => {
                let database = words
                    .next_value()
                    .ok_or_else(|| UsageError::sentence("Missing database to shrink specification."))?;
                set_once(&mut self.shrink_or_reclaim, database, "database to shrink")
            }
            'k' => Err(UsageError::silent()),
            'p' => {
                let what = "database to reclaim leaked space from";
                let database = words.value(attached, what)?;
                set_once(&mut self.shrink_or_reclaim, database, what)
            }
            'm' | 'w' if attached.parse::<u32>().is_ok() => {
                if letter == 'm' {
                    self.options.temporary_pages = attached.parse().ok();
                }
                Ok(())
            }
            'c' if attached == "5" || attached == "8" => {
                self.options.eight_digits = if attached == "8" { Wanted::Yes } else { Wanted::No };
                Ok(())
            }
            _ => Err(invalid_option(whole)),
        }
    }

    fn finish(self, source: PathBuf) -> Result<Command, UsageError> {
        if self.shrink_or_reclaim.is_some() {
            return Ok(Command::Unavailable("Work on a database after its recovery (/r /k, /r /p)"));
        }
        let base_name = source.to_string_lossy().into_owned();
        Ok(Command::Recover(RecoverOptions {
            base_name,
            logs: self.logs,
            system: self.system,
            ..self.options
        }))
    }
}

/// `/y`.
#[derive(Default)]
pub(super) struct CopySwitches {
    destination: Option<String>,
}

impl Switches for CopySwitches {
    const LETTERS: &'static str = "24813o!evdi";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Unknown;
    const MISSING_SOURCE: (&'static str, usize) = ("Missing source file specification.", 3);

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        attached: &str,
        words: &mut Words,
    ) -> Result<(), UsageError> {
        match letter {
            'd' if attached.eq_ignore_ascii_case("etach") => Ok(()),
            'd' => {
                let what = "destination file";
                set_once(&mut self.destination, words.value(attached, what)?, what)
            }
            'i' => Ok(()),
            _ => Err(invalid_option(whole)),
        }
    }

    fn finish(self, _source: PathBuf) -> Result<Command, UsageError> {
        Ok(Command::Unavailable("Copy file (/y)"))
    }
}

/// `/z`.
pub(super) struct SecureSwitches;

impl Switches for SecureSwitches {
    const LETTERS: &'static str = "24813o!evt";
    const FORMAT_VERSION: FormatVersion = FormatVersion::Unknown;
    const MISSING_SOURCE: (&'static str, usize) = MISSING_DATABASE;

    fn switch(
        &mut self,
        whole: &str,
        letter: char,
        _attached: &str,
        _words: &mut Words,
    ) -> Result<(), UsageError> {
        if letter == 't' { Ok(()) } else { Err(invalid_option(whole)) }
    }

    fn finish(self, _source: PathBuf) -> Result<Command, UsageError> {
        Ok(Command::Unavailable("Secure (/z)"))
    }
}
