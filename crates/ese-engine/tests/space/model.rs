//! Random allocations, frees, inserts, new and deleted trees; every page has one owner and one use throughout, and redo
//! makes the same pages.

use ese_engine::btree::TreeKind;
use ese_engine::error::Result;
use ese_engine::file_map::Logging;
use ese_engine::space::NewTree;
use ese_format::page_size::PageSize;

use crate::stage::{Dice, Plan, Stage, index, table};

/// One random operation. What it did is in the stage's members.
pub(crate) fn operate(stage: &mut Stage, dice: &mut Dice) -> Result<()> {
    let roots: Vec<u32> = stage.members.keys().copied().collect();
    let tables: Vec<u32> =
        stage.members.iter().filter(|(_, member)| member.parent.is_none()).map(|(root, _)| *root).collect();
    match dice.below(20) {
        _ if tables.is_empty() => stage.create(None, table(1 + dice.below(4) as u32)).map(drop),
        0 if tables.len() < 12 => stage.create(None, table(1 + dice.below(40) as u32)).map(drop),
        1 | 2 if roots.len() < 40 => {
            let kind = if dice.below(3) == 0 { TreeKind::LongValue } else { TreeKind::Index };
            let parent = tables[dice.below(tables.len())];
            let pages = 1 + if dice.below(8) == 0 { dice.below(12) as u32 } else { 0 };
            stage.create(Some(parent), NewTree { kind, pages, ..index() }).map(drop)
        }
        3 if dice.below(3) == 0 => stage.delete(tables[dice.below(tables.len())]),
        4 => {
            let children: Vec<u32> = roots.iter().copied().filter(|root| !tables.contains(root)).collect();
            if children.is_empty() { Ok(()) } else { stage.delete(children[dice.below(children.len())]) }
        }
        5..=9 => {
            let root = roots[dice.below(roots.len())];
            let count = 1 + dice.below(6) as u32;
            let near = stage.members[&root].held.last().copied().unwrap_or(root);
            let member = stage.members.get_mut(&root).unwrap();
            let pages = member.tree.allocate_pages(&mut stage.writer, near, count)?;
            assert_eq!(pages.len(), count as usize);
            member.held.extend(pages);
            Ok(())
        }
        10..=14 => {
            let root = roots[dice.below(roots.len())];
            let member = stage.members.get_mut(&root).unwrap();
            for _ in 0..1 + dice.below(8) {
                if member.held.is_empty() {
                    break;
                }
                let page = member.held.swap_remove(dice.below(member.held.len()));
                member.tree.free_pages(&mut stage.writer, page, 1)?;
            }
            Ok(())
        }
        _ => {
            let root = roots[dice.below(roots.len())];
            stage.fill(root, 1 + dice.below(12) as u32, 40 + dice.below(400))
        }
    }
}

fn run(plan: Plan, seed: u64, operations: usize) -> (Stage, u64) {
    let mut stage = Stage::new(plan);
    let mut dice = Dice::new(seed);
    for step in 0..operations {
        operate(&mut stage, &mut dice).unwrap_or_else(|error| panic!("seed {seed}, step {step}: {error}"));
        if step % 64 == 63 {
            stage.check();
        }
    }
    let report = stage.check();
    (stage, report.counts.owned_pages)
}

#[test]
fn many_trees_share_the_pages_of_a_file_and_redo_makes_the_same() {
    let (mut operations, mut pages, mut records, mut redone) = (0, 0, 0, 0);
    for (round, size) in PageSize::ALL.into_iter().cycle().take(10).enumerate() {
        let plan = Plan {
            size,
            root_pages: [3, 30, 254][round % 3],
            extension: [1, 16, 256, 5][round % 4],
            logging: Logging::On,
        };
        let (stage, owned) = run(plan, 1000 + round as u64, 900);
        redone += stage.check_redo();
        records += stage.writer.records.len();
        operations += 900;
        pages += owned;
    }
    ese_corpus::report!(
        "{operations} operations, {records} records, {pages} pages owned, {redone} pages redone"
    );
}

#[test]
fn a_temporary_database_logs_nothing() {
    let plan = Plan { size: PageSize::K8, root_pages: 256, extension: 16, logging: Logging::Off };
    let (stage, pages) = run(plan, 7, 1500);
    assert!(stage.writer.records.is_empty() && pages > 256);
}

#[test]
fn space_trees_grow_beyond_one_page_into_their_split_buffers() {
    let plan = Plan { size: PageSize::K2, root_pages: 3, extension: 1, logging: Logging::On };
    let mut stage = Stage::new(plan);
    let root = stage.create(None, table(1)).unwrap();
    let second = stage.create(None, table(1)).unwrap();
    // Every other page goes back, so that nothing can be joined.
    let (mut kept, mut given) = (Vec::new(), Vec::new());
    for round in 0..1200 {
        for root in [root, second] {
            let page = stage.root.allocate_pages(&mut stage.writer, 0, 1).unwrap()[0];
            if root == second { kept.push(page) } else { given.push(page) }
        }
        if round % 200 == 199 {
            let report = stage.verify();
            assert!(report.is_sound(), "{:#?}", report.damage().take(3).collect::<Vec<_>>());
        }
    }
    for page in given {
        stage.root.free_pages(&mut stage.writer, page, 1).unwrap();
    }
    let report = stage.verify();
    assert!(report.is_sound(), "{:#?}", report.damage().take(3).collect::<Vec<_>>());
    assert_eq!(report.counts.leaked_pages, kept.len() as u64);
    let space = ese_engine::space::TreeSpace::read(stage.root.tree()).unwrap();
    let owned = stage.root.tree().space_tree(2).unwrap().depth().unwrap();
    let available = stage.root.tree().space_tree(3).unwrap().depth().unwrap();
    ese_corpus::report!(
        "{} owned and {} available extents in trees of {owned} and {available} levels, {} pages in split buffers",
        space.owned.len(),
        space.available.len(),
        space.split_buffer_pages()
    );
    assert!(available >= 2, "{available}");
    for page in kept {
        stage.root.free_pages(&mut stage.writer, page, 1).unwrap();
    }
    stage.check();
    stage.check_redo();
}
