//! Databases: create, attach, detach, grow, shrink, version (spec 05 §9).
//!
//! ```text
//! CreateDB  1 procid, 3 dbid, 4 u32 grbit, 8 u32 cpgMax, 12 signDb, 40 u16 cbPath, 42 u8 flags,
//!           43 [flag 4: u16 version, u16 update], path
//! AttachDB  1 procid, 3 dbid, 4 u32 cpgMax, 8 lgposConsistent, 16 signDb, 44 signLog, 72 u16 cbPath, 74 u8 flags, 75 path
//! DetachDB  1 procid, 3 dbid, 4 u16 cbPath, 6 u8 flags, 7 path
//! ```
//!
//! Invariant: a path's length counts its terminator and not the four bytes of version info.

use crate::attach_list::{PathEncoding, StoredPath};
use crate::error::FormatResult;
use crate::lgpos::Lgpos;
use crate::signature::Signature;

use super::layout::{Field, Input, Layout, field_group, record_layout, stored_bits, too_long};

stored_bits! {
    /// Flags of CreateDB and AttachDB.
    pub struct DatabaseFlags(u8) {
        /// Version info follows the fixed part (CreateDB only).
        VERSION_INFO = 0x04,
        /// The path is UTF-16.
        UNICODE = 0x08,
        /// The file is sparse.
        SPARSE = 0x10,
    }
}

impl DatabaseFlags {
    fn path_encoding(self) -> PathEncoding {
        if self.contains(Self::UNICODE) { PathEncoding::Utf16 } else { PathEncoding::Ansi }
    }
}

stored_bits! {
    /// Flags of DetachDB.
    pub struct DetachFlags(u8) {
        /// The path is UTF-16.
        UNICODE = 0x10,
    }
}

field_group! {
    /// How the content of a new database is logged: 2.0 fully, 1.0 or nothing implicitly.
    pub struct CreateVersion {
        /// Version.
        version: u16,
        /// Update.
        update: u16,
    }
}

/// A database was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateDb<'a> {
    /// Session number.
    pub procid: u16,
    /// Database number.
    pub dbid: u8,
    /// The call's grbit.
    pub grbit: u32,
    /// Largest size in pages, 0 for no limit.
    pub max_pages: u32,
    /// The database's identity.
    pub database_signature: Signature,
    /// How the path is stored. [`DatabaseFlags::VERSION_INFO`] is set exactly when `version` is there.
    pub flags: DatabaseFlags,
    /// How the content is logged; absent in old logs.
    pub version: Option<CreateVersion>,
    /// Full path, terminated.
    pub path: &'a [u8],
}

impl<'a> CreateDb<'a> {
    /// The path as text.
    #[must_use]
    pub fn stored_path(&self) -> StoredPath<'a> {
        StoredPath::new(self.path, self.flags.path_encoding())
    }
}

impl<'a> Layout<'a> for CreateDb<'a> {
    const FIXED: usize = 42;

    fn decode(input: &mut Input<'a>) -> FormatResult<Self> {
        let procid = input.field("CreateDb.procid")?;
        let dbid = input.field("CreateDb.dbid")?;
        let grbit = input.field("CreateDb.grbit")?;
        let max_pages = input.field("CreateDb.max_pages")?;
        let database_signature = input.field("CreateDb.database_signature")?;
        let path_length: u16 = input.field("CreateDb.path (length)")?;
        let flags: DatabaseFlags = input.field("CreateDb.flags")?;
        let version = if flags.contains(DatabaseFlags::VERSION_INFO) {
            Some(input.field("CreateDb.version")?)
        } else {
            None
        };
        let path = input.take(usize::from(path_length), "CreateDb.path")?;
        Ok(Self { procid, dbid, grbit, max_pages, database_signature, flags, version, path })
    }

    fn encode(&self, out: &mut Vec<u8>) -> FormatResult<()> {
        self.procid.write(out);
        self.dbid.write(out);
        self.grbit.write(out);
        self.max_pages.write(out);
        self.database_signature.write(out);
        let path_length = u16::try_from(self.path.len())
            .map_err(|_| too_long(out, "CreateDb.path", self.path.len(), u64::from(u16::MAX)))?;
        path_length.write(out);
        let mut flags = self.flags;
        flags.set(DatabaseFlags::VERSION_INFO, self.version.is_some());
        flags.write(out);
        if let Some(version) = self.version {
            version.write(out);
        }
        out.extend_from_slice(self.path);
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        let version = if self.version.is_some() { <CreateVersion as Field<'_>>::SIZE } else { 0 };
        Self::FIXED + version + self.path.len()
    }
}

record_layout! {
    /// A database that is fully logged is now complete.
    pub struct CreateDbFinish {
        fields {
            /// Session number.
            procid: u16,
            /// Database number.
            dbid: u8,
        }
    }
}

record_layout! {
    /// A database was attached.
    pub struct AttachDb<'a> {
        fields {
            /// Session number.
            procid: u16,
            /// Database number.
            dbid: u8,
            /// Largest size in pages, 0 for no limit.
            max_pages: u32,
            /// Where the database was last consistent.
            consistent: Lgpos,
            /// The database's identity.
            database_signature: Signature,
            /// The stream the database was last used with.
            log_signature: Signature,
        }
        lengths { path: u16 }
        fields {
            /// How the path is stored.
            flags: DatabaseFlags,
        }
        tail {
            /// Full path, terminated.
            path,
        }
    }
}

impl<'a> AttachDb<'a> {
    /// The path as text.
    #[must_use]
    pub fn stored_path(&self) -> StoredPath<'a> {
        StoredPath::new(self.path, self.flags.path_encoding())
    }
}

record_layout! {
    /// A database was detached.
    pub struct DetachDb<'a> {
        fields {
            /// Session number.
            procid: u16,
            /// Database number.
            dbid: u8,
        }
        lengths { path: u16 }
        fields {
            /// How the path is stored.
            flags: DetachFlags,
        }
        tail {
            /// Full path, terminated.
            path,
        }
    }
}

impl<'a> DetachDb<'a> {
    /// The path as text.
    #[must_use]
    pub fn stored_path(&self) -> StoredPath<'a> {
        let unicode = self.flags.contains(DetachFlags::UNICODE);
        StoredPath::new(self.path, if unicode { PathEncoding::Utf16 } else { PathEncoding::Ansi })
    }
}

record_layout! {
    /// A database is still attached: information for readers of the log (a frame of 45 bytes).
    pub struct ReAttach {
        fields {
            /// Database number.
            dbid: u8,
            /// Where it was attached.
            attach: Lgpos,
            /// Where it was last consistent before.
            consistent: Lgpos,
            /// The database's identity.
            database_signature: Signature,
        }
    }
}

record_layout! {
    /// Tells redo that the attach of a database is over.
    pub struct SignalAttachDb {
        fields {
            /// Database number.
            dbid: u8,
        }
    }
}

record_layout! {
    /// The version of a database's format from here on.
    pub struct SetDbVersion {
        fields {
            /// Database number.
            dbid: u8,
            /// Format major version, 0x620.
            major: u32,
            /// Update major.
            update_major: u32,
            /// Update minor.
            update_minor: u32,
        }
    }
}

record_layout! {
    /// The file grows (a frame of 5 bytes).
    pub struct ExtendDb {
        fields {
            /// Database number.
            dbid: u8,
            /// New last page of the file.
            last_page: u32,
        }
    }
}

field_group! {
    /// How a file shrinks.
    pub struct ShrinkFields {
        /// Database number.
        dbid: u8,
        /// New last page of the file.
        last_page: u32,
        /// Number of pages that go.
        page_count: u32,
    }
}

record_layout! {
    /// The file shrinks: ShrinkDB and ShrinkDB2.
    pub struct ShrinkDb {
        fields {
            /// How.
            shrink: ShrinkFields,
        }
    }
}

record_layout! {
    /// The file shrinks, with the dbtime at which it does.
    pub struct ShrinkDb3 {
        fields {
            /// How.
            shrink: ShrinkFields,
            /// At which dbtime.
            dbtime: u64,
        }
    }
}

record_layout! {
    /// Pages inside the file were given back to the file system.
    pub struct TrimDb {
        fields {
            /// Database number.
            dbid: u8,
            /// First zeroed page.
            first_page: u32,
            /// Number of pages.
            page_count: u32,
        }
    }
}
