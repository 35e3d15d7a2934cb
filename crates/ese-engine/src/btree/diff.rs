//! The difference between old and new data that a ReplaceD logs (spec 05 §8.4).

use ese_format::log::record::{Diff, DiffForm, DiffKind, encode_diffs};
use ese_format::page_size::PageSize;

/// Equal bytes between two changes from which on they are two diffs: what a diff costs at most, rounded up.
const GAP: usize = 6;

/// The packing of diffs on pages of this size.
pub(super) fn form_of(size: PageSize) -> DiffForm {
    if size.is_large() { DiffForm::Large } else { DiffForm::Small }
}

/// The packed diff, where it is shorter than the new data.
pub(super) fn shorter_diff(old: &[u8], new: &[u8], size: PageSize) -> Option<Vec<u8>> {
    let diffs = if old.len() == new.len() { changed_runs(old, new) } else { changed_middle(old, new) };
    // Where everything changed, packing it would be for nothing.
    if diffs.iter().map(|diff| diff.new.len()).sum::<usize>() >= new.len() {
        return None;
    }
    let packed = encode_diffs(&diffs, form_of(size)).ok()?;
    (packed.len() < new.len()).then_some(packed)
}

fn diff<'n>(offset: usize, old_length: usize, new: &'n [u8]) -> Diff<'n> {
    let kind = match old_length {
        0 => DiffKind::Insert,
        _ if old_length == new.len() => DiffKind::SameLength,
        _ => DiffKind::Replace,
    };
    // Node data is shorter than a page: offsets and lengths fit.
    let (offset, old_length) = (offset as u16, old_length as u16);
    let two_byte_lengths = new.len() > 255 || old_length > 255;
    Diff { offset, kind, two_byte_lengths, noise: 0, old_length, new }
}

/// Data of one length: each run of changed bytes; runs that are close together are one.
fn changed_runs<'n>(old: &[u8], new: &'n [u8]) -> Vec<Diff<'n>> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in old.iter().zip(new).enumerate().filter(|(_, (old, new))| old != new) {
        match runs.last_mut() {
            Some((_, end)) if at < *end + GAP => *end = at + 1,
            _ => runs.push((at, at + 1)),
        }
    }
    let run = |(from, to): (usize, usize)| Some(diff(from, to - from, new.get(from..to)?));
    runs.into_iter().filter_map(run).collect()
}

/// Data of different lengths: what lies between the common beginning and the common end.
fn changed_middle<'n>(old: &[u8], new: &'n [u8]) -> Vec<Diff<'n>> {
    let shorter = old.len().min(new.len());
    let same = |(old, new): &(&u8, &u8)| old == new;
    let beginning = old.iter().zip(new).take_while(same).count();
    let end = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(shorter - beginning);
    let middle = new.get(beginning..new.len() - end).unwrap_or_default();
    vec![diff(beginning, old.len() - end - beginning, middle)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ese_format::log::record::Diffs;

    #[test]
    fn a_diff_makes_the_old_data_the_new() {
        let old: Vec<u8> = (0..600).map(|byte| byte as u8).collect();
        let mut cases = vec![old.clone(), old[..300].to_vec(), old[300..].to_vec(), Vec::from(&old[10..590])];
        let mut changed = old.clone();
        changed[5] ^= 1;
        changed[400] ^= 1;
        cases.push(changed);
        cases.push([&old[..100], &[7; 40], &old[100..]].concat());
        cases.push([&old[..100], &old[400..]].concat());
        let mut packed_cases = 0;
        for (size, new) in [PageSize::K8, PageSize::K32]
            .into_iter()
            .flat_map(|size| cases.iter().map(move |new| (size, new)))
        {
            let Some(packed) = shorter_diff(&old, new, size) else { continue };
            packed_cases += 1;
            assert_eq!(&Diffs::new(&packed, form_of(size)).apply(&old, new.len()).unwrap(), new);
        }
        // All but the one that lost bytes at both ends.
        assert_eq!(packed_cases, 12);
    }

    #[test]
    fn data_that_shares_nothing_has_no_shorter_diff() {
        assert_eq!(shorter_diff(&[1; 50], &[2; 50], PageSize::K4), None);
        assert_eq!(shorter_diff(&[1; 50], &[2; 40], PageSize::K4), None);
    }
}
