//! The long-value tree by itself: each value is a root, and chunks without holes that hold as much as the root says
//! (spec 04 §3). Reference counts are compared where the references are, in `contents`.

use ese_format::error::JetError;
use ese_format::long_value::{
    ChunkForm, LongValueFlags, LongValueId, LongValueKey, LongValueRoot, append_chunk, chunk_expected_bytes,
};
use ese_format::node::NodeView;

use crate::cache::PageGuard;
use crate::verify::report::{Place, VerifyReport};

/// The value whose nodes are passing.
struct Current {
    id: LongValueId,
    root: LongValueRoot,
    page: u32,
    /// Offset of the chunk that must come next.
    next: u32,
}

/// Follows the nodes of a long-value tree in order.
pub(super) struct LongValueCheck<'p> {
    chunk_bytes: u32,
    place: &'p Place,
    current: Option<Current>,
    values: u64,
}

impl<'p> LongValueCheck<'p> {
    pub(super) fn new(chunk_bytes: u32, place: &'p Place) -> Self {
        Self { chunk_bytes, place, current: None, values: 0 }
    }

    /// The next live node.
    pub(super) fn node(&mut self, report: &mut VerifyReport, page: &PageGuard, node: &NodeView<'_>) {
        let number = page.number();
        let key = match LongValueKey::decode(&node.key().to_vec()) {
            Ok(key) => key,
            Err(error) => {
                return report.damage_on(self.place, number, JetError::LV_CORRUPTED, error.to_string());
            }
        };
        match key {
            LongValueKey::Root(id) => self.root(report, number, id, node.data),
            LongValueKey::Chunk(id, offset) => self.chunk(report, number, id, offset, node.data),
        }
    }

    /// Behind the last node. Returns how many values there are.
    pub(super) fn finish(mut self, report: &mut VerifyReport) -> u64 {
        self.end(report);
        self.values
    }

    fn root(&mut self, report: &mut VerifyReport, page: u32, id: LongValueId, data: &[u8]) {
        self.end(report);
        self.values += 1;
        match LongValueRoot::decode(data) {
            Ok(root) => self.current = Some(Current { id, root, page, next: 0 }),
            Err(error) => {
                let what = format!("{id:?}: {error}");
                report.damage_on(self.place, page, JetError::LV_CORRUPTED, what);
            }
        }
    }

    fn chunk(&mut self, report: &mut VerifyReport, page: u32, id: LongValueId, offset: u32, data: &[u8]) {
        let bad = |report: &mut VerifyReport, what: String| {
            report.damage_on(
                self.place,
                page,
                JetError::LV_CORRUPTED,
                format!("{id:?}, chunk at {offset}: {what}"),
            );
        };
        let Some(current) = self.current.as_mut().filter(|current| current.id == id) else {
            // Behind a root that could not be read there is nothing to compare with.
            return bad(report, "has no root before it".to_owned());
        };
        if current.root.is_partially_deleted() {
            return;
        }
        if offset != current.next {
            bad(report, format!("the one at {} is missing", current.next));
        }
        match chunk_expected_bytes(current.root.size, self.chunk_bytes, offset) {
            Ok(expected) => {
                current.next = offset.saturating_add(expected);
                if let Err(error) = ChunkForm::of(data.len(), expected) {
                    bad(report, error.to_string());
                } else if data.len() < expected as usize {
                    self.inflates(report, page, id, offset, data, expected);
                }
            }
            Err(error) => bad(report, error.to_string()),
        }
    }

    /// A chunk stored in fewer bytes inflates to all of them.
    fn inflates(
        &self,
        report: &mut VerifyReport,
        page: u32,
        id: LongValueId,
        offset: u32,
        data: &[u8],
        expected: u32,
    ) {
        let encrypted = self
            .current
            .as_ref()
            .is_some_and(|current| current.root.flags.contains(LongValueFlags::ENCRYPTED));
        if encrypted {
            return;
        }
        let mut inflated = Vec::new();
        if let Err(error) = append_chunk(data, expected, &mut inflated) {
            let what = format!("{id:?}, chunk at {offset}: {error}");
            if error.jet() == JetError::LV_CORRUPTED {
                report.damage_on(self.place, page, error.jet(), what);
            } else {
                report.warn(self.place, Some(page), error.jet(), what);
            }
        }
    }

    /// The value that passed has all of its chunks, unless its deletion had begun.
    fn end(&mut self, report: &mut VerifyReport) {
        let Some(Current { id, root, page, next }) = self.current.take() else { return };
        if next < root.size && !root.is_partially_deleted() {
            let what = format!("{id:?} has {next} of {} bytes", root.size);
            report.damage_on(self.place, page, JetError::LV_CORRUPTED, what);
        }
    }
}
