//! Eight threads make, fill, empty and delete trees of one file at the same time.

use ese_engine::btree::{TreeKind, Versioning};
use ese_engine::file_map::Logging;
use ese_engine::space::{create_tree, delete_tree};
use ese_format::page_size::PageSize;

use crate::stage::{Dice, Plan, Stage, index, table};

#[test]
fn threads_that_share_a_file_never_share_a_page() {
    let plan = Plan { size: PageSize::K4, root_pages: 30, extension: 8, logging: Logging::On };
    let mut stage = Stage::new(plan);
    let shared = create_tree(&stage.root, &mut stage.writer, table(1)).unwrap();
    let threads = 8;
    let made = std::thread::scope(|scope| {
        let (stage, shared) = (&stage, &shared);
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                scope.spawn(move || {
                    let (mut dice, mut writer) = (Dice::new(number), stage.writer());
                    let mut trees = Vec::new();
                    let mut held = Vec::new();
                    for _ in 0..60 {
                        let tree =
                            create_tree(&stage.root, &mut writer, table(1 + dice.below(6) as u32)).unwrap();
                        let child = create_tree(shared, &mut writer, index()).unwrap();
                        for key in 0..40u32 {
                            let data = vec![1; 200];
                            tree.insert(&mut writer, &key.to_be_bytes(), &data, Versioning::Unversioned)
                                .unwrap();
                        }
                        held.extend(shared.allocate_pages(&mut writer, 0, 3).unwrap());
                        if dice.below(2) == 0 {
                            delete_tree(&tree, &mut writer).unwrap();
                            delete_tree(&child, &mut writer).unwrap();
                        } else {
                            trees.push((tree, child));
                        }
                        while held.len() > 5 {
                            let page = held.swap_remove(dice.below(held.len()));
                            shared.free_pages(&mut writer, page, 1).unwrap();
                        }
                    }
                    (trees, held)
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    let parent = shared.tree().root();
    stage.adopt(shared, None, TreeKind::Primary, made.iter().flat_map(|(_, held)| held.clone()).collect());
    let mut trees = 0;
    for (tree, child) in made.into_iter().flat_map(|(trees, _)| trees) {
        stage.adopt(tree, None, TreeKind::Primary, Vec::new());
        stage.adopt(child, Some(parent), TreeKind::Index, Vec::new());
        trees += 2;
    }
    let report = stage.check();
    ese_corpus::report!(
        "{threads} threads left {trees} trees on {} pages, {} in use",
        report.counts.owned_pages,
        report.counts.pages
    );
}
