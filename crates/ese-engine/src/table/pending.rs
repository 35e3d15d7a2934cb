//! A long value in a copy buffer that will be written by the update: what is kept of the stored value under it, and what
//! was set since.
//!
//! Invariants: patches are not empty, do not overlap or touch, and lie below `size`; `kept` is at most `size`. Bytes that
//! no patch covers are those of the base below `kept`, and zero above.

use std::collections::BTreeMap;

use ese_format::long_value::LongValueId;

use crate::error::Result;

/// Appends bytes of a stored value: which, from where on, how many, to what.
pub(super) type ReadBase<'r> = dyn FnMut(LongValueId, u32, usize, &mut Vec<u8>) -> Result<()> + 'r;

/// A changed or new long value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PendingLong {
    /// The stored value under it, and how many of its bytes still count.
    base: Option<LongValueId>,
    kept: u32,
    size: u32,
    patches: BTreeMap<u32, Vec<u8>>,
    /// Whether its chunks are compressed where that makes them shorter.
    pub(super) compress: bool,
}

impl PendingLong {
    /// A new value of these bytes.
    pub(super) fn new(content: Vec<u8>, compress: bool) -> Self {
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let mut patches = BTreeMap::new();
        if !content.is_empty() {
            patches.insert(0, content);
        }
        Self { base: None, kept: 0, size, patches, compress }
    }

    /// A stored value, not changed yet.
    pub(super) fn over(base: LongValueId, size: u32, compress: bool) -> Self {
        Self { base: Some(base), kept: size, size, patches: BTreeMap::new(), compress }
    }

    /// The stored value under it.
    pub(super) fn base(&self) -> Option<LongValueId> {
        self.base
    }

    /// Bytes of the value.
    pub(super) fn size(&self) -> u32 {
        self.size
    }

    /// Puts bytes at `offset`, which is at most the size. The value grows as far as it must; the caller checked that the
    /// end is a size a value may have.
    pub(super) fn write(&mut self, offset: u32, bytes: &[u8]) {
        let Some(end) = u32::try_from(bytes.len()).ok().and_then(|count| offset.checked_add(count)) else {
            return;
        };
        if bytes.is_empty() {
            return;
        }
        self.size = self.size.max(end);
        // Appending to the last patch is the common case and must not copy it.
        if let Some((start, last)) = self.patches.range_mut(..=offset).next_back()
            && u64::from(*start) + last.len() as u64 == u64::from(offset)
        {
            let start = *start;
            last.extend_from_slice(bytes);
            self.absorb_behind(start);
            return;
        }
        let start = self.start_of_patch_at(offset);
        let patch = self.patches.entry(start).or_default();
        let from = (offset - start) as usize;
        match patch.get_mut(from..from + bytes.len()) {
            Some(covered) => covered.copy_from_slice(bytes),
            None => {
                patch.truncate(from);
                patch.extend_from_slice(bytes);
                self.absorb_behind(start);
            }
        }
    }

    /// Start of the patch that covers `offset`, else `offset`.
    fn start_of_patch_at(&self, offset: u32) -> u32 {
        match self.patches.range(..=offset).next_back() {
            Some((start, patch)) if u64::from(*start) + patch.len() as u64 > u64::from(offset) => *start,
            _ => offset,
        }
    }

    /// Joins the patch at `start` with those it reaches.
    fn absorb_behind(&mut self, start: u32) {
        loop {
            let Some(end) = self.patches.get(&start).map(|patch| u64::from(start) + patch.len() as u64)
            else {
                return;
            };
            let next = self.patches.range(start.saturating_add(1)..).next().map(|(next, _)| *next);
            let Some(next) = next.filter(|next| u64::from(*next) <= end) else { return };
            let behind = self.patches.remove(&next).unwrap_or_default();
            let covered = (end - u64::from(next)) as usize;
            if let (Some(patch), Some(rest)) = (self.patches.get_mut(&start), behind.get(covered..)) {
                patch.extend_from_slice(rest);
            }
        }
    }

    /// Cuts the value, or extends it with zeros.
    pub(super) fn set_size(&mut self, size: u32) {
        if size < self.size {
            self.kept = self.kept.min(size);
            self.patches.split_off(&size);
            if let Some((start, last)) = self.patches.iter_mut().next_back() {
                last.truncate((size - *start) as usize);
            }
        }
        self.size = size;
    }

    /// Appends `count` bytes from `offset` on. `read_base` appends bytes of the stored value.
    pub(super) fn append_range(
        &self,
        offset: u32,
        count: usize,
        into: &mut Vec<u8>,
        read_base: &mut ReadBase<'_>,
    ) -> Result<()> {
        let count = count.min(self.size.saturating_sub(offset) as usize);
        let start = into.len();
        let from_base = (self.kept.saturating_sub(offset) as usize).min(count);
        let covered = self.start_of_patch_at(offset);
        let whole = self.patches.get(&covered).filter(|_| covered <= offset);
        let within = (offset - covered.min(offset)) as usize;
        if let Some(bytes) = whole.and_then(|patch| patch.get(within..within + count)) {
            into.extend_from_slice(bytes);
            return Ok(());
        }
        if let Some(base) = self.base.filter(|_| from_base > 0) {
            read_base(base, offset, from_base, into)?;
        }
        into.resize(start + count, 0);
        let end = u64::from(offset) + count as u64;
        for (at, patch) in self.patches.range(covered..) {
            let (at, patch_end) = (u64::from(*at), u64::from(*at) + patch.len() as u64);
            if at >= end {
                break;
            }
            let (low, high) = (at.max(u64::from(offset)), patch_end.min(end));
            if low >= high {
                continue;
            }
            let to = start + (low - u64::from(offset)) as usize..start + (high - u64::from(offset)) as usize;
            let from = (low - at) as usize..(high - at) as usize;
            if let (Some(to), Some(from)) = (into.get_mut(to), patch.get(from)) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    /// Whether some byte of `offset..end` is not the stored value's.
    pub(super) fn is_changed(&self, offset: u32, end: u32) -> bool {
        let covering = self.start_of_patch_at(offset);
        end > self.kept
            || self
                .patches
                .range(covering..end)
                .any(|(at, patch)| u64::from(*at) + patch.len() as u64 > u64::from(offset))
    }

    /// Bytes that the patches hold.
    pub(super) fn patch_bytes(&self) -> usize {
        self.patches.values().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(value: &PendingLong, base: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        value
            .append_range(0, usize::MAX, &mut bytes, &mut |_, offset, count, into| {
                into.extend_from_slice(&base[offset as usize..offset as usize + count]);
                Ok(())
            })
            .expect("the base is in memory");
        bytes
    }

    #[test]
    fn edits_of_a_pending_value_are_those_of_a_vector() {
        let base: Vec<u8> = (0..200u32).map(|byte| byte as u8).collect();
        let id = LongValueId::new(7).expect("an identifier");
        let mut seed = 0x1234_5678_u64;
        let mut draw = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        for _ in 0..300 {
            let mut model = base.clone();
            let mut value = PendingLong::over(id, 200, false);
            for step in 0..30u8 {
                if draw(4) == 0 {
                    let size = draw(300);
                    model.resize(size, 0);
                    value.set_size(size as u32);
                } else {
                    let at = draw(model.len() + 1);
                    let bytes = vec![step; draw(40)];
                    let end = at + bytes.len();
                    model.resize(model.len().max(end), 0);
                    model[at..end].copy_from_slice(&bytes);
                    value.write(at as u32, &bytes);
                }
                assert_eq!(value.size() as usize, model.len());
                assert_eq!(content(&value, &base), model);
                let (at, count) = (draw(model.len() + 1), draw(50));
                let mut part = Vec::new();
                value
                    .append_range(at as u32, count, &mut part, &mut |_, offset, count, into| {
                        into.extend_from_slice(&base[offset as usize..offset as usize + count]);
                        Ok(())
                    })
                    .expect("the base is in memory");
                assert_eq!(part, model[at..(at + count).min(model.len())]);
            }
        }
    }

    #[test]
    fn what_was_not_touched_is_not_changed() {
        let id = LongValueId::new(7).expect("an identifier");
        let mut value = PendingLong::over(id, 100, false);
        assert!(!value.is_changed(0, 100));
        value.write(50, b"xy");
        assert!(!value.is_changed(0, 50) && !value.is_changed(52, 100));
        assert!(value.is_changed(50, 51) && value.is_changed(0, 51) && value.is_changed(51, 100));
        value.set_size(90);
        assert_eq!((value.kept, value.base(), value.patch_bytes()), (90, Some(id), 2));
    }
}
