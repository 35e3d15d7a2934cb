//! The schema of one table, ready for cursors.

use std::sync::Arc;

use ese_format::catalog::{IndexDefinition, TableDefinition};
use ese_format::column_type::ColumnClass;
use ese_format::record::{ColumnDefinition, TableLayout};

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

    pub(crate) fn untagged_columns(&self) -> impl Iterator<Item = &ColumnDefinition> {
        self.untagged.iter().filter_map(|place| self.layout().columns().get(*place))
    }

    pub(crate) fn tagged_columns_with_default(&self) -> impl Iterator<Item = &ColumnDefinition> {
        self.tagged_with_default.iter().filter_map(|place| self.layout().columns().get(*place))
    }
}
