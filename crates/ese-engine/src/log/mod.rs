//! Floor 2: the log. Records go into a buffer, the buffer into segments, segments into generations (spec 05 §3–5).
//!
//! ```text
//! append -> Buffer (placing, rolling in memory)     one short lock
//! flush  -> the first comer takes a batch, writes and syncs it without that lock; the others wait, and most of them
//!           find their records durable when it is done
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`checkpoint_file`] | the checkpoint, read and written |
//! | [`LogFolder`] | which files of a stream there are, and where one ends |
//! | `buffer`, `writer`, `supply` | records in memory; writing them; where the next file comes from |
//!
//! Invariants: positions are given in the order in which records reach the disk; a record that begins before
//! [`Log::durable_tip`] survives a power cut; after a failed write the log is down and every later call fails the same
//! way, because nobody knows what the disk holds; memory is bounded by [`LogSettings::buffer_bytes`] and one record.

mod buffer;
pub mod checkpoint_file;
mod freeze;
mod stream;
mod supply;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::header::{LogHeader, LogParameters, PARAMETER_PATH_BYTES};
use ese_format::log::names::{self, GenerationDigits, LogExtension};
use ese_format::log::segment::SEGMENT_BYTES;
use ese_format::log::version::LogVersion;
use ese_format::log::writer::SegmentBuilder;
use ese_format::logtime::Logtime;
use ese_format::page_size::PageSize;
use ese_format::signature::Signature;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::error::{Error, Result};
use crate::io::{Access, Host};

use buffer::{Buffer, NewGeneration, Tail};
use supply::{NextFile, Supply};
use writer::{BegunRoll, Rolling, Writer, WriterStart};

pub use freeze::{FreezeAt, FrozenLog};
pub use stream::{Generation, LogFolder, LogHeaderFile, Mended, mend_tail};
pub use supply::Deleted;
pub use writer::HeaderFacts;

/// Least bytes of records in memory at which appending waits for writing.
const BUFFER_BYTES_MIN: usize = 16 * SEGMENT_BYTES;

/// Whether logs that no recovery needs are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circular {
    /// They are (JET_paramCircularLog).
    On,
    /// They stay until a backup deletes them.
    Off,
}

/// What a log is run with.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The machine.
    pub host: Host,
    /// Where the logs are (JET_paramLogFilePath).
    pub folder: PathBuf,
    /// Where the checkpoint is (JET_paramSystemPath).
    pub system_folder: PathBuf,
    /// First characters of every name (JET_paramBaseName).
    pub base_name: String,
    /// Extensions of logs and checkpoint.
    pub extension: LogExtension,
    /// Digits in the names of archived logs.
    pub digits: GenerationDigits,
    /// Segments of a new log file, header included.
    pub file_segments: u16,
    /// Whether old logs are used again.
    pub circular: Circular,
    /// Page size of the databases.
    pub page_size: PageSize,
    /// The version new generations are written in; never below that of the stream.
    pub version: LogVersion,
    /// What headers say of the writing engine.
    pub engine_format_version: u32,
    /// Reserve logs to keep.
    pub reserve_files: u32,
    /// Bytes of records that may wait in memory.
    pub buffer_bytes: usize,
}

impl LogSettings {
    /// Bytes of a new log file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        u64::from(self.file_segments) * SEGMENT_BYTES as u64
    }

    /// Path of the current log.
    #[must_use]
    pub fn current_path(&self) -> PathBuf {
        self.folder.join(names::current_log(&self.base_name, self.extension))
    }

    /// Path of the log that is prepared.
    #[must_use]
    pub fn temporary_path(&self) -> PathBuf {
        self.folder.join(names::temporary_log(&self.base_name, self.extension))
    }

    /// Path of an archived log.
    #[must_use]
    pub fn archived_path(&self, generation: i32) -> PathBuf {
        self.folder.join(names::archived_log(&self.base_name, generation, self.digits, self.extension))
    }

    /// Path of a reserve log; numbers go from 1.
    #[must_use]
    pub fn reserve_path(&self, number: u32) -> PathBuf {
        self.folder.join(names::reserve_log(&self.base_name, number))
    }

    /// Path of the checkpoint.
    #[must_use]
    pub fn checkpoint_path(&self) -> PathBuf {
        self.system_folder.join(names::checkpoint(&self.base_name, self.extension))
    }

    /// The parameters of a run as headers, Init2 and the checkpoint store them; only the size and the circular flag
    /// ever matter (spec 05 §4.2).
    #[must_use]
    pub fn parameters(&self) -> LogParameters {
        let mut parameters = LogParameters::zeroed();
        parameters.system_path = stored_path(&self.system_folder.to_string_lossy());
        parameters.log_path = stored_path(&self.folder.to_string_lossy());
        parameters.flags = u8::from(self.circular == Circular::On);
        parameters.log_file_sectors = u32::from(self.file_segments).into();
        parameters
    }
}

/// A path in the ANSI form of parameters: what is not ASCII becomes a question mark.
fn stored_path(path: &str) -> [u8; PARAMETER_PATH_BYTES] {
    let mut stored = [0; PARAMETER_PATH_BYTES];
    let characters = path.chars().take(PARAMETER_PATH_BYTES - 1);
    for (place, character) in stored.iter_mut().zip(characters) {
        *place = u8::try_from(character).ok().filter(u8::is_ascii).unwrap_or(b'?');
    }
    stored
}

/// Whom a log asks and tells.
pub trait LogOwner: fmt::Debug + Send + Sync {
    /// What the header of a new generation says of the databases that were attached before `first`. No lock of the
    /// buffer is held; the call appends and flushes nothing.
    fn header_facts(&self, first: Lgpos) -> HeaderFacts;

    /// A generation has its file. Called by the thread that writes, before a record of that generation is written: the
    /// owner may write database headers, and appends and flushes nothing.
    ///
    /// # Errors
    /// Take the log down.
    fn generation_began(&self, generation: i32, created: Logtime) -> Result<()>;
}

/// Where an appended group of records lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Position of the first record.
    pub first: Lgpos,
    /// Position of the last record.
    pub last: Lgpos,
    /// Position behind the last record.
    pub end: Lgpos,
}

/// A record that is appended together with another one.
#[derive(Clone, Copy, Debug)]
pub enum Companion<'r> {
    /// In front of it.
    InFront(&'r [u8]),
    /// Behind it.
    Behind(&'r [u8]),
}

/// Whether a log takes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogState {
    /// It does.
    Running,
    /// The disk is full and reserve logs are in use: open transactions may end, new work gets `JET_errLogDiskFull`.
    Quiesced,
    /// A write failed: every call fails with this code.
    Down(JetError),
}

/// Whether the file a stream ends with still has the name of the current log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastFile {
    /// It does.
    Current,
    /// The power went between the two renames of a roll, or the current log is lost: it has its archived name.
    Archived,
}

/// What to do behind the last record of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// Go on in the last generation, on a fresh segment.
    SameGeneration,
    /// Begin the next generation.
    NextGeneration,
}

/// Where an existing stream is continued.
#[derive(Clone, Debug)]
pub struct LogPlace {
    /// Header of the last generation.
    pub header: Box<LogHeader>,
    /// The segment behind its last valid one.
    pub end: Lgpos,
    /// XOR of the checksums of its valid segments.
    pub accumulated: u64,
    /// How its file is called.
    pub last_file: LastFile,
    /// Where to go on; a generation whose version is below the one to write, or whose file is archived, is never
    /// continued.
    pub onward: Onward,
}

/// The buffer and who writes it.
#[derive(Debug)]
struct Shared {
    buffer: Buffer,
    writing: bool,
    quiesced: bool,
    /// The newest generation that has its file, and when it was created.
    filed: (i32, Logtime),
    down: Option<(JetError, String)>,
}

impl Shared {
    fn check_up(&self) -> Result<()> {
        match &self.down {
            Some((jet, about)) => Err(Error::refused(*jet, about.clone())),
            None => Ok(()),
        }
    }

    /// A write failed: nobody knows what the disk holds.
    fn failed(&mut self, error: &Error) {
        let jet = match error.jet() {
            kept @ (JetError::LOG_SEQUENCE_END | JetError::LOG_WRITE_FAIL) => kept,
            _ => JetError::LOG_WRITE_FAIL,
        };
        tracing::error!("the log is down: {error}");
        self.down = Some((jet, format!("the log is down: {error}")));
    }
}

/// A log that is written to.
#[derive(Debug)]
pub struct Log {
    settings: LogSettings,
    signature: Signature,
    owner: Mutex<Option<Weak<dyn LogOwner>>>,
    shared: Mutex<Shared>,
    written: Condvar,
    /// Locked by the one who set `writing`.
    writer: Mutex<Writer>,
    supply: Mutex<Supply>,
}

impl Log {
    /// A new stream: generation 1.
    ///
    /// # Errors
    /// `JET_errLogDiskFull`, `JET_errLogWriteFail`.
    pub fn create(settings: LogSettings, signature: Signature) -> Result<Arc<Self>> {
        let created = settings.host.clock.logtime();
        let buffer =
            Buffer::new(SegmentBuilder::new(1, settings.file_segments), created, settings.file_segments);
        let log = Self::begin(settings, signature, buffer, Writer::new(signature, None))?;
        let first = NewGeneration { generation: 1, created, previous_created: Logtime::default() };
        log.write_batch(buffer::Batch {
            pieces: vec![buffer::Piece::Roll(first)],
            partial: None,
            end: Lgpos::new(1, 1, 0),
        })?;
        Ok(log)
    }

    /// A stream that exists, behind its last record.
    ///
    /// # Errors
    /// As [`Self::create`], and those of opening the current log.
    pub fn open(settings: LogSettings, at: LogPlace) -> Result<Arc<Self>> {
        Self::open_owned(settings, at, None)
    }

    /// As [`Self::open`]; the owner hears of a generation that begins with it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_owned(
        mut settings: LogSettings,
        at: LogPlace,
        owner: Option<Weak<dyn LogOwner>>,
    ) -> Result<Arc<Self>> {
        let stored = at.header.version();
        settings.version.update_major = settings.version.update_major.max(stored.update_major);
        settings.version.update_minor = settings.version.update_minor.max(stored.update_minor);
        let generation = at.header.generation.get();
        let continued = at.onward == Onward::SameGeneration
            && at.last_file == LastFile::Current
            && stored == settings.version;
        let file = match at.last_file {
            LastFile::Current => {
                Some(settings.host.file_system.open(&settings.current_path(), Access::ReadWrite)?)
            }
            LastFile::Archived => None,
        };
        let file_segments = at.header.file_sectors.get();
        let start = WriterStart {
            file,
            generation,
            flags: at.header.log_flags(),
            file_segments,
            accumulated: at.accumulated,
        };
        let last = at.end.isec.get().saturating_sub(1);
        let open = SegmentBuilder::resume(generation, file_segments, last);
        let buffer = Buffer::new(open, at.header.created, settings.file_segments);
        let signature = at.header.signature;
        let log = Self::begin(settings, signature, buffer, Writer::new(signature, Some(start)))?;
        if let Some(owner) = owner {
            log.set_owner(owner);
        }
        if !continued {
            log.roll()?;
        }
        Ok(log)
    }

    fn begin(
        settings: LogSettings,
        signature: Signature,
        buffer: Buffer,
        writer: Writer,
    ) -> Result<Arc<Self>> {
        let disk = &settings.host.file_system;
        let folder = LogFolder::scan(&**disk, &settings.folder, &settings.base_name, settings.extension)?;
        let mut supply = Supply::new(&folder);
        supply.keep_reserves(&settings)?;
        let filed = (buffer.generation(), buffer.created());
        let shared = Shared { buffer, writing: false, quiesced: false, filed, down: None };
        Ok(Arc::new(Self {
            settings,
            signature,
            owner: Mutex::new(None),
            shared: Mutex::new(shared),
            written: Condvar::new(),
            writer: Mutex::new(writer),
            supply: Mutex::new(supply),
        }))
    }

    /// Who is asked when a generation begins, and told when it has.
    pub fn set_owner(&self, owner: Weak<dyn LogOwner>) {
        *self.owner.lock() = Some(owner);
    }

    fn owner(&self) -> Option<Arc<dyn LogOwner>> {
        self.owner.lock().as_ref().and_then(Weak::upgrade)
    }

    /// Appends records, one behind the other; each may begin another generation.
    ///
    /// # Errors
    /// `JET_errLogWriteFail` and its like when the log is down; `JET_errLogBufferTooSmall` for a record that no
    /// generation holds.
    pub fn append(&self, records: &[&[u8]]) -> Result<Appended> {
        let clock = &*self.settings.host.clock;
        let mut shared = self.shared_with_room()?;
        let mut appended: Option<Appended> = None;
        for record in records {
            let position = match shared.buffer.place_in_segment(record) {
                Some(position) => position,
                None => {
                    shared.buffer.make_room(&[record.len()], clock)?;
                    shared.buffer.place(record, clock)
                }
            };
            appended = Some(Appended {
                first: appended.map_or(position, |appended| appended.first),
                last: position,
                end: Lgpos::NULL,
            });
        }
        let end = shared.buffer.tip();
        let nothing = Appended { first: end, last: end, end };
        Ok(appended.map_or(nothing, |appended| Appended { end, ..appended }))
    }

    /// Appends records that belong into one generation, one behind the other: MacroCommit and MacroInfo, Commit0 and
    /// CommitCtx (spec 05 §5.4).
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_unit(&self, records: &[&[u8]]) -> Result<Appended> {
        let clock = &*self.settings.host.clock;
        let lengths: Vec<usize> = records.iter().map(|record| record.len()).collect();
        let mut shared = self.shared_with_room()?;
        shared.buffer.make_room(&lengths, clock)?;
        let first = shared.buffer.tip();
        let last = records.iter().fold(first, |_, record| shared.buffer.place(record, clock));
        Ok(Appended { first, last, end: shared.buffer.tip() })
    }

    /// Appends a record that is finished by `fill` when its position is known and no other record can come between:
    /// the transaction number of a Commit0, a database's lgposAttach. `fill` takes leaf locks only.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_with(&self, record: &mut [u8], fill: &mut dyn FnMut(Lgpos, &mut [u8])) -> Result<Appended> {
        let clock = &*self.settings.host.clock;
        let mut shared = self.shared_with_room()?;
        shared.buffer.make_room(&[record.len()], clock)?;
        fill(shared.buffer.tip(), record);
        let position = shared.buffer.place(record, clock);
        Ok(Appended { first: position, last: position, end: shared.buffer.tip() })
    }

    /// As [`Self::append_with`], with another record in the same generation right in front of it or behind it.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_pair_with(
        &self,
        record: &mut [u8],
        companion: Companion<'_>,
        fill: &mut dyn FnMut(Lgpos, &mut [u8]),
    ) -> Result<Appended> {
        let clock = &*self.settings.host.clock;
        let mut shared = self.shared_with_room()?;
        let (Companion::InFront(other) | Companion::Behind(other)) = companion;
        shared.buffer.make_room(&[record.len(), other.len()], clock)?;
        if let Companion::InFront(other) = companion {
            shared.buffer.place(other, clock);
        }
        fill(shared.buffer.tip(), record);
        let position = shared.buffer.place(record, clock);
        let end = shared.buffer.tip();
        if let Companion::Behind(other) = companion {
            shared.buffer.place(other, clock);
        }
        Ok(Appended { first: position, last: position, end })
    }

    /// The buffer, when the log is up and not too much waits in it.
    fn shared_with_room(&self) -> Result<MutexGuard<'_, Shared>> {
        let limit = self.settings.buffer_bytes.max(BUFFER_BYTES_MIN);
        let mut shared = self.shared.lock();
        loop {
            shared.check_up()?;
            if shared.buffer.full_bytes() < limit {
                return Ok(shared);
            }
            self.write_or_wait(&mut shared, Tail::Leave)?;
        }
    }

    /// Returns when everything that begins at or before `through` is durable. Many callers share one write; a segment
    /// that is partly filled is filled up with padding, as for a commit (spec 05 §5.5).
    ///
    /// # Errors
    /// `JET_errLogWriteFail` and its like: what became durable is not known.
    pub fn flush(&self, through: Lgpos) -> Result<()> {
        self.flush_to(through, Tail::Fill)
    }

    /// As [`Self::flush`] for who does not commit: a segment that is partly filled stays so, and has its shadow.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub fn flush_unfilled(&self, through: Lgpos) -> Result<()> {
        self.flush_to(through, Tail::Shadow)
    }

    /// Makes everything durable that was appended before this call.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub fn flush_all(&self) -> Result<()> {
        self.flush_to(self.tip(), Tail::Shadow)
    }

    /// Waits until something behind `position` is durable, or a while; gives how far the log is durable.
    ///
    /// # Errors
    /// The log's own when it is down.
    pub fn wait_beyond(&self, position: Lgpos, for_most: std::time::Duration) -> Result<Lgpos> {
        let mut shared = self.shared.lock();
        if shared.buffer.durable <= position && shared.down.is_none() {
            self.written.wait_for(&mut shared, for_most);
        }
        shared.check_up()?;
        Ok(shared.buffer.durable)
    }

    /// Lets everybody look again who waits for the log.
    pub fn wake_waiters(&self) {
        self.written.notify_all();
    }

    /// Writes what is complete, so that appending need not wait for it: work for idle threads.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub fn write_behind(&self) -> Result<()> {
        let mut shared = self.shared.lock();
        shared.check_up()?;
        if shared.writing || shared.buffer.full_bytes() == 0 {
            return Ok(());
        }
        self.write_or_wait(&mut shared, Tail::Leave)
    }

    /// Whether so much of the buffer is full that somebody should write it ([`Self::write_behind`]) before those who
    /// append have to.
    #[must_use]
    pub fn wants_writing(&self) -> bool {
        let limit = self.settings.buffer_bytes.max(BUFFER_BYTES_MIN);
        let shared = self.shared.lock();
        !shared.writing && shared.buffer.full_bytes() >= limit / 4
    }

    fn flush_to(&self, through: Lgpos, tail: Tail) -> Result<()> {
        let mut shared = self.shared.lock();
        let through = through.min(last_before(shared.buffer.tip()));
        loop {
            shared.check_up()?;
            if shared.buffer.durable > through {
                return Ok(());
            }
            // A segment that is partly filled is left alone where nobody needs it: it would be written again.
            let tail = if shared.buffer.is_in_full_segments(through) { Tail::Leave } else { tail };
            self.write_or_wait(&mut shared, tail)?;
        }
    }

    /// Waits for the thread that writes, or becomes it.
    fn write_or_wait(&self, shared: &mut MutexGuard<'_, Shared>, tail: Tail) -> Result<()> {
        if shared.writing {
            self.written.wait(shared);
            return Ok(());
        }
        let batch = shared.buffer.take(tail);
        shared.writing = true;
        let end = batch.end;
        let outcome = MutexGuard::unlocked(shared, || {
            let on_panic = TakeDownOnPanic(self);
            let outcome = self.write_batch(batch);
            std::mem::forget(on_panic);
            outcome
        });
        shared.writing = false;
        self.written.notify_all();
        match outcome {
            Ok(room) => {
                shared.buffer.give_room(room);
                shared.buffer.durable = shared.buffer.durable.max(end);
                Ok(())
            }
            Err(error) => {
                shared.failed(&error);
                shared.check_up()
            }
        }
    }

    /// Takes no records any more: every call that waits and every later one fails with this code. For threads of the
    /// engine that end in a panic; a failure that came first stays the reason.
    pub(crate) fn take_down(&self, jet: JetError, about: &str) {
        tracing::error!("the log is down: {about}");
        let mut shared = self.shared.lock();
        shared.down.get_or_insert_with(|| (jet, format!("the log is down: {about}")));
        self.written.notify_all();
    }

    /// Gives memory back that the batch needed.
    fn write_batch(&self, batch: buffer::Batch) -> Result<Vec<u8>> {
        let facts = |first| self.facts(first);
        let began = |new: NewGeneration, next: NextFile| self.began(new, next);
        let rolling = Rolling { supply: &self.supply, facts: &facts, began: &began };
        let mut writer = self.writer.lock();
        writer.write(batch, &self.settings, &rolling)?;
        Ok(writer.take_spent())
    }

    fn facts(&self, first: Lgpos) -> HeaderFacts {
        self.owner().map(|owner| owner.header_facts(first)).unwrap_or_default()
    }

    /// A generation has its file.
    fn began(&self, new: NewGeneration, next: NextFile) -> Result<()> {
        if next.from_reserve {
            tracing::warn!("the disk is full: log {:#x} was a reserve log", new.generation);
        }
        {
            let mut shared = self.shared.lock();
            shared.quiesced |= next.from_reserve;
            shared.filed = (new.generation, new.created);
        }
        let owner = self.owner();
        owner.map_or(Ok(()), |owner| owner.generation_began(new.generation, new.created))
    }

    /// The first half of a roll: until the next generation's file is complete.
    fn begin_roll(&self, new: NewGeneration) -> Result<BegunRoll> {
        let facts = self.facts(Lgpos::new(new.generation, 0, 0));
        self.writer.lock().begin_roll(new, &self.settings, &self.supply, &facts)
    }

    /// The second half.
    fn finish_roll(&self, new: NewGeneration, begun: BegunRoll) -> Result<()> {
        let next = self.writer.lock().finish_roll(new, begun, &self.settings, &self.supply)?;
        self.began(new, next)
    }

    /// Position of the next record; padding may go in front of it.
    #[must_use]
    pub fn tip(&self) -> Lgpos {
        self.shared.lock().buffer.tip()
    }

    /// Every record that begins before this is durable.
    #[must_use]
    pub fn durable_tip(&self) -> Lgpos {
        self.shared.lock().buffer.durable
    }

    /// The generation that records are appended to.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.shared.lock().buffer.generation()
    }

    /// When that generation was created.
    #[must_use]
    pub fn created(&self) -> Logtime {
        self.shared.lock().buffer.created()
    }

    /// The newest generation that has its file, and when it was created: the highest that a database header may name.
    #[must_use]
    pub fn newest_file(&self) -> (i32, Logtime) {
        self.shared.lock().filed
    }

    /// Identity of the stream.
    #[must_use]
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// The version of new generations, and of the present one.
    #[must_use]
    pub fn version(&self) -> LogVersion {
        self.settings.version
    }

    /// What the log is run with.
    #[must_use]
    pub fn settings(&self) -> &LogSettings {
        &self.settings
    }

    /// Leaves the rest of the current segment zero: a run of the engine begins on a fresh one.
    pub fn start_segment(&self) {
        self.shared.lock().buffer.start_segment();
    }

    /// Ends the current generation and begins the next, durably.
    ///
    /// # Errors
    /// As [`Self::flush`]; `JET_errLogSequenceEnd` behind the last generation.
    pub fn roll(&self) -> Result<()> {
        self.roll_with(&[]).map(|_| ())
    }

    /// As [`Self::roll`], with this record as the first of the new generation; an empty one is none. Returns where it
    /// lies. The record itself is not flushed.
    ///
    /// # Errors
    /// As [`Self::roll`].
    pub fn roll_with(&self, record: &[u8]) -> Result<Lgpos> {
        let clock = &*self.settings.host.clock;
        let mut shared = self.shared.lock();
        shared.check_up()?;
        shared.buffer.roll(clock)?;
        let began = shared.buffer.tip();
        if !record.is_empty() {
            shared.buffer.make_room(&[record.len()], clock)?;
            shared.buffer.place(record, clock);
        }
        loop {
            shared.check_up()?;
            if shared.buffer.durable >= began {
                return Ok(began);
            }
            self.write_or_wait(&mut shared, Tail::Leave)?;
        }
    }

    /// Where the record begins that was appended last; null before the first of this run.
    #[must_use]
    pub fn last_record(&self) -> Lgpos {
        self.shared.lock().buffer.last_record()
    }

    /// Whether the stream has come to its last generation.
    #[must_use]
    pub fn is_at_sequence_end(&self) -> bool {
        self.generation() >= buffer::GENERATION_MAX
    }

    /// Whether the log takes records.
    #[must_use]
    pub fn state(&self) -> LogState {
        let shared = self.shared.lock();
        match &shared.down {
            Some((jet, _)) => LogState::Down(*jet),
            None if shared.quiesced => LogState::Quiesced,
            None => LogState::Running,
        }
    }

    /// Asked before new work is begun. While reserve logs are in use this tries to make them again (spec 05 §3.4).
    ///
    /// # Errors
    /// `JET_errLogDiskFull` while the disk is full; the log's own error when it is down.
    pub fn admit_new_work(&self) -> Result<()> {
        match self.state() {
            LogState::Running => Ok(()),
            LogState::Down(_) => self.shared.lock().check_up(),
            LogState::Quiesced => {
                let mut supply = self.supply.lock();
                supply.make_reserves(&self.settings)?;
                drop(supply);
                self.shared.lock().quiesced = false;
                Ok(())
            }
        }
    }

    /// Makes the file of the next generation ahead of time: work for idle threads. `checkpoint` is the generation of
    /// the checkpoint.
    ///
    /// # Errors
    /// Those of the disk, but for a full one.
    pub fn prepare_next(&self, checkpoint: i32) -> Result<()> {
        self.supply.lock().prepare(&self.settings, checkpoint)
    }

    /// Keeps every archived log from generation `from` on until the hold is dropped: a backup copies them.
    #[must_use]
    pub fn hold_archives(self: &Arc<Self>, from: i32) -> ArchiveHold {
        self.supply.lock().hold(from);
        ArchiveHold { log: Arc::clone(self), from }
    }

    /// Deletes archived logs, the lowest first, so that at any power cut the remaining ones are without a gap. Those that
    /// are not there are passed over.
    ///
    /// # Errors
    /// Those of the disk; the logs from the one named on are still there.
    pub fn delete_archives(&self, generations: std::ops::Range<i32>) -> Result<Deleted> {
        self.supply.lock().delete(&self.settings, generations)
    }

    /// Where an archived log is, or would be.
    #[must_use]
    pub fn archive_path(&self, generation: i32) -> PathBuf {
        let known = self.supply.lock().path_of(generation);
        known.unwrap_or_else(|| self.settings.archived_path(generation))
    }

    /// The lowest archived generation, if there is an archived log.
    #[must_use]
    pub fn lowest_archive(&self) -> Option<i32> {
        self.supply.lock().lowest_archive()
    }
}

/// Held by the thread that writes, with the lock of the buffer given back, and forgotten when it is done: dropped only
/// by a panic. Nobody knows then what the disk holds, and nobody may wait for a thread that is gone.
struct TakeDownOnPanic<'l>(&'l Log);

impl Drop for TakeDownOnPanic<'_> {
    fn drop(&mut self) {
        self.0.take_down(JetError::INSTANCE_UNAVAILABLE, "the thread that wrote it panicked");
        self.0.shared.lock().writing = false;
        self.0.written.notify_all();
    }
}

/// While it lives, circular logging neither deletes nor reuses an archived log from a generation on.
#[derive(Debug)]
pub struct ArchiveHold {
    log: Arc<Log>,
    from: i32,
}

impl Drop for ArchiveHold {
    fn drop(&mut self) {
        self.log.supply.lock().release(self.from);
    }
}

/// The greatest position before `tip`: a flush through it makes everything appended durable.
fn last_before(tip: Lgpos) -> Lgpos {
    let (generation, isec, ib) = (tip.generation.get(), tip.isec.get(), tip.ib.get());
    match (isec, ib) {
        (_, 1..) => Lgpos::new(generation, isec, ib - 1),
        (1.., 0) => Lgpos::new(generation, isec - 1, u16::MAX),
        (0, 0) => Lgpos::new(generation.saturating_sub(1), u16::MAX, u16::MAX),
    }
}
