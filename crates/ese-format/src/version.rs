//! Format versions: the triplet in a database header, the table of engine format versions, and which versions are
//! accepted (spec 01 §6).
//!
//! ```text
//! header offset 8    u32  version        0x620 = 1568 in every file since Windows 2000
//! header offset 232  u32  update major   a newer engine reads an older one, an older one must refuse a newer
//! header offset 644  u32  update minor   compatible both ways
//! ```
//!
//! Invariant: triplets are compared part by part in this order, and never decrease in a file.

use std::fmt;

use crate::error::JetError;

/// The only version of the database format that is read: 1568.
pub const DATABASE_VERSION: u32 = 0x620;
/// The highest update major that is read (Windows 11 24H2).
pub const DATABASE_UPDATE_MAJOR_MAX: u32 = 300;
/// The update major every database is created with before the wanted version is applied.
pub const DATABASE_UPDATE_MAJOR_AT_CREATION: u32 = 0x14;
/// The lowest update major of large pages in today's layout.
pub const DATABASE_UPDATE_MAJOR_LARGE_PAGES: u32 = 0x11;

/// The version triplet of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatabaseVersion {
    /// 1568 in every readable file.
    pub version: u32,
    /// What an older engine must refuse.
    pub update_major: u32,
    /// What makes no difference to an older engine.
    pub update_minor: u32,
}

impl DatabaseVersion {
    /// The triplet 1568.`update_major`.`update_minor`.
    #[must_use]
    pub const fn new(update_major: u32, update_minor: u32) -> Self {
        Self { version: DATABASE_VERSION, update_major, update_minor }
    }

    /// Whether a file of this version may use a feature that came with `feature`.
    #[must_use]
    pub fn has(self, feature: Self) -> bool {
        self >= feature
    }
}

impl fmt::Display for DatabaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.version, self.update_major, self.update_minor)
    }
}

/// One row of the table of engine format versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineFormat {
    /// The engine format version ("efv"), as `JET_paramEngineFormatVersion` takes it.
    pub efv: u32,
    /// The database version it writes.
    pub database: DatabaseVersion,
    /// The log version it writes after 8.4000: update major and minor; `None` where the source names none.
    pub log_update: Option<(u32, u32)>,
    /// What came with it.
    pub feature: &'static str,
}

const fn row(efv: u32, database: (u32, u32), log: (u32, u32), feature: &'static str) -> EngineFormat {
    EngineFormat {
        efv,
        database: DatabaseVersion::new(database.0, database.1),
        log_update: Some(log),
        feature,
    }
}

const fn row_without_log(efv: u32, database: (u32, u32), feature: &'static str) -> EngineFormat {
    EngineFormat { efv, database: DatabaseVersion::new(database.0, database.1), log_update: None, feature }
}

/// Every selectable engine format version, ascending (spec 01 §6.4). 9440 never shipped.
#[rustfmt::skip]
pub const ENGINE_FORMATS: &[EngineFormat] = &[
    row(7060, (20, 0), (4, 3), "lowest selectable"),
    row(8020, (20, 0), (4, 3), "Windows 10 1507"),
    row(8220, (20, 0), (5, 13), "persisted flush map"),
    row_without_log(8280, (20, 0), "two-bit flush type"),
    row_without_log(8420, (20, 0), "two-bit flush type"),
    row(8520, (20, 0), (5, 14), "Exchange 2016"),
    row(8620, (20, 0), (5, 14), "Windows 10 1511"),
    row(8720, (20, 0), (5, 15), "encrypted columns"),
    row(8820, (20, 0), (5, 16), "log record for freed trees"),
    row(8880, (20, 0), (5, 14), "invariant locale"),
    row(8920, (20, 0), (5, 16), "Windows 10 until 1909"),
    row(8940, (20, 20), (6, 20), "version changes logged; update minor in the header"),
    row(8960, (30, 40), (6, 20), "auto-increment maximum in the root page's external header"),
    row(8980, (40, 60), (7, 40), "Xpress9 compression"),
    row(9000, (50, 80), (7, 40), "upper-case normalisation flag"),
    row(9020, (50, 100), (7, 40), "highest scanned page in the header"),
    row(9040, (60, 120), (20, 60), "64-bit escrow columns"),
    row(9060, (60, 140), (20, 60), "synchronous long-value clean-up"),
    row(9080, (70, 160), (20, 60), "64-bit long-value ids"),
    row(9100, (80, 180), (30, 80), "shrink record 2"),
    row(9120, (90, 200), (40, 100), "log record for new pages"),
    row(9140, (100, 220), (50, 120), "root page move"),
    row(9160, (100, 220), (60, 140), "scan-check record 2"),
    row(9180, (110, 240), (60, 140), "position of the last resize; Windows 10 2004 to 22H2"),
    row(9200, (120, 260), (60, 140), "shelved pages"),
    row(9220, (130, 280), (60, 140), "shelved pages withdrawn"),
    row(9240, (140, 300), (60, 140), "shelved pages again"),
    row(9260, (150, 320), (60, 140), "creation time of the highest required log"),
    row(9280, (160, 340), (60, 140), "header signature snapshot of any size"),
    row(9300, (160, 360), (60, 140), "redo may lower the lowest required log"),
    row(9320, (160, 360), (70, 160), "shrink record 3"),
    row(9340, (170, 380), (80, 180), "Xpress10 compression"),
    row(9360, (180, 400), (90, 200), "revert snapshot"),
    row(9380, (190, 420), (90, 200), "revert to a snapshot"),
    row(9400, (200, 440), (90, 200), "extent page-count table; Windows 11 21H2"),
    row(9420, (210, 460), (100, 220), "LZ4 compression"),
    row(9460, (230, 500), (100, 220), "table deletes that cannot be reverted"),
    row(9480, (230, 500), (110, 240), "flags of scan-check record 2"),
    row(9500, (230, 500), (120, 260), "freed-extent record 2"),
    row(9520, (250, 520), (120, 260), "key-value store 2"),
    row(9540, (260, 540), (120, 260), "deferred index population"),
    row(9560, (270, 560), (120, 260), "reserved tags on pages"),
    row(9580, (280, 580), (130, 280), "tree-delete flag of scan-check record 2"),
    row(9600, (290, 600), (130, 280), "indexes unique at option"),
    row_without_log(9620, (300, 620), "Windows 11 24H2"),
];

/// The engine format version new files are written in by default (spec 00, decision 1).
pub const EFV_DEFAULT: u32 = 8920;
/// The highest engine format version written on a new stream (spec 00, decision 1).
pub const EFV_WRITE_MAX: u32 = 9180;

/// Value of `JET_paramEngineFormatVersion`: the engine's default.
pub const EFV_USE_ENGINE_DEFAULT: u32 = 0x4000_0001;
/// Value of `JET_paramEngineFormatVersion`: what the file has.
pub const EFV_USE_PERSISTED_FORMAT: u32 = 0x4000_0002;
/// Bit of `JET_paramEngineFormatVersion`: a higher version in the file is no error.
pub const EFV_ALLOW_HIGHER_PERSISTED_FORMAT: u32 = 0x4100_0000;

/// The row of this engine format version.
///
/// # Errors
/// -619 below the table; -620 above it or between its rows.
pub fn engine_format(efv: u32) -> Result<&'static EngineFormat, JetError> {
    let lowest = ENGINE_FORMATS.first().map_or(0, |row| row.efv);
    if efv < lowest {
        return Err(JetError::ENGINE_FORMAT_VERSION_NO_LONGER_SUPPORTED_TOO_LOW);
    }
    ENGINE_FORMATS
        .iter()
        .find(|row| row.efv == efv)
        .ok_or(JetError::ENGINE_FORMAT_VERSION_NOT_YET_IMPLEMENTED_TOO_HIGH)
}

/// The lowest engine format version that writes this database version: what a header dump calls the format.
#[must_use]
pub fn engine_format_of(database: DatabaseVersion) -> Option<&'static EngineFormat> {
    ENGINE_FORMATS.iter().rfind(|row| row.database == database)
}

/// Why a version is not accepted, or that it is: the file's version against this engine alone (spec 01 §6.2 rule 1).
///
/// # Errors
/// -1209 for another version than 1568, or an update major above [`DATABASE_UPDATE_MAJOR_MAX`].
pub fn accept(found: DatabaseVersion) -> Result<(), JetError> {
    if found.version == DATABASE_VERSION && found.update_major <= DATABASE_UPDATE_MAJOR_MAX {
        Ok(())
    } else {
        Err(JetError::INVALID_DATABASE_VERSION)
    }
}

/// Whether an application that asked for `requested` (the value of `JET_paramEngineFormatVersion`) may attach a file of
/// the version `found`, which [`accept`] accepted (spec 01 §6.2 rule 2).
///
/// # Errors
/// -619 or -620 for an unknown request; -623 when the file is of a higher version than the request allows.
pub fn accept_requested(found: DatabaseVersion, requested: u32) -> Result<(), JetError> {
    if requested == EFV_USE_ENGINE_DEFAULT || requested == EFV_USE_PERSISTED_FORMAT {
        return Ok(());
    }
    let higher_is_fine = requested & EFV_ALLOW_HIGHER_PERSISTED_FORMAT == EFV_ALLOW_HIGHER_PERSISTED_FORMAT;
    let efv = if higher_is_fine { requested & !EFV_ALLOW_HIGHER_PERSISTED_FORMAT } else { requested };
    let format = engine_format(efv)?;
    if !higher_is_fine && found.update_major > format.database.update_major {
        return Err(JetError::ENGINE_FORMAT_VERSION_SPECIFIED_TOO_LOW_FOR_DATABASE_VERSION);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_ascends_and_versions_never_decrease() {
        for pair in ENGINE_FORMATS.windows(2) {
            assert!(pair[0].efv < pair[1].efv, "{} {}", pair[0].efv, pair[1].efv);
            assert!(pair[0].database <= pair[1].database, "{} {}", pair[0].efv, pair[1].efv);
        }
        let highest = ENGINE_FORMATS.last().expect("the table has rows");
        assert_eq!(highest.database.to_string(), "1568.300.620");
        assert_eq!(engine_format(EFV_DEFAULT).unwrap().database.to_string(), "1568.20.0");
        assert_eq!(engine_format(EFV_WRITE_MAX).unwrap().database.to_string(), "1568.110.240");
    }

    #[test]
    fn only_version_1568_up_to_update_300_is_accepted() {
        let refused = Err(JetError::INVALID_DATABASE_VERSION);
        assert_eq!(accept(DatabaseVersion::new(2, 0)), Ok(()));
        assert_eq!(accept(DatabaseVersion::new(300, 9999)), Ok(()));
        assert_eq!(accept(DatabaseVersion::new(301, 0)), refused);
        assert_eq!(accept(DatabaseVersion { version: 0x623, update_major: 2, update_minor: 0 }), refused);
        assert_eq!(accept(DatabaseVersion { version: 0x550, update_major: 2, update_minor: 0 }), refused);
    }

    #[test]
    fn a_request_below_the_files_version_is_refused_unless_it_allows_higher_ones() {
        let file = DatabaseVersion::new(110, 240);
        let too_low = Err(JetError::ENGINE_FORMAT_VERSION_SPECIFIED_TOO_LOW_FOR_DATABASE_VERSION);
        assert_eq!(accept_requested(file, 8920), too_low);
        assert_eq!(accept_requested(file, 8920 | EFV_ALLOW_HIGHER_PERSISTED_FORMAT), Ok(()));
        assert_eq!(accept_requested(file, 9180), Ok(()));
        assert_eq!(accept_requested(file, EFV_USE_ENGINE_DEFAULT), Ok(()));
        assert_eq!(accept_requested(file, EFV_USE_PERSISTED_FORMAT), Ok(()));
        assert_eq!(
            accept_requested(file, 500),
            Err(JetError::ENGINE_FORMAT_VERSION_NO_LONGER_SUPPORTED_TOO_LOW)
        );
        assert_eq!(
            accept_requested(file, 9700),
            Err(JetError::ENGINE_FORMAT_VERSION_NOT_YET_IMPLEMENTED_TOO_HIGH)
        );
    }
}
