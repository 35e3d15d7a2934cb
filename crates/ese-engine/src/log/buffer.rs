//! The log buffer: records in memory that are not written yet, over as many generations as they need.
//!
//! Placing is all it does; no call here waits for a disk. What is to be written is taken away as a [`Batch`]: full
//! segments in the order of the stream, a [`Piece::Roll`] wherever a generation ends, at most one partly filled
//! segment at the end.
//!
//! Invariants: everything before `durable` is on the disk; pieces leave in the order of their positions; the boundary
//! is where the first record begins that does not end in a full segment.

use std::collections::VecDeque;

use ese_format::error::JetError;
use ese_format::lgpos::Lgpos;
use ese_format::log::segment::SEGMENT_BYTES;
use ese_format::log::writer::{SegmentBuilder, SegmentRun};
use ese_format::logtime::Logtime;

use crate::error::{Error, Result};
use crate::io::Clock;
use crate::thread_statistics;

/// Memory that is kept for segments to come, at most.
const ROOM_BYTES_MAX: usize = 4 << 20;

/// Highest generation that work is logged in (spec 05 §1).
pub(super) const GENERATION_MAX: i32 = 0x7FFF_F800;

/// A generation that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewGeneration {
    pub(super) generation: i32,
    pub(super) created: Logtime,
    /// When the generation before was created; not set for the first.
    pub(super) previous_created: Logtime,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Full segments of the present generation.
    Segments(SegmentRun),
    /// The present generation is complete; this one follows.
    Roll(NewGeneration),
}

/// How the last, partly filled segment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Filled with a NOP2 record, so that it is never written again: for commits.
    Fill,
    /// As it is, with its shadow.
    Shadow,
    /// Not at all.
    Leave,
}

/// Everything that was taken from the buffer at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) pieces: Vec<Piece>,
    pub(super) partial: Option<SegmentRun>,
    /// Every record that begins before this is complete with the batch.
    pub(super) end: Lgpos,
}

/// The buffer.
#[derive(Debug)]
pub(super) struct Buffer {
    open: SegmentBuilder,
    created: Logtime,
    /// Segments of generations to come.
    file_segments: u16,
    queue: VecDeque<Piece>,
    queued_bytes: usize,
    /// Memory of segments that were written, for those to come.
    room: Vec<u8>,
    boundary: Lgpos,
    /// Where the record begins that was placed last.
    last: Lgpos,
    /// Everything before this is on the disk.
    pub(super) durable: Lgpos,
}

impl Buffer {
    /// A buffer that goes on in this generation, of which everything so far is on the disk.
    pub(super) fn new(open: SegmentBuilder, created: Logtime, file_segments: u16) -> Self {
        let next = open.next_position();
        Self {
            open,
            created,
            file_segments,
            queue: VecDeque::new(),
            queued_bytes: 0,
            room: Vec::new(),
            boundary: next,
            last: Lgpos::NULL,
            durable: next,
        }
    }

    pub(super) fn tip(&self) -> Lgpos {
        self.open.next_position()
    }

    pub(super) fn last_record(&self) -> Lgpos {
        self.last
    }

    pub(super) fn generation(&self) -> i32 {
        self.open.generation()
    }

    pub(super) fn created(&self) -> Logtime {
        self.created
    }

    /// Whether everything that begins at or before this position ends in a full segment.
    pub(super) fn is_in_full_segments(&self, position: Lgpos) -> bool {
        position < self.boundary || !self.open.is_partial()
    }

    /// Bytes in full segments that wait for being written.
    pub(super) fn full_bytes(&self) -> usize {
        self.queued_bytes + self.open.held_bytes().saturating_sub(SEGMENT_BYTES)
    }

    /// Makes sure that records of these lengths have their place in the open generation, beginning another one if
    /// need be.
    pub(super) fn make_room(&mut self, lengths: &[usize], clock: &dyn Clock) -> Result<()> {
        if self.open.has_room_for(lengths) {
            return Ok(());
        }
        if !SegmentBuilder::new(self.generation(), self.file_segments).has_room_for(lengths) {
            let about = format!("records of {} bytes in one log file", lengths.iter().sum::<usize>());
            return Err(Error::refused(JetError::LOG_BUFFER_TOO_SMALL, about));
        }
        self.roll(clock)
    }

    /// Places a record, if it lies within the open segment and leaves something of it free.
    pub(super) fn place_in_segment(&mut self, record: &[u8]) -> Option<Lgpos> {
        let placed = self.open.append_within_segment(record);
        if let Some(position) = placed {
            self.last = position;
            thread_statistics::record_logged(record.len());
        }
        placed
    }

    /// Places a record for which there is room, and returns its position.
    pub(super) fn place(&mut self, record: &[u8], clock: &dyn Clock) -> Lgpos {
        let now = if self.open.begins_segment(record.len()) { clock.logtime() } else { Logtime::default() };
        let segment = self.open.last_segment();
        thread_statistics::record_logged(record.len());
        let position = self.open.append(record, now).expect("make_room found room for it");
        self.last = position;
        if self.open.last_segment() != segment {
            self.boundary = position;
        }
        position
    }

    /// Leaves the rest of the segment zero.
    pub(super) fn start_segment(&mut self) {
        self.open.start_segment();
    }

    /// Ends the open generation and begins the next one.
    pub(super) fn roll(&mut self, clock: &dyn Clock) -> Result<()> {
        if self.generation() >= GENERATION_MAX {
            return Err(Error::refused(JetError::LOG_SEQUENCE_END, "the last log generation is full"));
        }
        self.open.start_segment();
        self.queue_full();
        let new = NewGeneration {
            generation: self.generation() + 1,
            created: clock.logtime(),
            previous_created: self.created,
        };
        self.queue.push_back(Piece::Roll(new));
        self.open = SegmentBuilder::new(new.generation, self.file_segments);
        self.created = new.created;
        self.boundary = self.tip();
        Ok(())
    }

    /// Takes memory back that is no longer needed for what was taken away.
    pub(super) fn give_room(&mut self, room: Vec<u8>) {
        if room.capacity() > self.room.capacity() && room.capacity() <= ROOM_BYTES_MAX {
            self.room = room;
        }
    }

    /// Takes away what is to be written.
    pub(super) fn take(&mut self, tail: Tail) -> Batch {
        if tail == Tail::Fill {
            self.open.fill_segment();
        }
        self.queue_full();
        let tip = self.tip();
        let partial = if tail == Tail::Leave { None } else { self.open.partial() };
        let complete = tail != Tail::Leave || !self.open.is_partial();
        let end = if complete { tip } else { self.boundary };
        self.queued_bytes = 0;
        Batch { pieces: self.queue.drain(..).collect(), partial, end }
    }

    fn queue_full(&mut self) {
        let run = self.open.take_full_leaving(&mut self.room);
        if !run.bytes.is_empty() {
            self.queued_bytes += run.bytes.len();
            self.queue.push_back(Piece::Segments(run));
        }
    }
}
