//! Space hints decide how large extents are and where they come from (spec 02 §13.4–§13.6, spec 03 §10).

use ese_engine::btree::WritableTree;
use ese_engine::file_map::Logging;
use ese_engine::space::{NewTree, TreeSpace};
use ese_engine::space_policy::{SpacePolicy, SpacePolicyFlags};
use ese_format::page_size::PageSize;
use ese_format::space::Extent;

use crate::stage::{Plan, Stage, index, table};

fn stage() -> Stage {
    Stage::new(Plan { size: PageSize::K4, root_pages: 254, extension: 16, logging: Logging::On })
}

fn owned(tree: &WritableTree) -> Vec<Extent> {
    let space = TreeSpace::read(tree.tree()).unwrap();
    let mut extents: Vec<Extent> = space.owned.iter().map(|listed| listed.node.extent).collect();
    extents.sort_by_key(Extent::first);
    extents
}

/// Sizes of a tree's extents in the order in which it got them: a file that only grows gives them by ascending pages.
fn sizes(tree: &WritableTree) -> Vec<u32> {
    owned(tree).iter().map(|extent| extent.count).collect()
}

fn take(stage: &mut Stage, root: u32, count: u32) {
    let member = stage.members.get_mut(&root).unwrap();
    for _ in 0..count {
        let near = member.held.last().copied().unwrap_or(root);
        member.held.extend(member.tree.allocate_pages(&mut stage.writer, near, 1).unwrap());
    }
}

fn policy(growth_percent: u32, extent_pages_min: u32, extent_pages_max: u32) -> SpacePolicy {
    let flags = SpacePolicyFlags::EXACT_EXTENTS;
    SpacePolicy { growth_percent, extent_pages_min, extent_pages_max, flags, ..SpacePolicy::default() }
}

#[test]
fn extents_of_equal_bounds_have_that_size() {
    let mut stage = stage();
    let root = stage.create(None, NewTree { policy: policy(0, 40, 40), ..table(1) }).unwrap();
    take(&mut stage, root, 150);
    assert_eq!(sizes(&stage.members[&root].tree), [1, 40, 40, 40, 40]);
    stage.check();
    stage.check_redo();
}

#[test]
fn extents_grow_by_their_percentage_up_to_the_largest() {
    let mut stage =
        Stage::new(Plan { size: PageSize::K4, root_pages: 500, extension: 16, logging: Logging::On });
    let root = stage.create(None, NewTree { policy: policy(150, 20, 70), ..table(1) }).unwrap();
    take(&mut stage, root, 320);
    // The conversion takes the smallest extent, because one page and a half is less; then each is 1.5 times the last request.
    assert_eq!(sizes(&stage.members[&root].tree), [1, 20, 20, 30, 45, 67, 70, 70]);
    stage.check();
    stage.check_redo();
}

#[test]
fn handles_opened_later_follow_the_hints_of_the_map() {
    let mut stage = stage();
    let root = stage.create(None, NewTree { policy: policy(0, 64, 64), ..table(1) }).unwrap();
    let objid = stage.members[&root].tree.tree().objid();
    let again = WritableTree::open(&stage.map, root, objid, ese_engine::btree::TreeKind::Primary).unwrap();
    assert_eq!(again.policy(), &policy(0, 64, 64));
    stage.delete(root).unwrap();
    assert_eq!(
        stage.map.space_policy(root),
        SpacePolicy::default(),
        "the page may become another tree's root"
    );
}

#[test]
fn exact_extents_leave_rests_that_others_round_up() {
    for (flags, expected) in [(SpacePolicyFlags::empty(), 46), (SpacePolicyFlags::EXACT_EXTENTS, 44)] {
        let mut stage = stage();
        // Of the 251 pages of the file, 205 go to this one: 46 are left, two more than the next tree wants.
        stage.create(None, table(205)).unwrap();
        // Large databases are not exact by themselves (§13.4 step 5).
        ese_engine::space::resize_file(&stage.root, &mut stage.writer, 400).unwrap();
        let policy = SpacePolicy { flags, ..SpacePolicy::default() };
        let root = stage.create(None, NewTree { policy, ..table(44) }).unwrap();
        let space = TreeSpace::read(stage.members[&root].tree.tree()).unwrap();
        let pages: u32 = space.owned.iter().map(|listed| listed.node.extent.count).sum();
        assert_eq!(pages, expected, "{flags:?}");
        stage.check();
    }
}

#[test]
fn a_table_that_utilizes_its_space_gives_it_to_its_indexes() {
    for (flags, is_inside) in
        [(SpacePolicyFlags::empty(), false), (SpacePolicyFlags::UTILIZE_PARENT_SPACE, true)]
    {
        let mut stage = stage();
        // Pages 4 to 30: the trees of the catalog, which always do.
        stage.create(None, table(27)).unwrap();
        let policy = SpacePolicy { flags, ..SpacePolicy::default() };
        let root = stage.create(None, NewTree { policy, ..table(1) }).unwrap();
        take(&mut stage, root, 3);
        let free = |stage: &Stage| {
            let space = TreeSpace::read(stage.members[&root].tree.tree()).unwrap();
            space.available.iter().map(|listed| listed.node.extent.count).sum::<u32>()
        };
        let (before, extents) = (free(&stage), owned(&stage.members[&root].tree).len());
        assert!(before > 0, "a small tree gets four pages at once");
        stage.create(Some(root), index()).unwrap();
        assert_eq!(free(&stage) < before, is_inside);
        assert_eq!(owned(&stage.members[&root].tree).len() == extents, is_inside);
        stage.check();
        stage.check_redo();
    }
}
