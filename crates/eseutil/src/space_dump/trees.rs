//! The rows of a space table: every tree of a database, read as deep as the fields ask for.

use ese_engine::btree::{Tree, TreeKind};
use ese_engine::database::Database;
use ese_engine::error::Result;
use ese_engine::space::TreeSpace;
use ese_format::catalog::{CatalogRow, IndexFlags, IndexRow, LongValueRow};
use ese_format::long_value::chunk_bytes_default;
use ese_format::space::{Growth, Pool, Space as SpaceForm, SpaceTree};

use super::fields::Needs;
use super::long_values::LongValues;
use super::row::{Kind, Row, Run, Shape, Space};
use super::shape;
use crate::export::western_text;
use crate::meta_dump::TableRows;
use crate::space_hints;

/// What the rows of one run have in common.
pub(super) struct Reader<'a> {
    pub(super) database: &'a Database,
    pub(super) needs: Needs,
    /// Whether space trees get rows of their own.
    pub(super) with_space_trees: bool,
}

/// A tree and, where they were asked for, its space trees.
pub(super) struct TreeRows {
    pub(super) tree: Row,
    pub(super) space_trees: Vec<Row>,
}

impl Reader<'_> {
    /// The database itself.
    pub(super) fn database_row(&self, name: &str) -> Result<TreeRows> {
        let tree = self.database.root_tree()?;
        let space = TreeSpace::read(&tree)?;
        // Its one page holds no nodes and is not looked into.
        let shape = Shape { data_pages: 1, ..Shape::default() };
        let row = Row {
            level: 0,
            name: name.to_owned(),
            owning_table: "DbRoot".to_owned(),
            kind: Kind::Database,
            objid: tree.objid(),
            root: tree.root(),
            space: space_of(&space, tree.root()),
            shape: Some(shape),
            long_values: None,
            hints: None,
            auto_increment: space.root_header.auto_increment,
            lv_chunk_size: None,
        };
        self.with_space_trees(row, &tree)
    }

    /// The trees of a table: its own, its long values, its secondary indexes by name.
    pub(super) fn members(table: &TableRows) -> Vec<Member<'_>> {
        let mut members = vec![Member::Table];
        members.extend(table.long_values().map(|(row, tree)| Member::LongValues(row.id, tree)));
        let indexes = table.indexes().into_iter();
        let secondary = indexes.filter(|(_, index)| !index.flags.contains(IndexFlags::PRIMARY));
        members.extend(secondary.map(|(row, index)| Member::Index(row, index)));
        members
    }

    /// Reads one tree of a table.
    pub(super) fn tree_rows(&self, table: &TableRows, member: Member<'_>) -> Result<TreeRows> {
        let page_size = self.database.page_size();
        let owning_table = western_text(&table.name);
        let (name, kind, tree_kind, objid, root, hints) = match member {
            Member::Table => {
                let hints = space_hints::of_table(&table.table, page_size);
                let root = table.table.fdp_page;
                (owning_table.clone(), Kind::Table, TreeKind::Primary, table.objid, root, hints)
            }
            Member::LongValues(objid, tree) => {
                let hints = space_hints::of_long_values(tree, page_size);
                let name = "[Long Values]".to_owned();
                (name, Kind::LongValues, TreeKind::LongValue, objid, tree.fdp_page, hints)
            }
            Member::Index(row, index) => {
                let hints = space_hints::of_index(index, page_size);
                let name = western_text(row.name.as_bytes());
                (name, Kind::Index, TreeKind::Index, row.id, index.fdp_page, hints)
            }
        };
        let chunk_bytes = table.table.lv_chunk_bytes.unwrap_or_else(|| chunk_bytes_default(page_size));
        let tree = Tree::open(self.database.file(), root, objid, tree_kind)?;
        let mut row = Row {
            level: if kind == Kind::Table { 1 } else { 2 },
            name,
            owning_table,
            kind,
            objid,
            root,
            space: Space::default(),
            shape: None,
            long_values: None,
            hints: Some(hints),
            auto_increment: None,
            lv_chunk_size: (kind == Kind::LongValues).then_some(chunk_bytes),
        };
        if self.needs >= Needs::Space {
            let space = TreeSpace::read(&tree)?;
            row.space = space_of(&space, tree.root());
            row.auto_increment = space.root_header.auto_increment;
        }
        if self.needs >= Needs::ParentOfLeaf {
            let mut values = (kind == Kind::LongValues && self.needs == Needs::Leaf)
                .then(|| LongValues::new(self.database.page_size().bytes()));
            row.shape = Some(shape::read(&tree, values.as_mut())?);
            row.long_values = values;
        }
        self.with_space_trees(row, &tree)
    }

    fn with_space_trees(&self, row: Row, tree: &Tree) -> Result<TreeRows> {
        let mut space_trees = Vec::new();
        if self.with_space_trees && row.space.owned_root != 0 {
            space_trees.push(space_tree_row(&row, tree, SpaceTree::Owned)?);
            space_trees.push(space_tree_row(&row, tree, SpaceTree::Available)?);
        }
        Ok(TreeRows { tree: row, space_trees })
    }
}

/// The row of a space tree: it owns its own pages and has none available.
fn space_tree_row(owner: &Row, tree: &Tree, which: SpaceTree) -> Result<Row> {
    let (kind, name, root) = match which {
        SpaceTree::Owned => (Kind::OwnedExtents, "[Owned Extents]", owner.space.owned_root),
        SpaceTree::Available => (Kind::AvailableExtents, "[Avail Extents]", owner.space.owned_root + 1),
    };
    let shape = shape::read(&tree.space_tree(root)?, None)?;
    let pages = u32::try_from(shape.data_pages + shape.internal_pages).unwrap_or(u32::MAX);
    let space = Space {
        multiple: shape.internal_pages > 0,
        header_pages: 1,
        primary_pages: 1,
        owned: vec![Run { node_page: root, first: root, pages }],
        ..Space::default()
    };
    Ok(Row {
        level: owner.level + 1,
        name: name.to_owned(),
        owning_table: owner.owning_table.clone(),
        kind,
        objid: owner.objid,
        root,
        space,
        shape: Some(shape),
        long_values: None,
        hints: None,
        auto_increment: None,
        lv_chunk_size: None,
    })
}

/// A tree of a table.
#[derive(Clone, Copy)]
pub(super) enum Member<'a> {
    /// The table's own.
    Table,
    /// Its long values, by objid.
    LongValues(u32, &'a LongValueRow),
    /// A secondary index.
    Index(&'a CatalogRow, &'a IndexRow),
}

fn space_of(space: &TreeSpace, root: u32) -> Space {
    let in_pool = |pool: Pool| {
        let listed = space.available.iter().filter(move |listed| listed.node.pool == pool);
        listed.map(|listed| Run::of(listed.page, &listed.node.extent)).collect::<Vec<_>>()
    };
    let (multiple, header_pages, owned_root) = match space.space {
        SpaceForm::Single { pages, .. } => (false, pages, 0),
        SpaceForm::Multiple { owned_root, growth: Growth::Primary(pages) } => (true, pages, owned_root),
        SpaceForm::Multiple { owned_root, growth: Growth::LastRequest(_) } => (true, 0, owned_root),
    };
    Space {
        multiple,
        header_pages,
        primary_pages: space.primary_pages(root).unwrap_or(0),
        owned_root,
        owned: space.owned.iter().map(|listed| Run::of(listed.page, &listed.node.extent)).collect(),
        available: in_pool(Pool::General),
        continuous: in_pool(Pool::Continuous),
        shelved: in_pool(Pool::Shelved),
        split_buffers: space.split_buffer_pages(),
    }
}
