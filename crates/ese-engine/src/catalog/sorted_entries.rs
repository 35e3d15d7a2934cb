//! The entries of a new index, collected in any order and given back in that of the index.
//!
//! Entries lie in one block of bytes each run; a run is sorted when it is full, and all runs are merged at the end, so that
//! the peak is the entries themselves and one list of places.

/// Bytes of entries that are sorted in one go.
const RUN_BYTES: usize = 8 << 20;

#[derive(Debug, Default)]
struct Run {
    bytes: Vec<u8>,
    /// Where each entry begins, and how long its key and bookmark are.
    entries: Vec<(usize, u32, u32)>,
}

impl Run {
    fn entry(&self, place: usize) -> Option<(&[u8], &[u8])> {
        let (start, key, bookmark) = *self.entries.get(place)?;
        let (key, bookmark) = (key as usize, bookmark as usize);
        self.bytes.get(start..start + key + bookmark)?.split_at_checked(key)
    }

    fn sort(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let parts = |(start, key, bookmark): &(usize, u32, u32)| {
            let middle = start + *key as usize;
            (bytes.get(*start..middle), bytes.get(middle..middle + *bookmark as usize))
        };
        self.entries.sort_unstable_by(|left, right| parts(left).cmp(&parts(right)));
        self.bytes = bytes;
    }
}

/// Entries: key and bookmark.
#[derive(Debug, Default)]
pub(super) struct SortedEntries {
    full: Vec<Run>,
    open: Run,
}

impl SortedEntries {
    /// Adds an entry.
    pub(super) fn push(&mut self, key: &[u8], bookmark: &[u8]) {
        let lengths = (u32::try_from(key.len()), u32::try_from(bookmark.len()));
        let (Ok(key_bytes), Ok(bookmark_bytes)) = lengths else { return };
        self.open.entries.push((self.open.bytes.len(), key_bytes, bookmark_bytes));
        self.open.bytes.extend_from_slice(key);
        self.open.bytes.extend_from_slice(bookmark);
        if self.open.bytes.len() >= RUN_BYTES {
            let mut run = std::mem::take(&mut self.open);
            run.sort();
            self.full.push(run);
        }
    }

    /// All entries by key, then by bookmark.
    pub(super) fn sorted(mut self) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
        self.open.sort();
        let mut runs = self.full;
        runs.push(self.open);
        let mut places = vec![0; runs.len()];
        std::iter::from_fn(move || {
            let heads = runs.iter().zip(&places).enumerate();
            let least = heads
                .filter_map(|(run, (entries, place))| Some((entries.entry(*place)?, run)))
                .min_by(|(left, _), (right, _)| left.cmp(right));
            let ((key, bookmark), run) = least?;
            let entry = (key.to_vec(), bookmark.to_vec());
            if let Some(place) = places.get_mut(run) {
                *place += 1;
            }
            Some(entry)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_several_runs_come_back_in_order() {
        let mut entries = SortedEntries::default();
        let mut expected = Vec::new();
        for number in 0..3000u32 {
            let key = number.wrapping_mul(2_654_435_761).to_be_bytes();
            let bookmark = vec![number as u8; 8192];
            expected.push((key.to_vec(), bookmark.clone()));
            entries.push(&key, &bookmark);
        }
        assert!(entries.full.len() > 1);
        expected.sort();
        assert!(entries.sorted().eq(expected));
    }
}
