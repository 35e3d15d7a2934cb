//! Space: every page of every tree is owned by it, none of them is free, and what trees own are parts of what their
//! parents own (spec 02 §12.8).

use std::collections::HashSet;

use ese_engine::btree::Tree;
use ese_engine::space::TreeSpace;

use crate::samples::{open_sample, samples};

/// The pages of the extents of a tree's space.
struct Pages {
    owned: HashSet<u32>,
    free: HashSet<u32>,
}

fn pages(space: &TreeSpace) -> Pages {
    Pages {
        owned: space.owned.iter().flat_map(|listed| listed.node.extent.pages()).collect(),
        free: space.available.iter().flat_map(|listed| listed.node.extent.pages()).collect(),
    }
}

/// Checks one tree against its space and returns what it owns.
fn check(tree: &Tree, what: &str, used: &mut u64) -> HashSet<u32> {
    let space = TreeSpace::read(tree).unwrap();
    let Pages { owned, free } = pages(&space);
    assert_eq!(owned.len() as u64, space.owned_pages(), "{what}");
    assert_eq!(free.len() as u64, space.available_pages(), "{what}");
    assert!(space.primary_pages(tree.root()).is_some_and(|pages| pages >= 1), "{what}");
    assert!(free.is_subset(&owned), "{what}: free pages that are not owned");
    let mut deepest = 0;
    tree.visit_pages(&mut |level, page| {
        *used += 1;
        deepest = deepest.max(level);
        assert!(owned.contains(&page.number()), "{what}: page {} is not owned", page.number());
        assert!(!free.contains(&page.number()), "{what}: page {} is free and in use", page.number());
        Ok(())
    })
    .unwrap();
    assert_eq!(deepest, tree.depth().unwrap(), "{what}");
    owned
}

#[test]
fn every_page_of_every_tree_is_owned_once_and_not_free() {
    let Some(corpus) = ese_corpus::corpus() else {
        return ese_corpus::skipped("every_page_of_every_tree_is_owned_once_and_not_free");
    };
    let (mut trees, mut used, mut owned_by_tables) = (0, 0, 0);
    for sample in &samples(&corpus) {
        let database = open_sample(sample, None);
        let root = TreeSpace::read(&database.root_tree().unwrap()).unwrap();
        let Pages { owned: database_owned, free: database_free } = pages(&root);
        let mut taken = HashSet::new();
        for schema in database.tables().unwrap() {
            let table = database.open_schema(&schema).unwrap();
            let what = format!("{} {}", sample.name, schema.name());
            let owned = check(table.tree(), &what, &mut used);
            trees += 1;
            assert!(owned.is_subset(&database_owned), "{what}: more than the database has");
            assert!(owned.is_disjoint(&database_free), "{what}: pages the database has free");
            assert!(owned.is_disjoint(&taken), "{what}: pages of another table");
            let mut children = Vec::new();
            for index in schema.indexes().iter().filter(|index| !index.is_primary()) {
                children.push((format!("{what}.{}", index.name), table.index_tree(index).unwrap()));
            }
            if let Some(tree) = table.long_value_tree().unwrap() {
                children.push((format!("{what}, long values"), tree.tree().clone()));
            }
            let mut siblings = HashSet::new();
            for (what, tree) in children {
                let child_owned = check(&tree, &what, &mut used);
                trees += 1;
                assert!(child_owned.is_subset(&owned), "{what}: more than the table has");
                assert!(child_owned.is_disjoint(&siblings), "{what}: pages of another index");
                siblings.extend(child_owned);
            }
            owned_by_tables += owned.len();
            taken.extend(owned);
        }
    }
    ese_corpus::report!("{trees} trees with {used} pages in use, {owned_by_tables} pages owned by tables");
    assert!(trees > 400 && used > 5000, "{trees} {used}");
}
