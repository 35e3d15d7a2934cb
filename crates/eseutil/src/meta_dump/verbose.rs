//! `/mm /v`: one table with all its columns and indexes (spec 10 §6.4.1).

use std::io::Write;

use ese_format::catalog::{
    CallbackRow, CatalogRow, ColumnRow, IndexFlags, IndexRow, IndexSegment, LcMapFlags, RowKind,
    SegmentFlags, SortVersion, TableFlags,
};
use ese_format::column_type::{ColumnClass, ColumnType, class_of};
use ese_format::long_value::chunk_bytes_default;
use ese_format::page_size::PageSize;
use ese_format::record::ColumnFlags;

use super::{TableRows, file_time};
use crate::export::value::guid_text;
use crate::export::western_text;
use crate::failure::CommandResult;
use crate::output::Output;
use crate::space_hints::{self, SpaceHints};

/// The sort version this engine stamps on new indexes (spec 00, decision 5), shown as that of the "current OS".
const SORT_VERSION: u32 = 0x0006_0305;
/// The sort id of locales without rules of their own.
const SORT_ID: &str = "00000001-57ee-1e5c-00b4-d0000bb1e11e";

pub(super) fn dump(table: &TableRows, page_size: PageSize, out: &mut Output<'_>) -> CommandResult {
    writeln!(out, "Table Name        PgnoFDP  ObjidFDP    PgnoLV   ObjidLV     Pages  Density")?;
    writeln!(out, "==========================================================================")?;
    writeln!(out, "{}", western_text(&table.name))?;
    let row = &table.table;
    let long_values = table.long_values();
    let lv_root = long_values.map_or(0, |(_, tree)| tree.fdp_page);
    let lv_objid = long_values.map_or(0, |(row, _)| row.id);
    writeln!(
        out,
        "{:17}{:>8}  {:>8}  {lv_root:>8}  {lv_objid:>8}  {:>8}  {:>6}%",
        "", row.fdp_page, table.objid, row.pages, row.density
    )?;
    writeln!(out, "    PgnoFDPLastSetTime={}", file_time(row.fdp_last_set_time))?;
    let lv_time = long_values.and_then(|(_, tree)| tree.fdp_last_set_time);
    writeln!(out, "    PgnoFDPLVLastSetTime={}", file_time(lv_time))?;
    let chunk = row.lv_chunk_bytes.unwrap_or_else(|| chunk_bytes_default(page_size));
    writeln!(out, "    LV ChunkSize={chunk}")?;
    for (flag, label) in [
        (TableFlags::SYSTEM, "System Table"),
        (TableFlags::FIXED_DDL, "FixedDDL"),
        (TableFlags::TEMPLATE, "Template"),
    ] {
        if row.flags.contains(flag) {
            writeln!(out, "    {label}=yes")?;
        }
    }
    if let Some(template) = &row.template_table {
        writeln!(out, "    Derived From: {:5}", western_text(template.as_bytes()))?;
    }
    write_hints(out, "    ", "Table Space Hints:      ", &space_hints::of_table(row, page_size))?;
    if let Some(hints) = &row.deferred_lv_hints {
        let shown = space_hints::of_deferred_long_values(hints, page_size);
        write_hints(out, "    ", "Deferred LV Space Hints:", &shown)?;
    }
    columns(table, out)?;
    indexes(table, page_size, out)?;
    callback(table, out)
}

fn write_hints(out: &mut Output<'_>, indent: &str, title: &str, hints: &SpaceHints) -> CommandResult {
    writeln!(out, "{indent}{title} cbStruct: 32, grbit={:#x}", hints.grbit)?;
    writeln!(
        out,
        "{indent}    Densities:     Initial={}%,  Maintenance={}%",
        hints.initial_density, hints.maintenance_density
    )?;
    writeln!(
        out,
        "{indent}    Growth Hints:  cbInitial={}, ulGrowth={}%,  cbMinExtent={}, cbMaxExtent={}",
        hints.initial_bytes, hints.growth_percent, hints.min_extent_bytes, hints.max_extent_bytes
    )?;
    Ok(())
}

fn columns(table: &TableRows, out: &mut Output<'_>) -> CommandResult {
    writeln!(out, "    Column Name     Column Id  Column Type      Length  Default")?;
    writeln!(out, "    -----------------------------------------------------------")?;
    for (row, column) in
        table.by_name(|kind| if let RowKind::Column(column) = kind { Some(column) } else { None })
    {
        write_column(row, column, out)?;
    }
    Ok(())
}

fn write_column(row: &CatalogRow, column: &ColumnRow, out: &mut Output<'_>) -> CommandResult {
    let class = u16::try_from(row.id).ok().and_then(class_of).unwrap_or(ColumnClass::Tagged);
    let letter = match class {
        ColumnClass::Fixed => 'F',
        ColumnClass::Variable => 'V',
        ColumnClass::Tagged => 'T',
    };
    let length = if column.bytes_max > 9_999_999 {
        format!("{:>5}MB", column.bytes_max >> 20)
    } else {
        format!("{:>7}", column.bytes_max)
    };
    let has_default = column.flags.contains(ColumnFlags::DEFAULT);
    writeln!(
        out,
        "    {:<15} {:>9}  {:<12.12}({letter}) {length}{}",
        cut(&western_text(row.name.as_bytes()), 15),
        row.id,
        column_type_text(column.column_type),
        if has_default { "  Yes" } else { "" }
    )?;
    if class == ColumnClass::Fixed {
        let offset = column.record_offset.unwrap_or(0);
        writeln!(out, "        Offset={offset} ({offset:#x})")?;
    }
    if column.column_type.is_text() {
        let code_page = column.code_page().0;
        writeln!(out, "        Code Page={code_page} ({code_page:#x})")?;
    }
    for (flag, label) in [
        (ColumnFlags::VERSION, "Version"),
        (ColumnFlags::NOT_NULL, "Disallow Null"),
        (ColumnFlags::MULTI_VALUED, "Multi-value"),
        (ColumnFlags::AUTO_INCREMENT, "Auto-increment"),
        (ColumnFlags::ESCROW_UPDATE, "EscrowUpdate"),
        (ColumnFlags::FINALIZE, "Finalize"),
        (ColumnFlags::DELETE_ON_ZERO, "DeleteOnZero"),
        (ColumnFlags::DEFAULT, "DefaultValue"),
        (ColumnFlags::USER_DEFINED_DEFAULT, "User-defined Default"),
        (ColumnFlags::TEMPLATE_COLUMN, "TemplateColumnESE98"),
        (ColumnFlags::PRIMARY_INDEX_PLACEHOLDER, "PrimaryIndexPlaceholder"),
        (ColumnFlags::COMPRESSED, "Compressed"),
        (ColumnFlags::ENCRYPTED, "Encrypted"),
    ] {
        if column.flags.contains(flag) {
            writeln!(out, "        {label}=yes")?;
            write_column_detail(column, flag, out)?;
        }
    }
    writeln!(out, "        Flags={:#x}", column.flags.bits())?;
    Ok(())
}

fn write_column_detail(column: &ColumnRow, flag: ColumnFlags, out: &mut Output<'_>) -> CommandResult {
    if flag == ColumnFlags::DEFAULT {
        let length = column.default.as_ref().map_or(0, Vec::len);
        writeln!(out, "                Length={length} bytes")?;
    } else if flag == ColumnFlags::USER_DEFINED_DEFAULT {
        let callback = western_text(column.callback.as_deref().unwrap_or_default());
        let data = match &column.callback_data {
            Some(ese_format::catalog::LongColumn::Inline(bytes)) => bytes.len(),
            _ => 0,
        };
        writeln!(out, "                Callback={callback}")?;
        writeln!(out, "                CallbackData={data} bytes")?;
    }
    Ok(())
}

fn column_type_text(column_type: ColumnType) -> String {
    match column_type {
        ColumnType::Nil => "Deleted".to_owned(),
        ColumnType::IeeeSingle => "IEEESingle".to_owned(),
        ColumnType::IeeeDouble => "IEEEDouble".to_owned(),
        ColumnType::Guid => "GUID".to_owned(),
        ColumnType::Slv => format!("???({})", ColumnType::Slv.code()),
        ColumnType::Unknown(code) => format!("???({code})"),
        known => known.to_string(),
    }
}

fn indexes(table: &TableRows, page_size: PageSize, out: &mut Output<'_>) -> CommandResult {
    writeln!(out, "    Index Name        PgnoFDP  ObjidFDP  Density")?;
    writeln!(out, "    --------------------------------------------")?;
    for (row, index) in table.indexes() {
        writeln!(
            out,
            "    {:<15}  {:>8}  {:>8}  {:>6}%",
            cut(&western_text(row.name.as_bytes()), 15),
            index.fdp_page,
            row.id,
            index.density
        )?;
        write_index_flags(index, out)?;
        write_hints(out, "        ", "Index Space Hints:      ", &space_hints::of_index(index, page_size))?;
        segments(table, index, out)?;
        writeln!(out, "        IndexPgnoFDPLastSetTime={}", file_time(index.fdp_last_set_time))?;
    }
    Ok(())
}

fn write_index_flags(index: &IndexRow, out: &mut Output<'_>) -> CommandResult {
    for (flag, label) in [
        (IndexFlags::UNIQUE, "Unique"),
        (IndexFlags::PRIMARY, "Primary"),
        (IndexFlags::TEMPLATE, "Template"),
        (IndexFlags::DERIVED, "Derived"),
        (IndexFlags::NO_NULL_SEGMENT, "Disallow Null"),
        (IndexFlags::ALLOW_ALL_NULLS, "Allow All Nulls"),
        (IndexFlags::ALLOW_FIRST_NULL, "Allow First Null"),
        (IndexFlags::ALLOW_SOME_NULLS, "Allow Some Nulls"),
        (IndexFlags::NULLS_HIGH, "Sort Nulls High"),
        (IndexFlags::MULTI_VALUED, "Multivalued"),
    ] {
        if index.flags.contains(flag) {
            writeln!(out, "        {label}=yes")?;
        }
    }
    if let Some(limits) = &index.tuple_limits {
        writeln!(out, "        Tuples=yes")?;
        writeln!(out, "            LengthMin={}", limits.length_min)?;
        writeln!(out, "            LengthMax={}", limits.length_max)?;
        writeln!(out, "            ToIndexMax={}", limits.tuples_max)?;
        writeln!(out, "            CchIncrement={}", limits.increment())?;
        writeln!(out, "            IchStart={}", limits.start())?;
    }
    if index.flags.contains(IndexFlags::LOCALIZED_TEXT) {
        write_localized_text(index, out)?;
    }
    if index.flags.contains(IndexFlags::EXTENDED_SEGMENTS) {
        writeln!(out, "        Extended Columns=yes")?;
    }
    writeln!(out, "        Flags=0x{:08x}", index.flags.bits())?;
    if let Some(length) = index.var_seg_mac {
        writeln!(out, "        Index Key Segment Length Specified=yes")?;
        writeln!(out, "            Maximum Key Segment Length=0x{length:08x}")?;
    }
    if let Some(length) = index.key_most {
        writeln!(out, "        Index Key Length Specified=yes")?;
        writeln!(out, "            Maximum Key Length=0x{length:08x}")?;
    }
    Ok(())
}

fn write_localized_text(index: &IndexRow, out: &mut Output<'_>) -> CommandResult {
    let SortVersion(version) = index.sort_version.unwrap_or(SortVersion(0));
    let [nls, defined] = [(version >> 32) as u32, version as u32];
    let locale = index.locale().unwrap_or_default();
    let sort_id = guid_text(&index.sort_id.unwrap_or_default());
    writeln!(out, "        Localized Text=yes")?;
    writeln!(out, "            Locale Id={}", index.locale_id)?;
    writeln!(out, "            Locale Name={locale}")?;
    writeln!(out, "            LCMap flags=0x{:08x}", LcMapFlags::bits(&index.lcmap_flags()))?;
    writeln!(out, "            NLSVersion={nls} (current OS: {SORT_VERSION})")?;
    writeln!(out, "            DefinedVersion={defined} (current OS: {SORT_VERSION})")?;
    writeln!(out, "            SortID={sort_id} (current OS: {SORT_ID})")?;
    Ok(())
}

fn segments(table: &TableRows, index: &IndexRow, out: &mut Output<'_>) -> CommandResult {
    let count = index.segments.len();
    if index.flags.contains(IndexFlags::EXTENDED_SEGMENTS) {
        writeln!(out, "        Key Segments ({count})")?;
        writeln!(out, "        {}", "-".repeat(17))?;
    } else {
        writeln!(out, "        Key Segments ({count} - ESE97 format)")?;
        writeln!(out, "        {}", "-".repeat(32))?;
    }
    for segment in &index.segments {
        let sign = if segment.flags.contains(SegmentFlags::DESCENDING) { '-' } else { '+' };
        let name = format!("{sign}{}", column_name(table, segment));
        writeln!(out, "            {:<15} (0x{:08x})", cut(&name, 15), segment.fid)?;
    }
    if !index.conditions.is_empty() {
        writeln!(out, "        Conditional Columns ({})", index.conditions.len())?;
        writeln!(out, "        {}", "-".repeat(24))?;
    }
    for condition in &index.conditions {
        let rule = if condition.flags.contains(SegmentFlags::MUST_BE_NULL) { "Null" } else { "NonNull" };
        writeln!(
            out,
            "            {:<15} (0x{:08x},JET_bitIndexColumnMustBe{rule})",
            cut(&column_name(table, condition), 15),
            condition.fid
        )?;
    }
    Ok(())
}

/// The name of the column a segment stands for; a column of the template table has its row there.
fn column_name(table: &TableRows, segment: &IndexSegment) -> String {
    table
        .rows
        .iter()
        .find(|row| row.id == u32::from(segment.fid) && matches!(row.kind, RowKind::Column(_)))
        .map_or_else(String::new, |row| western_text(row.name.as_bytes()))
}

fn callback(table: &TableRows, out: &mut Output<'_>) -> CommandResult {
    writeln!(out, "    Callback Type        Callback")?;
    writeln!(out, "    --------------------------------------------")?;
    for row in &table.rows {
        if let RowKind::Callback(CallbackRow { callback_types, function }) = &row.kind {
            let names = callback_names(*callback_types);
            writeln!(out, "    {callback_types:02} ({names})   {}", western_text(function))?;
        }
    }
    Ok(())
}

fn callback_names(types: u32) -> String {
    const NAMES: [(u32, &str); 7] = [
        (0x01, "Finalize"),
        (0x02, "BeforeInsert"),
        (0x04, "AfterInsert"),
        (0x08, "BeforeReplace"),
        (0x10, "AfterReplace"),
        (0x20, "BeforeDelete"),
        (0x40, "AfterDelete"),
    ];
    let names: Vec<_> = NAMES.iter().filter(|(bit, _)| types & bit != 0).map(|(_, name)| *name).collect();
    names.join("|")
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
