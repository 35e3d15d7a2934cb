//! The header pair of a database file while somebody works on it: read, changed by one event of its life, written
//! (spec 01 §5, §7; 06 §6).
//!
//! Invariants: the second copy is written only after the first is durable, so that one of them is always whole; every
//! write draws a new flush signature and disowns a flush map, which then never matches pages it does not know of; log
//! generations only grow while the database is attached.

use std::sync::Arc;

use ese_format::backup_info::BackupInfo;
use ese_format::database_header::{
    CopyState, DatabaseHeader, HeaderPair, PROBE_BYTES, RequiredGenerations, StateChange, choose_header,
};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;
use ese_format::version::DatabaseVersion;

use crate::error::{Error, Result};
use crate::io::{File, Host};

/// Since when headers keep the position of the last resize (spec 01 §6.4).
const LAST_RESIZE: DatabaseVersion = DatabaseVersion::new(110, 0);
/// Since when headers keep the creation time of the highest required log.
const TIME_OF_MAX_REQUIRED: DatabaseVersion = DatabaseVersion::new(150, 0);

/// A new identity.
#[must_use]
pub fn draw_signature(host: &Host) -> Signature {
    // The middle of the number: its lowest bits are the weakest of some generators.
    let random = (host.entropy.next() >> 16) as u32;
    Signature { random: random.max(1).into(), created: host.clock.logtime(), ..Signature::default() }
}

/// A generation that has a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationFile {
    /// Its number.
    pub generation: i32,
    /// When it was created.
    pub created: Logtime,
}

/// The header of an open file.
#[derive(Debug)]
pub struct HeaderFile {
    file: Arc<dyn File>,
    header: DatabaseHeader,
    /// Whether both copies on the disk are the header as it was read or written last.
    both_good: bool,
}

/// How a database that is attached is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachedLogging {
    /// With the AttachDB (or CreateDB) record at this position, in this stream.
    Logged {
        /// Position of the record.
        attach: Lgpos,
        /// Identity of the stream.
        stream: Signature,
        /// The newest generation that has a file.
        newest: GenerationFile,
    },
    /// Not at all; the database gets another identity.
    Unlogged {
        /// That identity.
        identity: Signature,
    },
}

impl HeaderFile {
    /// Reads the header pair of a file.
    ///
    /// # Errors
    /// `JET_errDatabaseCorrupted` when neither copy is good; those of the disk.
    pub fn read(file: Arc<dyn File>) -> Result<Self> {
        let pair = Self::read_pair(&*file)?;
        let both_good = pair.primary == CopyState::Good && pair.shadow == CopyState::Good;
        Ok(Self { file, header: pair.header, both_good })
    }

    /// The header and the state of its two copies.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_pair(file: &dyn File) -> Result<HeaderPair> {
        let mut first_bytes = vec![0; PROBE_BYTES];
        let count = file.read_at(&mut first_bytes, 0)?;
        first_bytes.truncate(count);
        choose_header(&first_bytes)
            .map_err(|error| Error::format(file.path(), error.with_jet(JetError::DATABASE_CORRUPTED)))
    }

    /// The header of a file that has none yet; [`Self::write`] puts it there.
    #[must_use]
    pub fn new(file: Arc<dyn File>, header: DatabaseHeader) -> Self {
        Self { file, header, both_good: false }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &DatabaseHeader {
        &self.header
    }

    /// The header, for changes that no function here makes.
    pub fn header_mut(&mut self) -> &mut DatabaseHeader {
        &mut self.header
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// Writes both copies, durably.
    ///
    /// # Errors
    /// Those of the disk. One copy, the old or the new one, is good then.
    pub fn write(&mut self, host: &Host) -> Result<()> {
        self.header.fields.header_flush_signature = draw_signature(host);
        self.header.fields.flush_map_signature = Signature::default();
        self.both_good = false;
        self.write_copies()
    }

    /// Writes the copy that counts over one that is damaged or differs (spec 01 §5.2), and nothing where both are good.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn mend(&mut self) -> Result<()> {
        if self.both_good {
            return Ok(());
        }
        tracing::warn!("{}: a copy of the header is put right", self.file.path().display());
        self.write_copies()
    }

    fn write_copies(&mut self) -> Result<()> {
        let page = self.header.encode();
        self.file.write_at(&page, 0)?;
        self.file.sync()?;
        self.file.write_at(&page, page.len() as u64)?;
        self.file.sync()?;
        self.both_good = true;
        Ok(())
    }

    fn change(&mut self, change: StateChange) -> Result<()> {
        self.header.change_state(change).map_err(|error| Error::format(self.file.path(), error))
    }

    /// A clean database is attached for writing (spec 01 §7.2, steps 3 to 6).
    ///
    /// # Errors
    /// Of a state that no attach follows.
    pub fn attached(&mut self, dbid: u8, logging: AttachedLogging, now: Logtime) -> Result<()> {
        let generations = match logging {
            AttachedLogging::Logged { attach, newest, .. } => Some(RequiredGenerations {
                min: attach.generation.get().unsigned_abs(),
                max: newest.generation.max(attach.generation.get()).unsigned_abs(),
                created: newest.created,
            }),
            AttachedLogging::Unlogged { .. } => None,
        };
        self.change(StateChange::Attached(generations))?;
        let keeps_resize = self.header.version().has(LAST_RESIZE);
        let fields = &mut self.header.fields;
        fields.generation_recovering = 0.into();
        let stream = match logging {
            AttachedLogging::Logged { stream, .. } => stream,
            AttachedLogging::Unlogged { .. } => Signature::default(),
        };
        if fields.log_signature != stream {
            fields.backup_full_previous = BackupInfo::default();
            fields.backup_incremental_previous = BackupInfo::default();
            fields.backup_copy_previous = BackupInfo::default();
            fields.backup_differential_previous = BackupInfo::default();
            fields.backup_type_full_previous = 0.into();
            fields.backup_type_incremental_previous = 0.into();
            fields.backup_type_copy_previous = 0.into();
            fields.backup_type_differential_previous = 0.into();
        }
        fields.backup_full_current = BackupInfo::default();
        fields.backup_snapshot_current = BackupInfo::default();
        match logging {
            AttachedLogging::Logged { attach, stream, .. } => {
                fields.lgpos_attach = attach;
                fields.lgpos_last_reattach = Lgpos::NULL;
                if fields.log_signature != stream {
                    fields.generation_pre_redo_min_consistent = 0.into();
                    fields.generation_pre_redo_min_required = 0.into();
                    fields.lgpos_consistent = Lgpos::NULL;
                    fields.lgpos_last_resize = Lgpos::NULL;
                    fields.log_signature = stream;
                }
                if keeps_resize {
                    fields.lgpos_last_resize = fields.lgpos_last_resize.max(attach);
                }
            }
            AttachedLogging::Unlogged { identity } => fields.database_signature = identity,
        }
        fields.time_attach = now;
        fields.lgpos_detach = Lgpos::NULL;
        fields.time_detach = Logtime::default();
        fields.dbid = u32::from(dbid).into();
        Ok(())
    }

    /// The database is closed cleanly, and every page of it is in the file (spec 01 §7.4). `mark` is the DetachDB or
    /// ShutDownMark record; `None` for a database that is not logged.
    ///
    /// # Errors
    /// Of a state that no clean end follows.
    pub fn detached(
        &mut self,
        mark: Option<Lgpos>,
        dbtime: u64,
        objid_last: u32,
        now: Logtime,
    ) -> Result<()> {
        let is_full_backup_copy = self.header.is_backup_copy();
        self.change(StateChange::Detached)?;
        let keeps_resize = self.header.version().has(LAST_RESIZE);
        let fields = &mut self.header.fields;
        if is_full_backup_copy {
            fields.backup_full_previous = fields.backup_full_current;
            fields.backup_full_current = BackupInfo::default();
            fields.backup_incremental_previous = BackupInfo::default();
        }
        fields.backup_snapshot_current = BackupInfo::default();
        fields.dbtime = dbtime.into();
        fields.objid_last = objid_last.into();
        fields.generation_recovering = 0.into();
        if let Some(mark) = mark {
            fields.lgpos_detach = mark;
            fields.lgpos_consistent = mark;
            if keeps_resize {
                fields.lgpos_last_resize = mark;
            }
        }
        fields.time_detach = now;
        fields.time_consistent = now;
        Ok(())
    }

    /// Raises the generations whose changes may be in the file, and that may hold commits (spec 06 §4). Whether anything
    /// changed, so that the header must be written.
    pub fn raise_max(&mut self, newest: GenerationFile) -> bool {
        let keeps_time = self.header.version().has(TIME_OF_MAX_REQUIRED);
        let fields = &mut self.header.fields;
        let generation = newest.generation.unsigned_abs();
        if fields.generation_max_required.get() >= generation
            && fields.generation_max_committed.get() >= generation
        {
            return false;
        }
        if fields.generation_max_committed.get() <= generation {
            fields.generation_max_committed = generation.into();
            fields.time_generation_max_create = newest.created;
        }
        fields.generation_max_required = generation.max(fields.generation_max_required.get()).into();
        if keeps_time {
            fields.time_generation_max_required = newest.created;
        }
        true
    }

    /// Raises the lowest generation that recovery needs to that of the checkpoint (spec 06 §4); every page changed
    /// before it must be durable. Whether the header must be written.
    pub fn raise_min(&mut self, checkpoint: Lgpos) -> bool {
        let fields = &mut self.header.fields;
        let floor = checkpoint.generation.get().max(fields.lgpos_attach.generation.get()).unsigned_abs();
        // Never above what may be in the file.
        let floor = floor.min(fields.generation_max_required.get());
        let raised = fields.generation_min_required.get() < floor;
        if raised {
            fields.generation_min_required = floor.into();
            fields.generation_min_consistent = floor.max(fields.generation_min_consistent.get()).into();
        }
        raised
    }

    /// The file was given another length by the record at `position` (null: not logged).
    pub fn resized(&mut self, position: Lgpos, now: Logtime) {
        let keeps_resize = self.header.version().has(LAST_RESIZE);
        let fields = &mut self.header.fields;
        fields.extend_count = fields.extend_count.get().saturating_add(1).into();
        fields.time_last_extend = now;
        if keeps_resize && !position.is_null() {
            fields.lgpos_last_resize = fields.lgpos_last_resize.max(position);
        }
    }

    /// Sets the format version; parts only grow.
    pub fn raise_version(&mut self, version: DatabaseVersion) {
        if version > self.header.version() {
            let fields = &mut self.header.fields;
            fields.version = version.version.into();
            fields.update_major = version.update_major.into();
            fields.update_minor = version.update_minor.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{Existing, FileSystem, PowerLoss, SimulatedFileSystem};
    use ese_format::database_header::DatabaseState;
    use ese_format::page_size::PageSize;
    use std::path::Path;

    const PATH: &str = "/x.edb";

    fn new_file(disk: &SimulatedFileSystem) -> (HeaderFile, Host) {
        let host = Host::simulated(Arc::new(disk.clone()), 3);
        let file = disk.create(Path::new(PATH), Existing::Replace).unwrap();
        let mut header = HeaderFile::new(file, DatabaseHeader::new(PageSize::K4));
        header.change(StateChange::JustCreated).unwrap();
        (header, host)
    }

    fn at(generation: i32) -> GenerationFile {
        let created = Logtime { seconds: generation as u8, ..Logtime::default() };
        GenerationFile { generation, created }
    }

    fn stream() -> Signature {
        Signature { random: 5.into(), ..Signature::default() }
    }

    fn logged(attach: Lgpos, newest: i32) -> AttachedLogging {
        AttachedLogging::Logged { attach, stream: stream(), newest: at(newest) }
    }

    #[test]
    fn one_copy_is_whole_whenever_the_power_goes() {
        for call in 0..5 {
            for seed in 0..24 {
                let disk = SimulatedFileSystem::default();
                let (mut header, host) = new_file(&disk);
                header.write(&host).unwrap();
                header.attached(1, logged(Lgpos::new(1, 1, 0), 1), Logtime::default()).unwrap();
                disk.cut_power_at(call, PowerLoss::KeepsSome { seed });
                assert_eq!(header.write(&host).is_ok(), call == 4);
                drop(header);
                disk.reboot();
                let file = disk.open(Path::new(PATH), crate::io::Access::ReadWrite).unwrap();
                let mut found = HeaderFile::read(file).unwrap();
                let state = found.header().state().unwrap();
                assert!(matches!(state, DatabaseState::JustCreated | DatabaseState::DirtyShutdown));
                found.mend().unwrap();
                let pair = HeaderFile::read_pair(&**found.file()).unwrap();
                assert_eq!((pair.primary, pair.shadow), (CopyState::Good, CopyState::Good));
            }
        }
    }

    #[test]
    fn an_attach_to_another_stream_forgets_what_belonged_to_the_first() {
        let disk = SimulatedFileSystem::default();
        let (mut header, host) = new_file(&disk);
        let now = host.clock.logtime();
        header.attached(1, logged(Lgpos::new(2, 1, 0), 3), now).unwrap();
        let fields = &header.header().fields;
        assert_eq!((fields.generation_min_required.get(), fields.generation_max_required.get()), (2, 3));
        assert_eq!(fields.generation_max_committed.get(), 3);
        assert_eq!(fields.time_generation_max_create, at(3).created);
        assert_eq!(fields.time_generation_max_required, Logtime::default(), "not in this version");
        header.detached(Some(Lgpos::new(3, 4, 5)), 77, 9, now).unwrap();
        let fields = &header.header().fields;
        assert_eq!(
            (fields.lgpos_consistent, fields.lgpos_detach),
            (Lgpos::new(3, 4, 5), Lgpos::new(3, 4, 5))
        );
        assert_eq!((fields.dbtime.get(), fields.objid_last.get()), (77, 9));
        assert_eq!((fields.generation_min_required.get(), fields.generation_max_committed.get()), (0, 0));
        header.attached(2, logged(Lgpos::new(4, 1, 0), 4), now).unwrap();
        assert_eq!(header.header().fields.lgpos_consistent, Lgpos::new(3, 4, 5), "the same stream");
        header.detached(Some(Lgpos::new(4, 4, 5)), 78, 9, now).unwrap();
        let other = AttachedLogging::Logged {
            attach: Lgpos::new(1, 1, 0),
            stream: Signature { random: 6.into(), ..Signature::default() },
            newest: at(1),
        };
        header.attached(1, other, now).unwrap();
        let fields = &header.header().fields;
        assert_eq!((fields.lgpos_consistent, fields.log_signature.random.get()), (Lgpos::NULL, 6));
    }

    #[test]
    fn generations_only_grow() {
        let disk = SimulatedFileSystem::default();
        let (mut header, host) = new_file(&disk);
        header.attached(1, logged(Lgpos::new(2, 1, 0), 2), host.clock.logtime()).unwrap();
        assert!(!header.raise_max(at(2)));
        assert!(header.raise_max(at(4)));
        assert!(!header.raise_max(at(3)));
        assert!(header.raise_min(Lgpos::new(3, 9, 9)));
        assert!(!header.raise_min(Lgpos::new(2, 9, 9)));
        assert!(header.raise_min(Lgpos::new(9, 1, 0)), "as far as the changes in the file go");
        let fields = &header.header().fields;
        assert_eq!(fields.generation_min_required.get(), 4);
        assert_eq!(fields.generation_min_consistent.get(), 4);
        assert_eq!(fields.time_generation_max_create, at(4).created);
    }
}
