//! The schema of one table, ready for cursors.

use std::sync::Arc;

use ese_format::catalog::{IndexDefinition, IndexFlags, PersistedSpaceHints, TableDefinition};
use ese_format::column_type::ColumnClass;
use ese_format::page_size::PageSize;
use ese_format::record::{ColumnDefinition, TableLayout};

use crate::space_policy::SpacePolicy;

/// A table's definition and what reading its rows wants besides.
#[derive(Debug)]
pub struct TableSchema {
    definition: TableDefinition,
    template: Option<Arc<TableSchema>>,
    /// Live fixed and variable columns, by their place in the layout.
    untagged: Vec<usize>,
    /// Live tagged columns with a default, by their place in the layout.
    tagged_with_default: Vec<usize>,
}

impl TableSchema {
    pub(crate) fn new(definition: TableDefinition, template: Option<Arc<Self>>) -> Self {
        let live =
            || definition.layout.columns().iter().enumerate().filter(|(_, column)| !column.is_deleted());
        let is_tagged = |column: &ColumnDefinition| column.location.class() == ColumnClass::Tagged;
        let untagged = live().filter(|(_, column)| !is_tagged(column)).map(|(place, _)| place).collect();
        let tagged_with_default = live()
            .filter(|(_, column)| is_tagged(column) && column.default.is_some())
            .map(|(place, _)| place)
            .collect();
        Self { definition, template, untagged, tagged_with_default }
    }

    /// Everything the catalog says about the table.
    #[must_use]
    pub fn definition(&self) -> &TableDefinition {
        &self.definition
    }

    /// The schema of the template table, where the table is derived from one.
    #[must_use]
    pub fn template(&self) -> Option<&Arc<Self>> {
        self.template.as_ref()
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.definition.name.to_string()
    }

    /// The columns, deleted and inherited ones included.
    #[must_use]
    pub fn layout(&self) -> &TableLayout {
        &self.definition.layout
    }

    /// The columns that are not deleted, by class and FID, inherited ones included.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnDefinition> {
        self.layout().columns().iter().filter(|column| !column.is_deleted())
    }

    /// The indexes in the order of their objids, the primary one first.
    #[must_use]
    pub fn indexes(&self) -> &[IndexDefinition] {
        &self.definition.indexes
    }

    /// How each of its trees takes its pages, by the tree's root. A derived table has its template's hints where it has
    /// none of its own, and its inherited indexes always have (spec 03 §10).
    pub(crate) fn space_policies(&self, page_size: PageSize) -> Vec<(u32, SpacePolicy)> {
        let (definition, template) = (&self.definition, self.template.as_deref().map(Self::definition));
        let row = &definition.table;
        let hints = row.space_hints.as_ref();
        let hints = hints.or_else(|| template.and_then(|template| template.table.space_hints.as_ref()));
        let mut policies = vec![(row.fdp_page, SpacePolicy::of_row(row.density, hints, page_size))];
        for index in self.indexes().iter().filter(|index| !index.is_primary()) {
            let inherited =
                template.filter(|_| index.row.flags.contains(IndexFlags::DERIVED)).and_then(|template| {
                    template.indexes.iter().find(|of_template| of_template.name.is(index.name.as_bytes()))
                });
            let hints = inherited.map_or(&index.row, |index| &index.row).space_hints.as_ref();
            policies.push((index.row.fdp_page, SpacePolicy::of_row(index.row.density, hints, page_size)));
        }
        if let Some((_, values)) = &definition.long_values {
            let policy = SpacePolicy::of_row(values.density, self.long_value_hints(), page_size);
            policies.push((values.fdp_page, policy));
        }
        policies
    }

    /// What the table's creator asked for its long values.
    pub(crate) fn long_value_hints(&self) -> Option<&PersistedSpaceHints> {
        let own = self.definition.table.deferred_lv_hints.as_ref();
        own.or_else(|| self.template.as_deref()?.long_value_hints())
    }

    pub(crate) fn untagged_columns(&self) -> impl Iterator<Item = &ColumnDefinition> {
        self.untagged.iter().filter_map(|place| self.layout().columns().get(*place))
    }

    pub(crate) fn tagged_columns_with_default(&self) -> impl Iterator<Item = &ColumnDefinition> {
        self.tagged_with_default.iter().filter_map(|place| self.layout().columns().get(*place))
    }
}
