//! The fields of the space table: names, widths, sets, and how `/f` selects them (spec 10 §6.6).

/// Sub-columns of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// One cell.
    Single,
    /// One cell, aligned to the left.
    SingleLeft,
    /// One cell whose header alone is aligned to the right.
    SingleLeftUnderRight,
    /// Several cells with their own headings.
    Several(&'static str),
}

/// What must be read of a tree before a field can be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// The catalog.
    Catalog,
    /// The owned- and available-extent trees.
    Space,
    /// The internal pages above the leaves.
    ParentOfLeaf,
    /// Every page.
    Leaf,
}

macro_rules! fields {
    ($($id:ident, $name:literal, $width:literal, $columns:expr, $needs:ident;)*) => {
        /// A field of the space table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Field { $($id,)* }

        impl Field {
            /// In the order of the set `#all`.
            pub(crate) const ALL: &'static [Field] = &[$(Field::$id,)*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Field::$id => $name,)* }
            }

            pub(crate) fn width(self) -> usize {
                match self { $(Field::$id => $width,)* }
            }

            pub(crate) fn columns(self) -> Columns {
                match self { $(Field::$id => $columns,)* }
            }

            pub(crate) fn needs(self) -> Needs {
                match self { $(Field::$id => Needs::$needs,)* }
            }
        }
    };
}

const SINGLE: Columns = Columns::Single;
const DISTRIBUTION: Columns = Columns::Several("   Count,  Min,  Ave, StdDev,  Max,       Total");
const SIZE_HISTOGRAM: Columns = Columns::Several(
    "       4KB,       8KB,      16KB,      32KB,      64KB,     128KB,     256KB,     512KB,       1MB,       2MB,  Over-2MB",
);
const NODE_HISTOGRAM: Columns = Columns::Several(
    "   1-Node,   2-Nodes,   3-Nodes,   4-Nodes,   8-Nodes,  16-Nodes,  32-Nodes,  64-Nodes,  96-Nodes, 128-Nodes, 256-Nodes, 512-Nodes,1024-Nodes, Over-1024",
);
const RUN_HISTOGRAM: Columns = Columns::Several(
    "    1-Page,   2-Pages,   3-Pages,   4-Pages,   8-Pages,  16-Pages,  32-Pages,  64-Pages,  96-Pages, 128-Pages,  Over-128",
);
const RATIO_HISTOGRAM: Columns = Columns::Several(
    "       30%,       40%,       50%,       60%,       70%,       80%,       90%,       93%,       95%,       97%,      100%",
);
const SEEK_HISTOGRAM: Columns = Columns::Several(
    "         1,         2,         3,         4,         5,         6,         7,         8,        16,        32,   Over-32",
);
const EXTRA_SEEK_HISTOGRAM: Columns = Columns::Several(
    "         0,         1,         2,         3,         4,         5,         6,         7,         8,        16,   Over-16",
);
const EXTRA_SIZE_HISTOGRAM: Columns = Columns::Several(
    "       0KB,       4KB,       8KB,      16KB,      32KB,      64KB,     128KB,     256KB,     512KB,       1MB,  Over-1MB",
);

fields! {
    FullName, "FullName", 77, Columns::SingleLeft, Catalog;
    OwningTableName, "OwningTableName", 68, Columns::SingleLeftUnderRight, Catalog;
    Type, "Type", 4, SINGLE, Catalog;
    ObjidFdp, "ObjidFDP", 10, SINGLE, Catalog;
    PgnoFdp, "PgnoFDP", 10, SINGLE, Catalog;
    PriExt, "PriExt", 7, SINGLE, Space;
    PriExtType, "PriExtType", 10, SINGLE, Space;
    PriExtCpg, "PriExtCpg", 9, SINGLE, Space;
    PgnoOe, "PgnoOE", 10, SINGLE, Space;
    PgnoAe, "PgnoAE", 10, SINGLE, Space;
    OwnPgnoMin, "OwnPgnoMin", 10, SINGLE, Space;
    OwnPgnoMax, "OwnPgnoMax", 10, SINGLE, Space;
    OwnedExts, "OwnedExts", 10, SINGLE, Space;
    Owned, "Owned", 10, SINGLE, Space;
    OwnedCache, "Owned(Cache)", 12, SINGLE, Space;
    OwnedMb, "Owned(MB)", 12, SINGLE, Space;
    OwnedPercentOfDb, "O%OfDb", 9, SINGLE, Space;
    OwnedPercentOfTable, "O%OfTable", 9, SINGLE, Space;
    Data, "Data", 10, SINGLE, ParentOfLeaf;
    DataMb, "Data(MB)", 12, SINGLE, ParentOfLeaf;
    DataPercentOfDb, "D%OfDb", 9, SINGLE, ParentOfLeaf;
    AvailExts, "AvailExts", 10, SINGLE, Space;
    Available, "Available", 10, SINGLE, Space;
    AvailCache, "Avail(Cache)", 12, SINGLE, Space;
    AvailMb, "Avail(MB)", 12, SINGLE, Space;
    AvailPercentOfTable, "Avail%Tbl", 9, SINGLE, Space;
    SpBuffers, "SPBuffers", 10, SINGLE, Space;
    SpBufMb, "SPBuf(MB)", 12, SINGLE, Space;
    SpBufPercentOfTable, "SPBuf%Tbl", 9, SINGLE, Space;
    SpcReserve, "SpcReserve", 10, SINGLE, Space;
    AutoInc, "AutoInc", 10, SINGLE, Space;
    Reserved, "Reserved", 10, SINGLE, Space;
    ReservedMb, "Reser(MB)", 12, SINGLE, Space;
    ReservedPercentOfTable, "Reser%Tbl", 9, SINGLE, Space;
    OwnExt, "OwnExt", 48, DISTRIBUTION, Space;
    GenAvailExt, "GenAvailExt", 48, DISTRIBUTION, Space;
    ContigAvailExt, "ContigAvailExt", 48, DISTRIBUTION, Space;
    Empty, "Empty", 5, SINGLE, Leaf;
    Internal, "Internal", 10, SINGLE, ParentOfLeaf;
    InternalMb, "Internal(MB)", 12, SINGLE, ParentOfLeaf;
    Depth, "Depth", 5, SINGLE, ParentOfLeaf;
    IoRuns, "IORuns", 6, SINGLE, ParentOfLeaf;
    IoRunsHisto, "IORuns(histo)", 120, RUN_HISTOGRAM, ParentOfLeaf;
    FwdScans, "FwdScans", 8, SINGLE, ParentOfLeaf;
    IntFreeBytes, "Int:FreeBytes", 48, DISTRIBUTION, ParentOfLeaf;
    IntNodes, "Int:Nodes", 48, DISTRIBUTION, ParentOfLeaf;
    IntNodesHisto, "Int:Nodes(histo)", 152, NODE_HISTOGRAM, ParentOfLeaf;
    IntKeySizes, "Int:KeySizes", 48, DISTRIBUTION, ParentOfLeaf;
    IntKeyComp, "Int:KeyComp", 48, DISTRIBUTION, ParentOfLeaf;
    DataFreeBytes, "Data:FreeBytes", 48, DISTRIBUTION, Leaf;
    DataNodes, "Data:Nodes", 48, DISTRIBUTION, Leaf;
    DataNodesHisto, "Data:Nodes(histo)", 152, NODE_HISTOGRAM, Leaf;
    NodePercentOfTable, "Node%Tbl", 9, SINGLE, Leaf;
    DataKeySizes, "Data:KeySizes", 48, DISTRIBUTION, Leaf;
    DataDataSizes, "Data:DataSizes", 48, DISTRIBUTION, Leaf;
    DataKeyComp, "Data:KeyComp", 48, DISTRIBUTION, Leaf;
    DataReservedTags, "Data:ReservedTags", 48, DISTRIBUTION, Leaf;
    DataUnreclaim, "Data:Unreclaim", 48, DISTRIBUTION, Leaf;
    VersndNode, "VersndNode", 10, SINGLE, Leaf;
    LvRefs, "cLVRefs", 12, SINGLE, Leaf;
    LvCorrupted, "cCorrLVs", 12, SINGLE, Leaf;
    LvSeparatedRootChunks, "cSepRtChk", 12, SINGLE, Leaf;
    LvPartiallyDeleted, "cPartDelLVs", 12, SINGLE, Leaf;
    LidMax, "lidMax", 12, SINGLE, Leaf;
    LvChunkSize, "LV:ChunkSize", 12, SINGLE, Catalog;
    LvSize, "LV:Size", 14, Columns::Several("   Count,  Ave"), Leaf;
    LvSizeHisto, "LV:Size(histo)", 120, SIZE_HISTOGRAM, Leaf;
    LvComp, "LV:Comp", 12, SINGLE, Leaf;
    LvCompHisto, "LV:Comp(histo)", 120, SIZE_HISTOGRAM, Leaf;
    LvRatioHisto, "LV:Ratio(histo)", 120, RATIO_HISTOGRAM, Leaf;
    LvSeeks, "LV:Seeks", 12, SINGLE, Leaf;
    LvSeeksHisto, "LV:Seeks(histo)", 120, SEEK_HISTOGRAM, Leaf;
    LvBytes, "LV:Bytes", 12, SINGLE, Leaf;
    LvBytesHisto, "LV:Bytes(histo)", 120, SIZE_HISTOGRAM, Leaf;
    LvExtraSeeks, "LV:ExtraSeeks", 13, SINGLE, Leaf;
    LvExtraSeeksHisto, "LV:ExtraSeeks(histo)", 120, EXTRA_SEEK_HISTOGRAM, Leaf;
    LvExtraBytes, "LV:ExtraBytes", 13, SINGLE, Leaf;
    LvExtraBytesHisto, "LV:ExtraBytes(histo)", 120, EXTRA_SIZE_HISTOGRAM, Leaf;
    HintInitialDensity, "SH:IDensity", 11, SINGLE, Catalog;
    HintInitialSize, "SH:ISize(KB)", 12, SINGLE, Catalog;
    HintGrbit, "SH:grbit", 9, SINGLE, Catalog;
    HintMaintenanceDensity, "SH:MDensity", 11, SINGLE, Catalog;
    HintGrowth, "SH:Growth", 9, SINGLE, Catalog;
    HintMinExtent, "SH:MinExt(KB)", 13, SINGLE, Catalog;
    HintMaxExtent, "SH:MaxExt(KB)", 13, SINGLE, Catalog;
    Name, "Name", 23, Columns::SingleLeft, Catalog;
}

use Field as F;

/// The named sets of `/f#…`.
const SETS: &[(&str, &[Field])] = &[
    (
        "default",
        &[
            F::Name,
            F::Type,
            F::OwnedMb,
            F::OwnedPercentOfDb,
            F::OwnedPercentOfTable,
            F::AvailMb,
            F::AvailPercentOfTable,
            F::AutoInc,
        ],
    ),
    ("legacy", &[F::Name, F::Type, F::ObjidFdp, F::PgnoFdp, F::PriExt, F::Owned, F::Available]),
    (
        "leaked",
        &[F::Name, F::Type, F::ObjidFdp, F::PriExt, F::PgnoFdp, F::Owned, F::Available, F::Internal, F::Data],
    ),
    (
        "spacehints",
        &[
            F::Name,
            F::Type,
            F::HintInitialDensity,
            F::HintInitialSize,
            F::HintGrbit,
            F::HintMaintenanceDensity,
            F::HintGrowth,
            F::HintMinExtent,
            F::HintMaxExtent,
        ],
    ),
    (
        "lvs",
        &[
            F::FullName,
            F::Type,
            F::LvSize,
            F::LvSizeHisto,
            F::LvComp,
            F::LvCompHisto,
            F::LvRatioHisto,
            F::LvSeeks,
            F::LvSeeksHisto,
            F::LvExtraSeeks,
            F::LvExtraSeeksHisto,
            F::LvBytes,
            F::LvBytesHisto,
            F::LvExtraBytes,
            F::LvExtraBytesHisto,
            F::DataFreeBytes,
            F::DataNodes,
            F::DataKeySizes,
            F::DataDataSizes,
            F::DataUnreclaim,
            F::VersndNode,
            F::LvRefs,
            F::LvCorrupted,
            F::LvSeparatedRootChunks,
            F::LidMax,
            F::LvChunkSize,
            F::OwnExt,
            F::GenAvailExt,
        ],
    ),
    ("all", Field::ALL),
];

fn set_named(name: &str) -> Option<&'static (&'static str, &'static [Field])> {
    let name = name.strip_prefix('#')?;
    SETS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

fn field_named(name: &str) -> Option<&'static Field> {
    Field::ALL.iter().find(|field| field.name().eq_ignore_ascii_case(name))
}

/// Whether `name` is a field or a set, whatever its case.
pub(crate) fn is_known(name: &str) -> bool {
    set_named(name).is_some() || field_named(name).is_some()
}

/// The fields a dump prints, and whether they ask for the leak summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) fields: Vec<Field>,
    /// The set `#leaked` was named: small trees, space trees and leaks are printed too.
    pub(crate) leaked: bool,
}

impl Selection {
    /// From the text after `/f`: names and `#sets`, separated by commas, in any case; empty: the default set.
    ///
    /// # Errors
    /// The first name that is no field and no set.
    pub(crate) fn parse(list: &str) -> Result<Self, String> {
        let mut selection = Self { fields: Vec::new(), leaked: false };
        let list = if list.is_empty() { "#default" } else { list };
        for name in list.split(',') {
            match (set_named(name), field_named(name)) {
                (Some((known, fields)), _) => {
                    selection.leaked |= *known == "leaked";
                    selection.fields.extend_from_slice(fields);
                }
                (None, Some(field)) => selection.fields.push(*field),
                (None, None) => return Err(name.to_owned()),
            }
        }
        Ok(selection)
    }

    /// The deepest reading any field asks for.
    pub(crate) fn needs(&self) -> Needs {
        self.fields.iter().map(|field| field.needs()).max().unwrap_or(Needs::Catalog)
    }

    /// Whether the fields are those of a dump that names none: only there are small trees left out.
    pub(crate) fn is_default(&self) -> bool {
        SETS.first().is_some_and(|(_, fields)| *fields == self.fields)
    }

    /// Whether some field is about space: without one the summary has one line.
    pub(crate) fn wants_space(&self) -> bool {
        self.counts_pages() || self.fields.iter().any(|field| field.needs() == Needs::Space)
    }

    /// Whether data pages are told from internal ones.
    pub(crate) fn counts_pages(&self) -> bool {
        let counting = [F::Data, F::DataMb, F::DataPercentOfDb, F::Internal, F::InternalMb];
        self.fields.iter().any(|field| counting.contains(field))
    }

    /// Columns of the whole table, the space after each field included.
    pub(crate) fn width(&self) -> usize {
        self.fields.iter().map(|field| field.width() + 1).sum()
    }
}

/// The two header lines; the second only where a field has sub-columns.
pub(crate) fn header(selection: &Selection, separator: char) -> (String, Option<String>) {
    let mut names = String::new();
    let mut headings = String::new();
    let mut has_headings = false;
    for (index, field) in selection.fields.iter().enumerate() {
        if index > 0 {
            names.push(separator);
            headings.push(separator);
        }
        let width = field.width();
        match field.columns() {
            Columns::SingleLeft => names.push_str(&format!("{:<width$}", field.name())),
            Columns::Single | Columns::SingleLeftUnderRight => {
                names.push_str(&format!("{:>width$}", field.name()));
            }
            Columns::Several(text) => {
                let name = match separator {
                    ',' => ",".repeat(text.matches(',').count()) + field.name(),
                    _ => field.name().to_owned(),
                };
                names.push_str(&format!("{name:>width$}"));
            }
        }
        if let Columns::Several(text) = field.columns() {
            headings.push_str(text);
            has_headings = true;
        } else {
            headings.push_str(&" ".repeat(width));
        }
    }
    (names, has_headings.then_some(headings))
}

/// An empty cell: blank, and in CSV with the commas of its sub-columns.
pub(crate) fn blank(field: Field, separator: char) -> String {
    let width = field.width();
    match (field.columns(), separator) {
        (Columns::Several(text), ',') => format!("{:>width$}", ",".repeat(text.matches(',').count())),
        _ => " ".repeat(width),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_and_names_combine_in_any_case() {
        let selection = Selection::parse("name,TYPE,#spacehints").expect("known names");
        assert_eq!(selection.fields.len(), 11);
        assert_eq!(Selection::parse("Nope"), Err("Nope".to_owned()));
    }

    #[test]
    fn the_legacy_header_is_that_of_the_original() {
        let selection = Selection::parse("#legacy").expect("a known set");
        let (names, headings) = header(&selection, ' ');
        assert_eq!(names, "Name                    Type   ObjidFDP    PgnoFDP  PriExt      Owned  Available");
        assert_eq!(headings, None);
        assert_eq!(selection.width(), 81);
    }
}
