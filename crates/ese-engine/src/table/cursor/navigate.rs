//! Moves and index ranges (spec 09 §7.3, §7.4).

use ese_format::error::JetError;
use ese_format::node::KeyRef;

use crate::btree::SeekOutcome;
use crate::error::Result;
use crate::table::{Cursor, MoveGrbit, RangeGrbit};
use crate::transaction::Session;

use super::{Currency, IndexRange, RangeEnd, refused};

/// Which way a move goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

impl Cursor {
    /// To the first entry of the whole index; an index range goes, a prepared update is cancelled.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` when there is none, the cursor is then before the first; those of the trees.
    pub fn move_first(&mut self, session: &mut Session) -> Result<()> {
        self.move_to_end(session, RangeEnd::Lower)
    }

    /// To the last entry of the whole index; an index range goes, a prepared update is cancelled.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` when there is none, the cursor is then after the last; those of the trees.
    pub fn move_last(&mut self, session: &mut Session) -> Result<()> {
        self.move_to_end(session, RangeEnd::Upper)
    }

    fn move_to_end(&mut self, session: &mut Session, end: RangeEnd) -> Result<()> {
        self.cancel_update(session)?;
        session.check_read()?;
        self.range = None;
        self.with_sight(session, |cursor, session| {
            if cursor.step_to_end(session, end)? {
                return Ok(());
            }
            refused(JetError::NO_CURRENT_RECORD, "the index is empty")
        })
    }

    /// `rows` entries on, back when negative; 0 tests the place. A prepared update is cancelled whatever the result.
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord` when there are not as many, the cursor is then after the last or before the first;
    /// `JET_errRecordDeleted` for 0 on an entry that is gone; `JET_errFilteredMoveNotSupported` for 0 with a filter; those
    /// of the trees.
    pub fn move_by(&mut self, session: &mut Session, rows: i32, grbit: MoveGrbit) -> Result<()> {
        self.cancel_update(session)?;
        session.check_read()?;
        self.refresh_schema(session)?;
        if grbit.is_empty() && self.hop(rows) {
            return self.arrived(session);
        }
        self.parking(session, |cursor, session| match rows {
            0 if cursor.filter.is_some() => {
                refused(JetError::FILTERED_MOVE_NOT_SUPPORTED, "a move by nothing with a filter")
            }
            0 => cursor.on_entry(session),
            _ => cursor.move_rows(session, rows, grbit),
        })
    }

    /// To the record beside in the primary order, where the tree cursor can tell without a latch that there is one and
    /// nothing limits the moves.
    #[inline]
    fn hop(&mut self, rows: i32) -> bool {
        let is_free = self.secondary.is_none() && self.filter.is_none() && self.range.is_none();
        match rows {
            _ if !is_free || self.currency != Currency::OnEntry => false,
            1 => self.primary.hop_forward(),
            -1 => self.primary.hop_backward(),
            _ => false,
        }
    }

    fn move_rows(&mut self, session: &mut Session, rows: i32, grbit: MoveGrbit) -> Result<()> {
        self.resolve_deferred(session)?;
        let direction = if rows > 0 { Direction::Forward } else { Direction::Backward };
        for _ in 0..rows.unsigned_abs() {
            let moved = if grbit.contains(MoveGrbit::KEY_NE) {
                self.step_to_other_key(session, direction)
            } else {
                self.step(session, direction)
            };
            match moved {
                Ok(true) => {}
                Ok(false) => return refused(JetError::NO_CURRENT_RECORD, "there is no further entry"),
                Err(error) => {
                    self.left(session, Currency::BeforeFirst);
                    return Err(error);
                }
            }
            if !self.is_in_range(direction)? {
                self.leave_range(session, direction);
                return refused(JetError::NO_CURRENT_RECORD, "the index range ends here");
            }
        }
        Ok(())
    }

    /// One entry on or back. False at the end; the cursor is then beyond it.
    pub(super) fn step(&mut self, session: &Session, direction: Direction) -> Result<bool> {
        loop {
            let here = match (direction, self.currency) {
                (Direction::Forward, Currency::AfterLast) | (Direction::Backward, Currency::BeforeFirst) => {
                    false
                }
                (Direction::Forward, Currency::BeforeFirst | Currency::DeferredFirst) => {
                    self.entries().move_first()?
                }
                (Direction::Backward, Currency::AfterLast) => self.entries().move_last()?,
                (Direction::Backward, Currency::DeferredFirst) => false,
                (_, Currency::OnVirtual) => self.step_from_virtual(direction)?,
                (Direction::Forward, Currency::OnEntry) => self.entries().move_next()?,
                (Direction::Backward, Currency::OnEntry) => self.entries().move_previous()?,
            };
            if !here {
                let beyond = match direction {
                    Direction::Forward => Currency::AfterLast,
                    Direction::Backward => Currency::BeforeFirst,
                };
                self.left(session, beyond);
                return Ok(false);
            }
            self.arrived(session)?;
            if self.passes_filter()? {
                return Ok(true);
            }
        }
    }

    /// From a key without an entry; one that was made there meanwhile is passed over (spec 09 §6.3).
    fn step_from_virtual(&mut self, direction: Direction) -> Result<bool> {
        let place = std::mem::take(&mut self.virtual_place);
        let mut found = self.entries().seek(&place.key, &place.data)?;
        if direction == Direction::Backward {
            return self.entries().move_previous();
        }
        while found == SeekOutcome::Equal {
            if !self.entries().move_next()? {
                return Ok(false);
            }
            let node = self.entries_ref().node()?;
            let same = node.is_some_and(|node| {
                node.key() == KeyRef::from(place.key.as_slice())
                    && (place.data.is_empty() || node.data == place.data)
            });
            found = if same { SeekOutcome::Equal } else { SeekOutcome::Greater };
        }
        Ok(found == SeekOutcome::Greater)
    }

    /// To an entry with another key than the one the cursor is on.
    fn step_to_other_key(&mut self, session: &Session, direction: Direction) -> Result<bool> {
        let unique = !self.entries_ref().tree().has_duplicate_keys();
        let before = if self.currency == Currency::OnEntry { self.entry_key()? } else { None };
        let Some(before) = before.filter(|_| !unique) else { return self.step(session, direction) };
        loop {
            if !self.step(session, direction)? {
                return Ok(false);
            }
            let same =
                self.entries_ref().node()?.is_some_and(|node| node.key() == KeyRef::from(before.as_slice()));
            if !same {
                return Ok(true);
            }
        }
    }

    /// The key of the entry the cursor is on, or was on before it was deleted.
    pub(super) fn entry_key(&self) -> Result<Option<Vec<u8>>> {
        let entries = self.entries_ref();
        Ok(match entries.node()? {
            Some(node) => Some(node.key().to_vec()),
            None => entries.bookmark()?.map(|bookmark| bookmark.key),
        })
    }

    /// To the first or last entry. False when there is none; the cursor is then before the first or after the last.
    pub(super) fn step_to_end(&mut self, session: &Session, end: RangeEnd) -> Result<bool> {
        let (from, direction) = match end {
            RangeEnd::Lower => (Currency::BeforeFirst, Direction::Forward),
            RangeEnd::Upper => (Currency::AfterLast, Direction::Backward),
        };
        self.currency = from;
        let found = self.step(session, direction);
        match found {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.left(session, from);
                Ok(false)
            }
            Err(error) => {
                self.left(session, Currency::BeforeFirst);
                Err(error)
            }
        }
    }

    // ---- index ranges ----

    /// Limits moves in one direction by the search key, which is used up (spec 09 §7.3).
    ///
    /// # Errors
    /// `JET_errInvalidOperation` when there is no range to remove, `JET_errNoCurrentIndex` in a table without a primary
    /// index, `JET_errKeyNotMade`, `JET_errNoCurrentRecord` when the cursor is on no entry (the range is set all the same)
    /// or on one outside of it (the range is gone and the cursor beyond it).
    pub fn set_index_range(&mut self, session: &mut Session, grbit: RangeGrbit) -> Result<()> {
        if grbit.contains(RangeGrbit::REMOVE) {
            return match self.range.take() {
                Some(_) => Ok(()),
                None => refused(JetError::INVALID_OPERATION, "there is no index range"),
            };
        }
        if self.current_index().is_none() {
            return refused(JetError::NO_CURRENT_INDEX, "the table has no primary index");
        }
        let limit = self.search.usable_key()?.to_vec();
        let result = self.with_sight(session, |cursor, session| cursor.limit_moves(session, limit, grbit));
        self.search.use_up();
        if grbit.contains(RangeGrbit::INSTANT_DURATION) {
            self.range = None;
        }
        result
    }

    pub(super) fn limit_moves(
        &mut self,
        session: &mut Session,
        limit: Vec<u8>,
        grbit: RangeGrbit,
    ) -> Result<()> {
        self.resolve_deferred(session)?;
        let end = if grbit.contains(RangeGrbit::UPPER_LIMIT) { RangeEnd::Upper } else { RangeEnd::Lower };
        self.range = Some(IndexRange { limit, end, inclusive: grbit.contains(RangeGrbit::INCLUSIVE) });
        let key = match self.currency {
            Currency::OnEntry => self.entry_key()?,
            Currency::OnVirtual => Some(self.virtual_place.key.clone()),
            _ => None,
        };
        let Some(key) = key else {
            return refused(JetError::NO_CURRENT_RECORD, "the cursor is on no entry");
        };
        let inside = self.range.as_ref().is_none_or(|range| range.contains(KeyRef::from(key.as_slice())));
        if inside {
            return Ok(());
        }
        let direction = match end {
            RangeEnd::Upper => Direction::Forward,
            RangeEnd::Lower => Direction::Backward,
        };
        self.leave_range(session, direction);
        refused(JetError::NO_CURRENT_RECORD, "the entry is outside of the index range")
    }

    /// Whether the entry that a move in this direction reached is inside the range.
    pub(super) fn is_in_range(&self, direction: Direction) -> Result<bool> {
        let Some(range) = self.range.as_ref().filter(|range| range.limits(direction)) else {
            return Ok(true);
        };
        Ok(self.entries_ref().node()?.is_none_or(|node| range.contains(node.key())))
    }

    fn leave_range(&mut self, session: &Session, direction: Direction) {
        self.range = None;
        self.left(
            session,
            match direction {
                Direction::Forward => Currency::AfterLast,
                Direction::Backward => Currency::BeforeFirst,
            },
        );
    }

    /// How many entries there are from the current one on to the end of the index or of an upper range, counting no
    /// further than `max` (0 for no limit). The cursor stays; the range is used up (spec 09 §7.7).
    ///
    /// # Errors
    /// `JET_errNoCurrentRecord`, `JET_errRecordDeleted`; `JET_errFilteredMoveNotSupported` with a filter; those of the
    /// trees.
    pub fn index_record_count(&mut self, session: &mut Session, max: u64) -> Result<u64> {
        if self.filter.is_some() {
            return refused(JetError::FILTERED_MOVE_NOT_SUPPORTED, "a count with a filter");
        }
        let count = self.with_sight(session, |cursor, session| {
            if cursor.currency == Currency::DeferredFirst && !cursor.step_to_end(session, RangeEnd::Lower)? {
                return Ok(0);
            }
            cursor.on_entry(session)?;
            let entries = cursor.entries_ref();
            let place = entries.bookmark()?.unwrap_or_default();
            let mut walker = crate::table::seen::cursor_over(entries.tree(), Self::sight(session));
            let range = cursor.range.as_ref().filter(|range| range.limits(Direction::Forward));
            let mut here = walker.seek(&place.key, &place.data)? != SeekOutcome::Nothing;
            let mut count = 0u64;
            while here && (max == 0 || count < max) {
                let inside = match (walker.node()?, range) {
                    (Some(node), Some(range)) => range.contains(node.key()),
                    (node, _) => node.is_some(),
                };
                if !inside {
                    break;
                }
                count += 1;
                session.transactions().check_stopped()?;
                here = walker.move_next()?;
            }
            Ok(count)
        })?;
        self.range = None;
        Ok(count)
    }
}

impl IndexRange {
    fn limits(&self, direction: Direction) -> bool {
        matches!(
            (self.end, direction),
            (RangeEnd::Upper, Direction::Forward) | (RangeEnd::Lower, Direction::Backward)
        )
    }

    pub(super) fn contains(&self, key: KeyRef<'_>) -> bool {
        let order = key.cmp(&KeyRef::from(self.limit.as_slice()));
        match self.end {
            _ if order.is_eq() => self.inclusive,
            RangeEnd::Upper => order.is_lt(),
            RangeEnd::Lower => order.is_gt(),
        }
    }
}
