//! From the end of redo to the end of recovery: what was not committed is taken back, databases become clean
//! (spec 06 §10–§12).
//!
//! ```text
//! RecoveryUndo2   MacroAbort ...   { UndoInfo, Undo ..., Rollback } per session   pages written
//! ShutDownMark    headers clean    RecoveryQuit2    checkpoint
//! ```
//!
//! Invariants: nothing is logged before it is certain that every database the log has attached is here, or may be
//! missing; a header names a generation before a page changed in it is written; after a failure headers are dirty and the
//! next recovery begins again.

use std::sync::{Arc, Weak};

use ese_format::attach_list::{AttachInfo, AttachListBuilder};
use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::record::{MacroMark, Mark, Record, RecoveryUndo2, RunEnd2, RunFields};
use ese_format::logtime::Logtime;
use ese_format::page::{PageFlags, PageView};
use parking_lot::Mutex;

use super::backup_copy::GenerationRange;
use super::databases::{Attached, Databases, Slot, fit_to_owned};
use crate::btree::{TreeKind, WritableTree};
use crate::cache::{OpenGate, WriteBack, WriteGate};
use crate::error::{Error, Result};
use crate::file_map::{FileFeatures, FileMap, FileMapStart, Logging};
use crate::instance::{GenerationFile, HeaderFile};
use crate::io::Host;
use crate::log::{HeaderFacts, Log, LogOwner};
use crate::redo::{RedoSession, RedoVersion};
use crate::transaction::{RecoveredTransaction, RollbackScope, Transactions};

/// A database while it is undone.
#[derive(Debug)]
struct UndoneDatabase {
    dbid: u8,
    attached: Box<Attached>,
    map: Arc<FileMap>,
}

/// The databases as the log sees them.
#[derive(Debug)]
pub(super) struct Owner {
    host: Host,
    checkpoint: Lgpos,
    hard: Option<GenerationRange>,
    databases: Mutex<Vec<UndoneDatabase>>,
}

impl Owner {
    /// Takes the attached databases over. `checkpoint` is the one in the file; `update_major` is of the log's version.
    pub(super) fn of(databases: Databases, checkpoint: Lgpos, update_major: u32) -> Arc<Self> {
        let (host, hard) = (databases.around.host.clone(), databases.around.hard);
        let mut owned = Vec::new();
        for (dbid, slot) in databases.slots {
            let Slot::Attached(attached) = slot else { continue };
            let start = FileMapStart {
                dbid,
                logging: Logging::On,
                features: FileFeatures::of(attached.header.header().version(), update_major),
                dbtime: attached.redo.dbtime(),
                objid_last: attached.redo.objid_last(),
                extension_pages: 1,
            };
            let map = FileMap::new(Arc::clone(&attached.file), start);
            owned.push(UndoneDatabase { dbid, attached, map });
        }
        Arc::new(Self { host, checkpoint, hard, databases: Mutex::new(owned) })
    }
}

impl LogOwner for Owner {
    fn header_facts(&self, first: Lgpos) -> HeaderFacts {
        let mut list = AttachListBuilder::default();
        for database in self.databases.lock().iter() {
            let fields = &database.attached.header.header().fields;
            let consistent =
                if fields.lgpos_consistent < first { fields.lgpos_consistent } else { Lgpos::NULL };
            let info = AttachInfo {
                dbid: database.dbid,
                flags: 0,
                path_length: 0.into(),
                dbtime: database.map.dbtime().into(),
                objid_last: database.map.objid_last().into(),
                max_pages: database.attached.max_pages.into(),
                attach: fields.lgpos_attach,
                consistent,
                database_signature: fields.database_signature,
            };
            if let Err(error) = list.push(info, &database.attached.logged_path) {
                tracing::error!(%error, "a database does not fit into the attach list");
            }
        }
        HeaderFacts { attach_list: Box::new(list.build()), checkpoint: self.checkpoint }
    }

    fn generation_began(&self, generation: i32, created: Logtime) -> Result<()> {
        for database in self.databases.lock().iter_mut() {
            if database.attached.header.raise_max(GenerationFile { generation, created }) {
                database.attached.header.write(&self.host)?;
            }
        }
        Ok(())
    }
}

/// The gate of a database while it is undone. A generation is named by the header when it gets its file, which is
/// before any record of it is durable.
#[derive(Debug)]
struct UndoGate {
    log: Arc<Log>,
    transactions: Arc<Transactions>,
    map: Weak<FileMap>,
}

impl WriteGate for UndoGate {
    fn before_write(&self, page: &PageView<'_>, modified: Lgpos) -> Result<Lgpos> {
        match self.map.upgrade() {
            Some(map) => Ok(modified.max(self.transactions.log_undo_images(&map, page)?)),
            None => Ok(modified),
        }
    }

    fn make_durable(&self, through: Lgpos) -> Result<()> {
        self.log.flush_unfilled(through)
    }
}

/// What the end of a recovery begins with.
pub(super) struct Undo<'a> {
    pub(super) log: &'a Arc<Log>,
    pub(super) transactions: &'a Arc<Transactions>,
    /// Where redo began.
    pub(super) redo_from: Lgpos,
    /// The ShutDownMark the log ends with; the run was about to end.
    pub(super) ends_with_mark: Option<Lgpos>,
    /// The databases; the log knows them.
    pub(super) owner: &'a Owner,
}

/// Where a recovery ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// The RecoveryQuit2.
    pub(super) quit: Lgpos,
}

pub(super) fn encode(record: &Record<'_>) -> Result<Vec<u8>> {
    record.encode().map_err(|error| Error::refused(error.jet(), error.to_string()))
}

impl Undo<'_> {
    /// Takes back what the sessions left open, closes every database and ends the recovery in the log.
    ///
    /// # Errors
    /// Those of the log, of the disk and of damaged pages.
    pub(super) fn run(self, sessions: Vec<RedoSession>) -> Result<Ended> {
        let (owner, host) = (self.owner, self.owner.host.clone());
        self.set_gates();
        // A generation that goes on began before.
        let (generation, created) = self.log.newest_file();
        owner.generation_began(generation, created)?;
        let begun = match self.ends_with_mark {
            Some(mark) => mark,
            None => {
                let record = Record::RecoveryUndo2(RecoveryUndo2 { time: host.clock.logtime() });
                self.log.append(&[&encode(&record)?])?.last
            }
        };
        // Nobody but this thread changes a page until the databases are closed: behind the mark nothing is logged. What the
        // rollbacks leave to be cleaned stays where it is, as the original leaves it.
        let _alone = self.transactions.hold_cleanup();
        self.transactions.set_log(Some(Arc::clone(self.log)));
        let undone = self.roll_back(owner, sessions);
        self.transactions.set_log(None);
        undone?;
        let mark = self.mark(owner)?;
        self.close_all(owner, mark, &host)?;
        let run = RunFields { begun, redo_from: self.redo_from, hard: owner.hard.is_some().into() };
        let quit = Record::RecoveryQuit2(RunEnd2 { run, time: host.clock.logtime() });
        let quit = self.log.append(&[&encode(&quit)?])?.last;
        self.log.flush(quit)?;
        Ok(Ended { quit })
    }

    /// Pages are written behind what the log says of them from now on.
    fn set_gates(&self) {
        for database in self.owner.databases.lock().iter() {
            database.attached.file.set_gate(Arc::new(UndoGate {
                log: Arc::clone(self.log),
                transactions: Arc::clone(self.transactions),
                map: Arc::downgrade(&database.map),
            }));
        }
    }

    /// Sessions in the order of their numbers, each level by level (spec 06 §11.1).
    fn roll_back(&self, owner: &Owner, sessions: Vec<RedoSession>) -> Result<()> {
        for session in &sessions {
            for dbtime in session.open_macros() {
                let abort = Record::MacroAbort(MacroMark { procid: session.procid(), dbtime });
                self.log.append(&[&encode(&abort)?])?;
            }
        }
        let maps: Vec<(u8, Arc<FileMap>)> = owner
            .databases
            .lock()
            .iter()
            .map(|database| (database.dbid, Arc::clone(&database.map)))
            .collect();
        for session in sessions {
            let transaction = RecoveredTransaction {
                procid: session.procid(),
                trx_begin0: session.trx_begin0(),
                level: session.level(),
                start: session.start(),
            };
            let mut versions = Vec::new();
            for version in session.versions() {
                // A version in a database that is left behind has nothing to be taken back in.
                if let Some((_, map)) = maps.iter().find(|(dbid, _)| *dbid == version.dbid) {
                    versions.push((tree_of(map, &version)?, version));
                }
            }
            let mut recovered = self.transactions.recover(transaction, versions)?;
            recovered.rollback_scope(RollbackScope::All)?;
        }
        Ok(())
    }

    /// Writes every page, then says in the log that everything before is in the files.
    fn mark(&self, owner: &Owner) -> Result<Lgpos> {
        self.log.flush_all()?;
        let files: Vec<_> =
            owner.databases.lock().iter().map(|database| Arc::clone(&database.attached.file)).collect();
        for file in files {
            file.write_back(WriteBack::All)?;
            file.sync()?;
            if file.dirty_pages() > 0 {
                let about = format!("{}: pages are left that cannot be written", file.path().display());
                return Err(Error::refused(JetError::INTERNAL_ERROR, about));
            }
            fit_to_owned(&file)?;
        }
        if let Some(mark) = self.ends_with_mark {
            return Ok(mark);
        }
        let mark = self.log.append(&[&encode(&Record::ShutDownMark(Mark {}))?])?.last;
        self.log.flush(mark)?;
        Ok(mark)
    }

    fn close_all(&self, owner: &Owner, mark: Lgpos, host: &Host) -> Result<()> {
        let mut closed = Vec::new();
        for database in owner.databases.lock().drain(..) {
            let UndoneDatabase { mut attached, map, .. } = database;
            // What cleanup would still do in the file is done when the database is attached again.
            self.transactions.forget_file(attached.file.id());
            attached.file.set_gate(Arc::new(OpenGate));
            let header: &mut HeaderFile = &mut attached.header;
            let copy_of = header.header().fields.backup_full_current;
            header.detached(Some(mark), map.dbtime(), map.objid_last(), host.clock.logtime())?;
            if owner.hard.is_some() {
                // It stays a copy until the log says that the restore is over (spec 07 §18, D19).
                header.header_mut().fields.backup_full_current = copy_of;
            }
            header.write(host)?;
            closed.push(attached.file);
        }
        closed.iter().for_each(|file| file.let_go());
        Ok(())
    }
}

/// The tree of a version, by what its root page says of it.
fn tree_of(map: &Arc<FileMap>, version: &RedoVersion) -> Result<WritableTree> {
    let flags = map.file().latch(version.fdp)?.view().flags();
    let kind = if flags.contains(PageFlags::LONG_VALUE) {
        TreeKind::LongValue
    } else if flags.contains(PageFlags::INDEX) {
        TreeKind::Index
    } else {
        TreeKind::Primary
    };
    WritableTree::open(map, version.fdp, version.objid, kind)
}
