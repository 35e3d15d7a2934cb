//! Trees grow by the amounts the original engine grows them (spec 02 §13).

use ese_engine::btree::WritableTree;
use ese_engine::file_map::Logging;
use ese_engine::space::{NewTree, SpaceKind, TreeSpace, resize_file};
use ese_format::page_size::PageSize;
use ese_format::space::{Extent, Growth, Space};

use crate::stage::{Plan, Stage, index, table};

/// The extents a tree owns, as first page and count.
fn owned(tree: &WritableTree) -> Vec<(u32, u32)> {
    let space = TreeSpace::read(tree.tree()).unwrap();
    let mut extents: Vec<Extent> = space.owned.iter().map(|listed| listed.node.extent).collect();
    extents.sort_by_key(Extent::first);
    extents.iter().map(|extent| (extent.first(), extent.count)).collect()
}

fn available(tree: &WritableTree) -> Vec<(u32, u32)> {
    let space = TreeSpace::read(tree.tree()).unwrap();
    space.available.iter().map(|listed| (listed.node.extent.first(), listed.node.extent.count)).collect()
}

fn stage(extension: u32, root_pages: u32) -> Stage {
    Stage::new(Plan { size: PageSize::K16, root_pages, extension, logging: Logging::On })
}

fn take(stage: &mut Stage, root: u32, count: u32) {
    let member = stage.members.get_mut(&root).unwrap();
    let pages = member.tree.allocate_pages(&mut stage.writer, root, count).unwrap();
    member.held.extend(pages);
}

/// Spec 02 §13.12: the tables Jobs and Files of a real database, step by step.
#[test]
fn the_worked_trace_of_a_real_database_comes_out() {
    let mut stage = stage(16, 46);
    // Pages 4 to 30: the catalog.
    stage.create(None, table(27)).unwrap();
    let jobs = stage.create(None, table(1)).unwrap();
    let files = stage.create(None, table(1)).unwrap();
    assert_eq!((jobs, files), (31, 32));
    take(&mut stage, jobs, 1);
    assert_eq!(owned(&stage.members[&jobs].tree), [(31, 1), (33, 3)]);
    assert_eq!(stage.members[&jobs].held, [35]);
    let values = stage.create(Some(jobs), index()).unwrap();
    assert_eq!(values, 36);
    assert_eq!(owned(&stage.members[&jobs].tree), [(31, 1), (33, 3), (36, 1)]);
    take(&mut stage, values, 1);
    assert_eq!(owned(&stage.members[&jobs].tree), [(31, 1), (33, 3), (36, 1), (37, 3)]);
    assert_eq!(owned(&stage.members[&values].tree), [(36, 1), (37, 3)]);
    assert_eq!(stage.members[&values].held, [39]);
    take(&mut stage, values, 1);
    assert_eq!(owned(&stage.members[&jobs].tree), [(31, 1), (33, 3), (36, 1), (37, 3), (40, 7)]);
    assert_eq!(owned(&stage.members[&values].tree), [(36, 1), (37, 3), (40, 7)]);
    take(&mut stage, values, 7);
    assert_eq!(owned(&stage.root)[..2], [(1, 46), (47, 16)], "later requests grow the file");
    let space = TreeSpace::read(stage.members[&values].tree.tree()).unwrap();
    assert!(
        matches!(space.space, Space::Multiple { growth: Growth::LastRequest(16), .. }),
        "{:?}",
        space.space
    );
    stage.check();
    stage.check_redo();
}

/// Spec 02 §16.7: sizes of the extents of the catalog's shadow and of the catalog in large.edb.
#[test]
fn small_trees_grow_by_their_first_extent_and_larger_ones_by_sixteen() {
    let mut stage = stage(256, 254);
    let multiple = |pages| NewTree { space: SpaceKind::Multiple, ..table(pages) };
    let shadow = stage.create(None, multiple(5)).unwrap();
    take(&mut stage, shadow, 80);
    let sizes: Vec<u32> = owned(&stage.members[&shadow].tree).iter().map(|(_, count)| *count).collect();
    assert_eq!(sizes[..7], [5, 5, 5, 5, 16, 16, 16]);
    let catalog = stage.create(None, multiple(20)).unwrap();
    take(&mut stage, catalog, 90);
    let sizes: Vec<u32> = owned(&stage.members[&catalog].tree).iter().map(|(_, count)| *count).collect();
    assert_eq!(sizes, [20, 20, 20, 20, 20]);
    let space = TreeSpace::read(stage.members[&catalog].tree.tree()).unwrap();
    assert!(
        matches!(space.space, Space::Multiple { growth: Growth::Primary(20), .. }),
        "the header is as it was"
    );
    let name = stage.create(None, multiple(3)).unwrap();
    take(&mut stage, name, 3);
    let space = TreeSpace::read(stage.members[&name].tree.tree()).unwrap();
    assert!(
        matches!(space.space, Space::Multiple { growth: Growth::LastRequest(4), .. }),
        "{:?}",
        space.space
    );
    stage.check();
}

#[test]
fn the_file_grows_in_aligned_steps() {
    let mut first = stage(16, 46);
    let root = first.create(None, table(40)).unwrap();
    take(&mut first, root, 60);
    assert!(owned(&first.root)[1..].iter().all(|(page, count)| (page + 1) % 16 == 0 && count % 16 == 0));
    let mut second = stage(256, 254);
    let root = second.create(None, table(240)).unwrap();
    take(&mut second, root, 300);
    assert_eq!(owned(&second.root)[..2], [(1, 254), (255, 256)]);
    let mut odd = stage(16, 40);
    let root = odd.create(None, table(30)).unwrap();
    take(&mut odd, root, 60);
    let last = owned(&odd.root).iter().map(|(page, count)| page + count - 1).nth(1).unwrap();
    assert_eq!((last + 2) % 16, 0, "the first step makes up for a beginning that is not aligned");
}

#[test]
fn a_tree_of_one_extent_takes_its_lowest_bits_and_children_runs_of_them() {
    let mut stage = stage(16, 46);
    let table_root = stage.create(None, table(10)).unwrap();
    let first = stage.create(Some(table_root), index()).unwrap();
    let second = stage.create(Some(table_root), index()).unwrap();
    assert_eq!((first, second), (table_root + 1, table_root + 2));
    let header = TreeSpace::read(stage.members[&table_root].tree.tree()).unwrap().header;
    assert_eq!(header.bitmap_or_owned_root.get(), 0x1FC, "bits 2 to 8, as SRUM tables have them");
    stage.delete(first).unwrap();
    take(&mut stage, table_root, 1);
    assert_eq!(stage.members[&table_root].held, [table_root + 1]);
    stage.check();
}

#[test]
fn an_extent_that_is_free_as_a_whole_goes_back_to_the_parent() {
    let mut stage = stage(16, 46);
    let table_root = stage.create(None, table(1)).unwrap();
    let child = stage.create(Some(table_root), index()).unwrap();
    let before = (owned(&stage.members[&table_root].tree), available(&stage.root));
    take(&mut stage, child, 40);
    let member = stage.members.get_mut(&child).unwrap();
    for page in std::mem::take(&mut member.held) {
        member.tree.free_pages(&mut stage.writer, page, 1).unwrap();
    }
    let left = owned(&stage.members[&child].tree);
    assert_eq!(left.len(), 2, "the primary extent and that of the space trees stay: {left:?}");
    stage.delete(child).unwrap();
    assert_eq!(owned(&stage.members[&table_root].tree), before.0[..2]);
    stage.delete(table_root).unwrap();
    let pages: u32 = available(&stage.root).iter().map(|(_, count)| count).sum();
    let all: u32 = owned(&stage.root).iter().map(|(_, count)| count).sum();
    assert_eq!(pages, all - 3, "everything but the root and its space trees is free");
    stage.check();
    stage.check_redo();
}

#[test]
fn a_page_is_not_freed_twice() {
    let mut stage = stage(16, 46);
    let root = stage.create(None, table(1)).unwrap();
    take(&mut stage, root, 4);
    let member = stage.members.get_mut(&root).unwrap();
    let page = member.held.pop().unwrap();
    member.tree.free_pages(&mut stage.writer, page, 1).unwrap();
    let again = member.tree.free_pages(&mut stage.writer, page, 1).unwrap_err();
    assert_eq!(again.jet(), ese_format::error::JetError::SP_AVAIL_EXT_CORRUPTED);
    assert!(again.to_string().contains(&format!("page {page}")), "{again}");
    stage.check();
}

#[test]
fn a_database_is_made_larger_and_never_smaller() {
    let mut stage = stage(16, 46);
    let pages = resize_file(&stage.root, &mut stage.writer, 100).unwrap();
    assert!(pages >= 100 && (pages + 2).is_multiple_of(16), "{pages}");
    assert_eq!(resize_file(&stage.root, &mut stage.writer, 50).unwrap(), pages);
    assert_eq!(stage.file.page_count(), pages);
    stage.check();
}
