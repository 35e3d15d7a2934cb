//! The choices of this module beside those that Windows' engine logged: every logged split of a leaf is planned again from
//! its before-image and the operation behind it.

use std::collections::BTreeMap;

use ese_corpus::{corpus, files_ending, report, skipped};
use ese_format::log::LogFile;
use ese_format::log::record::{Record, Split2, SplitOperation, SplitType};
use ese_format::page::{PageFlags, PageView};
use ese_format::page_size::PageSize;

use super::line_table::TableOperation;
use super::plan::{Below, sideways, vertical};

/// What a split record says of the choices that were made.
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    split_type: SplitType,
    operation: SplitOperation,
    split_line: usize,
    lines: usize,
    prefix_split: i32,
    prefix_new: i32,
    separator: Vec<u8>,
}

fn logged(record: &Split2<'_>) -> Choice {
    let split = &record.split;
    Choice {
        split_type: split.split_type,
        operation: split.split_operation,
        split_line: split.split_line.into(),
        lines: split.line_count.into(),
        prefix_split: split.prefix_line_split,
        prefix_new: split.prefix_line_new,
        separator: record.parent_key.to_vec(),
    }
}

/// The same from the page before and the operation.
fn planned(page: &PageView<'_>, record: &Split2<'_>, leaf: Option<&Record<'_>>) -> Option<Choice> {
    let line = usize::from(record.split.operation_line);
    let key;
    let (operation, kind) = match leaf {
        Some(Record::Insert(insert)) => {
            key = [insert.prefix, insert.suffix].concat();
            (TableOperation::Insert { line, key: &key, data: insert.data }, SplitOperation::INSERT)
        }
        Some(Record::Replace(replace)) => {
            (TableOperation::Replace { line, data: replace.payload, most: 0 }, SplitOperation::REPLACE)
        }
        _ => return None,
    };
    let no_claims = |_: &ese_format::node::NodeView<'_>| 0;
    let (plan, _) = if record.split.split_type == SplitType::VERTICAL {
        vertical(page, operation, kind, &no_claims).ok()?
    } else {
        sideways(page, operation, kind, Below::Other, &no_claims).ok()?
    };
    let line = |line: Option<usize>| line.map_or(-1, |line| line as i32);
    Some(Choice {
        split_type: plan.split_type,
        operation: plan.operation,
        split_line: plan.split_line,
        lines: plan.line_count,
        prefix_split: line(plan.prefix_line_split),
        prefix_new: line(plan.prefix_line_new),
        separator: plan.separator,
    })
}

#[test]
fn splits_are_chosen_as_windows_engine_chose_them() {
    let test = "splits_are_chosen_as_windows_engine_chose_them";
    let Some(folder) = corpus() else { return skipped(test) };
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for file in files_ending(&folder, &[".log"]) {
        let bytes = file.bytes();
        let Ok(log) = LogFile::read(&bytes) else { continue };
        let records: Vec<_> = log.records().collect();
        for (index, stored) in records.iter().enumerate() {
            let Ok(Record::Split2(split)) = stored.decode() else { continue };
            let Some(image) = split.before_image() else { continue };
            let fields = &split.split;
            let is_leaf = PageFlags::from_bits_retain(fields.new_page_flags).contains(PageFlags::LEAF);
            if !is_leaf || fields.uncommitted_freed_source + fields.uncommitted_freed_destination > 0 {
                continue;
            }
            let Some((size, page)) =
                PageSize::ALL.into_iter().find_map(|size| Some((size, image.unpack(size).ok()?)))
            else {
                continue;
            };
            let view = PageView::parse(&page, size, fields.page.page_number).unwrap();
            let leaf = records.iter().skip(index + 1).take(20).find_map(|next| {
                let record = next.decode().ok()?;
                let page = record.node_operation()?.page;
                (page.dbtime == fields.page.dbtime && page.procid == fields.page.procid).then_some(record)
            });
            let Some(plan) = planned(&view, &split, leaf.as_ref()) else { continue };
            let name = match (fields.split_type, fields.split_operation) {
                (SplitType::VERTICAL, _) => "vertical",
                (_, SplitOperation::INSERT) => "right, insert",
                _ => "right, replace",
            };
            let count = counts.entry(name).or_default();
            count.1 += 1;
            if plan == logged(&split) {
                count.0 += 1;
            } else {
                report!(
                    "{} {}: planned {plan:?}, logged {:?}",
                    file.name,
                    fields.page.page_number,
                    logged(&split)
                );
            }
        }
    }
    report!("splits planned as logged, of all: {counts:?}");
    assert!(counts.values().all(|(same, all)| same == all), "{counts:?}");
    assert!(counts.values().map(|(same, _)| same).sum::<usize>() > 100);
}
