//! One row of the space table: what is known of a tree, and its cell for each field.

use ese_format::space::Extent;

use super::fields::{Field as F, Field, blank};
use super::statistics::{Distribution, Histogram, NODE_BOUNDS, RUN_BOUNDS, fixed, megabytes, percent};
use crate::space_hints::SpaceHints;

/// The kind of tree a row describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Database,
    OwnedExtents,
    AvailableExtents,
    Table,
    LongValues,
    Index,
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Self::Database => " Db ",
            Self::OwnedExtents => " OE ",
            Self::AvailableExtents => " AE ",
            Self::Table => " Pri",
            Self::LongValues => " LV ",
            Self::Index => " Idx",
        }
    }

    /// The word for it in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::OwnedExtents => "owned_extents",
            Self::AvailableExtents => "available_extents",
            Self::Table => "table",
            Self::LongValues => "long_values",
            Self::Index => "index",
        }
    }
}

/// A run of pages, by its first page and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The page that says so: of a space tree, or the root of a single-extent tree.
    pub(crate) node_page: u32,
    pub(crate) first: u32,
    pub(crate) pages: u32,
}

impl Run {
    pub(crate) fn of(node_page: u32, extent: &Extent) -> Self {
        Self { node_page, first: extent.first(), pages: extent.count }
    }

    pub(crate) fn last(self) -> u32 {
        self.first.saturating_add(self.pages.saturating_sub(1))
    }
}

/// Where the pages of a tree come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Space {
    pub(crate) multiple: bool,
    /// Pages of the primary extent as the header says; 0 where it has the newer form.
    pub(crate) header_pages: u32,
    /// Pages of the primary extent, wherever they are known from.
    pub(crate) primary_pages: u32,
    /// Root of the owned-extent tree, 0 for a single extent. The available-extent tree is the next page.
    pub(crate) owned_root: u32,
    pub(crate) owned: Vec<Run>,
    /// The general pool, or the free pages of a single extent.
    pub(crate) available: Vec<Run>,
    /// The continuous pool; runs of no page are markers.
    pub(crate) continuous: Vec<Run>,
    pub(crate) shelved: Vec<Run>,
    pub(crate) split_buffers: u64,
}

impl Space {
    fn sum(runs: &[Run]) -> u64 {
        runs.iter().map(|run| u64::from(run.pages)).sum()
    }

    pub(crate) fn owned_pages(&self) -> u64 {
        Self::sum(&self.owned)
    }

    pub(crate) fn available_pages(&self) -> u64 {
        Self::sum(&self.available) + Self::sum(&self.continuous)
    }

    pub(crate) fn continuous_pages(&self) -> u64 {
        Self::sum(&self.continuous)
    }

    pub(crate) fn shelved_pages(&self) -> u64 {
        Self::sum(&self.shelved)
    }
}

/// What the pages of a tree hold.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) depth: u32,
    pub(crate) data_pages: u64,
    pub(crate) internal_pages: u64,
    pub(crate) runs: u64,
    pub(crate) run_histogram: Histogram,
    pub(crate) forward_scans: u64,
    pub(crate) internal_free: Distribution,
    pub(crate) internal_nodes: Distribution,
    pub(crate) internal_node_histogram: Histogram,
    pub(crate) internal_keys: Distribution,
    pub(crate) internal_key_compression: Distribution,
    pub(crate) leaves: Leaves,
}

/// What the leaves of a tree hold; only filled where they were read.
#[derive(Clone, Debug)]
pub(crate) struct Leaves {
    pub(crate) free: Distribution,
    pub(crate) nodes: Distribution,
    pub(crate) node_histogram: Histogram,
    pub(crate) keys: Distribution,
    pub(crate) data: Distribution,
    pub(crate) key_compression: Distribution,
    pub(crate) reserved_tags: Distribution,
    pub(crate) unreclaimed: Distribution,
    pub(crate) versioned_nodes: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            depth: 0,
            data_pages: 0,
            internal_pages: 0,
            runs: 0,
            run_histogram: Histogram::new(RUN_BOUNDS),
            forward_scans: 0,
            internal_free: Distribution::default(),
            internal_nodes: Distribution::default(),
            internal_node_histogram: Histogram::new(NODE_BOUNDS),
            internal_keys: Distribution::default(),
            internal_key_compression: Distribution::default(),
            leaves: Leaves {
                free: Distribution::default(),
                nodes: Distribution::default(),
                node_histogram: Histogram::new(NODE_BOUNDS),
                keys: Distribution::default(),
                data: Distribution::default(),
                key_compression: Distribution::default(),
                reserved_tags: Distribution::default(),
                unreclaimed: Distribution::default(),
                versioned_nodes: 0,
            },
        }
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Depth of indentation.
    pub(crate) level: usize,
    pub(crate) name: String,
    pub(crate) owning_table: String,
    pub(crate) kind: Kind,
    pub(crate) objid: u32,
    pub(crate) root: u32,
    pub(crate) space: Space,
    pub(crate) shape: Option<Shape>,
    pub(crate) long_values: Option<super::long_values::LongValues>,
    pub(crate) hints: Option<SpaceHints>,
    pub(crate) auto_increment: Option<u64>,
    pub(crate) lv_chunk_size: Option<u32>,
}

/// What the numbers of a row are set against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Against {
    pub(crate) page_bytes: usize,
    pub(crate) database_pages: u64,
    /// Owned pages of the table a row belongs to; none for the database and its own space trees.
    pub(crate) table_pages: Option<u64>,
    /// Leaf nodes of that table, for its indexes.
    pub(crate) table_nodes: Option<u64>,
}

impl Row {
    /// The whole row.
    pub(crate) fn line(&self, fields: &[Field], against: &Against, separator: char) -> String {
        let mut line = String::new();
        for (index, field) in fields.iter().enumerate() {
            if index > 0 {
                line.push(separator);
            }
            match self.cell(*field, against) {
                Some(cell) => line.push_str(&cell),
                None => line.push_str(&blank(*field, separator)),
            }
        }
        line
    }

    fn cell(&self, field: Field, against: &Against) -> Option<String> {
        let width = field.width();
        let number = |value: u64| Some(format!("{value:>width$}"));
        let pages_in_mb = |pages: u64| Some(format!("{:>width$}", megabytes(pages, against.page_bytes)));
        let share = |value: f64| Some(format!("{:>8}%", fixed(value, 2)));
        let of_table = |pages: u64| against.table_pages.and_then(|table| share(percent(pages, table)));
        let space = &self.space;
        let shape = self.shape.as_ref();
        match field {
            F::FullName | F::Name => {
                let indented = "  ".repeat(self.level) + &self.name;
                let cut: String = indented.chars().take(width).collect();
                Some(format!("{cut:<width$}"))
            }
            F::OwningTableName => Some(format!("{:<width$}", self.owning_table)),
            F::Type => Some(self.kind.label().to_owned()),
            F::ObjidFdp => number(u64::from(self.objid)),
            F::PgnoFdp => number(u64::from(self.root)),
            F::PriExt => {
                let form = if space.multiple { 'm' } else { 's' };
                Some(format!("{:>5}-{form}", space.header_pages))
            }
            F::PriExtType => Some(format!("{:>width$}", if space.multiple { "multi" } else { "single" })),
            F::PriExtCpg => number(u64::from(space.primary_pages)),
            F::PgnoOe => number(u64::from(space.owned_root)),
            F::PgnoAe => number(if space.owned_root == 0 { 0 } else { u64::from(space.owned_root) + 1 }),
            F::OwnPgnoMin => number(space.owned.iter().map(|run| run.first.into()).min().unwrap_or(0)),
            F::OwnPgnoMax => number(space.owned.iter().map(|run| run.last().into()).max().unwrap_or(0)),
            F::OwnedExts => number(space.owned.len() as u64),
            F::Owned => number(space.owned_pages()),
            F::OwnedCache | F::AvailCache => Some(format!("{:>width$}", -1)),
            F::OwnedMb => pages_in_mb(space.owned_pages()),
            F::OwnedPercentOfDb => share(percent(space.owned_pages(), against.database_pages)),
            F::OwnedPercentOfTable => of_table(space.owned_pages()),
            F::AvailExts => number((space.available.len() + space.continuous.len()) as u64),
            F::Available => number(space.available_pages()),
            F::AvailMb => pages_in_mb(space.available_pages()),
            F::AvailPercentOfTable => of_table(space.available_pages()),
            F::SpBuffers => number(space.split_buffers),
            F::SpBufMb => pages_in_mb(space.split_buffers),
            F::SpBufPercentOfTable => of_table(space.split_buffers),
            F::SpcReserve => number(space.continuous_pages()),
            F::Reserved => number(space.split_buffers + space.continuous_pages()),
            F::ReservedMb => pages_in_mb(space.split_buffers + space.continuous_pages()),
            F::ReservedPercentOfTable => of_table(space.split_buffers + space.continuous_pages()),
            F::AutoInc => self.auto_increment.and_then(number),
            F::OwnExt => Some(lengths(&space.owned).cell()),
            F::GenAvailExt => Some(lengths(&space.available).cell()),
            F::ContigAvailExt => Some(lengths(&space.continuous).cell()),
            F::Data => number(shape?.data_pages),
            F::DataMb => pages_in_mb(shape?.data_pages),
            F::DataPercentOfDb => share(percent(shape?.data_pages, against.database_pages)),
            F::Internal => number(shape?.internal_pages),
            F::InternalMb => pages_in_mb(shape?.internal_pages),
            F::Depth => number(shape?.depth.into()),
            F::IoRuns => Some(format!("{:>width$}", fixed(shape?.pages_of_a_run(), 2))),
            F::IoRunsHisto => Some(shape?.run_histogram.cell()),
            F::FwdScans => number(shape?.forward_scans),
            F::IntFreeBytes => Some(shape?.internal_free.cell()),
            F::IntNodes => Some(shape?.internal_nodes.cell()),
            F::IntNodesHisto => Some(shape?.internal_node_histogram.cell()),
            F::IntKeySizes => Some(shape?.internal_keys.cell()),
            F::IntKeyComp => Some(shape?.internal_key_compression.cell()),
            F::Empty => Some(shape?.empty_cell(self.kind).to_owned()),
            F::DataFreeBytes => Some(shape?.leaves.free.cell()),
            F::DataNodes => Some(shape?.leaves.nodes.cell()),
            F::DataNodesHisto => Some(shape?.leaves.node_histogram.cell()),
            F::NodePercentOfTable => match self.kind {
                Kind::Index => share(percent(
                    shape?.leaves.nodes.total(),
                    against.table_nodes.filter(|nodes| *nodes > 0)?,
                )),
                _ => None,
            },
            F::DataKeySizes => Some(shape?.leaves.keys.cell()),
            F::DataDataSizes => Some(shape?.leaves.data.cell()),
            F::DataKeyComp => Some(shape?.leaves.key_compression.cell()),
            F::DataReservedTags => Some(shape?.leaves.reserved_tags.cell()),
            F::DataUnreclaim => Some(shape?.leaves.unreclaimed.cell()),
            F::VersndNode => number(shape?.leaves.versioned_nodes),
            F::LvChunkSize => number(u64::from(self.lv_chunk_size?)),
            F::HintInitialDensity
            | F::HintInitialSize
            | F::HintGrbit
            | F::HintMaintenanceDensity
            | F::HintGrowth
            | F::HintMinExtent
            | F::HintMaxExtent => Some(hint_cell(self.hints.as_ref()?, field)),
            F::LvRefs
            | F::LvCorrupted
            | F::LvSeparatedRootChunks
            | F::LvPartiallyDeleted
            | F::LidMax
            | F::LvSize
            | F::LvSizeHisto
            | F::LvComp
            | F::LvCompHisto
            | F::LvRatioHisto
            | F::LvSeeks
            | F::LvSeeksHisto
            | F::LvBytes
            | F::LvBytesHisto
            | F::LvExtraSeeks
            | F::LvExtraSeeksHisto
            | F::LvExtraBytes
            | F::LvExtraBytesHisto => self.long_values.as_ref()?.cell(field),
        }
    }
}

impl Shape {
    /// Leaf pages in each run of neighbours, on average.
    fn pages_of_a_run(&self) -> f64 {
        if self.runs == 0 { 0.0 } else { self.data_pages as f64 / self.runs as f64 }
    }

    fn empty_cell(&self, kind: Kind) -> &'static str {
        let is_empty = kind != Kind::Database && self.depth == 1 && self.leaves.nodes.total() == 0;
        if is_empty { " yes " } else { "  no " }
    }
}

fn hint_cell(hints: &SpaceHints, field: Field) -> String {
    let width = field.width();
    match field {
        F::HintInitialDensity => format!("{:>10}%", hints.initial_density),
        F::HintMaintenanceDensity => format!("{:>10}%", hints.maintenance_density),
        F::HintGrowth => format!("{:>8}%", hints.growth_percent),
        F::HintGrbit => format!("{:>width$}", format!("{:#x}", hints.grbit)),
        F::HintInitialSize => format!("{:>width$}", hints.initial_bytes / 1024),
        F::HintMinExtent => format!("{:>width$}", hints.min_extent_bytes / 1024),
        _ => format!("{:>width$}", hints.max_extent_bytes / 1024),
    }
}

fn lengths(runs: &[Run]) -> Distribution {
    let mut lengths = Distribution::default();
    runs.iter().for_each(|run| lengths.add(u64::from(run.pages)));
    lengths
}
