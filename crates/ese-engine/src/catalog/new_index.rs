//! An index to be created: which combinations are legal, its key string, and the catalog row they give (spec 09 §10.6,
//! 03 §9).

use ese_format::catalog::{
    IndexFlags, IndexRow, IndexSegment, KEY_SEGMENTS_MAX, LcMapFlags, ObjectName, SegmentFlags, SortVersion,
    TupleLimits,
};
use ese_format::error::JetError;
use ese_format::page_size::PageSize;
use ese_format::record::{ColumnDefinition, ColumnFlags, TableLayout, index_key_bytes_max};
use ese_format::sort_key::{ExactStamp, PrivateStamp, Sort, Stamp};
use ese_format::version::DatabaseVersion;

use crate::catalog::locale_names;
use crate::catalog::new_column::object_name;
use crate::catalog::space_hints::{PlannedSpace, SpaceHints, density};
use crate::catalog::{IndexGrbit, PrivateIndexes, TextSettings};
use crate::error::{Error, Result};

/// Key columns of an index over all combinations of values.
const CROSS_PRODUCT_SEGMENTS_MAX: usize = 12;
/// Key bytes of an index whose creator asked for no other number, and the least one may ask for.
const KEY_MOST_DEFAULT: u16 = 255;
/// Since when an index may be unique at option (spec 01 §6.4).
const OPTIONALLY_UNIQUE: DatabaseVersion = DatabaseVersion::new(290, 600);
/// Since when text may be kept in capitals instead of sort keys (spec 03 §9.5).
const UPPERCASE: DatabaseVersion = DatabaseVersion::new(50, 80);

/// The locale and normalisation a caller gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLocale {
    /// Locale name; empty for the invariant locale.
    pub name: String,
    /// `LCMapString` flags; 0 for the default.
    pub lcmap_flags: u32,
}

/// A condition on a column.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewCondition<'a> {
    /// The column's name.
    pub column: &'a [u8],
    /// `JET_bitIndexColumnMustBeNull` or `JET_bitIndexColumnMustBeNonNull`.
    pub grbit: u32,
}

/// An index as a caller asks for it. Names in bytes of code page 1252.
#[derive(Clone, Debug, Default)]
pub struct NewIndex<'a> {
    /// Name.
    pub name: &'a [u8],
    /// The key string with its two zeros: `+name\0-name\0\0`.
    pub key: &'a [u8],
    /// `JET_bitIndex…`
    pub grbit: u32,
    /// Density in percent; 0 for the table's.
    pub density: u32,
    /// Most bytes of a key; counts with [`IndexGrbit::KEY_MOST`] only.
    pub key_most: u32,
    /// Most bytes of a variable-length segment; 0 for the key's.
    pub var_seg_mac: u32,
    /// Locale; `None` for the instance's.
    pub locale: Option<NewLocale>,
    /// Limits of a tuple index: shortest, longest, number, increment, start; count with [`IndexGrbit::TUPLE_LIMITS`]
    /// only.
    pub tuple_limits: Option<[u32; 5]>,
    /// Conditions.
    pub conditions: &'a [NewCondition<'a>],
    /// Space hints; stand in for the density.
    pub space_hints: Option<SpaceHints>,
}

/// What decides about a new index besides itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct IndexContext<'a> {
    pub layout: &'a TableLayout,
    pub is_template: bool,
    pub page_size: PageSize,
    pub version: DatabaseVersion,
    /// Density of the table.
    pub density: u32,
    /// How the instance sorts text.
    pub text: &'a TextSettings,
}

/// A legal index without its tree.
#[derive(Clone, Debug)]
pub(super) struct PlannedIndex {
    pub name: ObjectName,
    pub grbit: IndexGrbit,
    /// The row, its root page still open.
    pub row: IndexRow,
    pub space: PlannedSpace,
}

impl PlannedIndex {
    pub(super) fn is_primary(&self) -> bool {
        self.row.flags.contains(IndexFlags::PRIMARY)
    }
}

fn refuse(jet: JetError, name: &[u8], why: &str) -> Error {
    Error::refused(jet, format!("index {}: {why}", String::from_utf8_lossy(name)))
}

/// A column of a key string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyColumn<'k> {
    /// The column's name.
    pub name: &'k [u8],
    /// Whether it sorts downwards.
    pub descending: bool,
}

/// Takes a key string apart (spec 09 §10.6).
///
/// # Errors
/// `JET_errInvalidParameter` for an empty one; `JET_errIndexInvalidDef` for one that does not end in two zeros, goes on
/// behind them, names no column, or whose first name has no sign.
pub fn parse_key(key: &[u8]) -> Result<Vec<KeyColumn<'_>>> {
    if key.is_empty() {
        return Err(Error::refused(JetError::INVALID_PARAMETER, "the key string is empty"));
    }
    let invalid = |why: &str| Error::refused(JetError::INDEX_INVALID_DEF, format!("key string: {why}"));
    let names = key.strip_suffix(&[0, 0]).ok_or_else(|| invalid("does not end in two zeros"))?;
    if !matches!(names.first(), Some(b'+' | b'-')) {
        return Err(invalid("the first column has no sign"));
    }
    names
        .split(|byte| *byte == 0)
        .map(|entry| match entry {
            [] => Err(invalid("goes on behind its end")),
            [b'+', name @ ..] => Ok(KeyColumn { name, descending: false }),
            [b'-', name @ ..] => Ok(KeyColumn { name, descending: true }),
            name => Ok(KeyColumn { name, descending: false }),
        })
        .collect()
}

impl NewIndex<'_> {
    /// The `JET_bitIndex…` bits.
    #[must_use]
    pub fn grbit(&self) -> IndexGrbit {
        IndexGrbit::from_bits_retain(self.grbit)
    }

    /// Whether the primary index is asked for.
    #[must_use]
    pub fn is_primary(&self) -> bool {
        self.grbit().contains(IndexGrbit::PRIMARY)
    }

    /// Name and everything the grbits decide, before the key is looked at.
    pub(super) fn plan(&self, context: &IndexContext<'_>) -> Result<PlannedIndex> {
        let name = object_name(self.name)?;
        let grbit = self.grbit();
        self.check_grbit(context)?;
        let (key_most, var_seg_mac) = self.key_sizes(context.page_size)?;
        let tuple_limits = self.checked_tuple_limits()?;
        let space = match &self.space_hints {
            Some(hints) => hints.plan(context.page_size, context.density)?,
            None => {
                let density = density(self.density, context.density)?;
                PlannedSpace { density, pages: 0, hints: None }
            }
        };
        let columns = parse_key(self.key)?;
        let limit = if grbit.contains(IndexGrbit::CROSS_PRODUCT) {
            CROSS_PRODUCT_SEGMENTS_MAX
        } else {
            KEY_SEGMENTS_MAX
        };
        if columns.len() > limit || self.conditions.len() > KEY_SEGMENTS_MAX {
            return Err(refuse(JetError::INDEX_INVALID_DEF, self.name, "too many columns"));
        }
        let (segments, key_columns) = self.segments(&columns, context)?;
        let conditions = self.checked_conditions(context)?;
        self.check_columns(&key_columns, tuple_limits.is_some())?;
        let (locale, lcmap_flags) = self.checked_locale(context)?;
        let flags = self.flags(&key_columns, context);
        let (sort_version, sort_id) = self.stamp(flags, &locale, lcmap_flags, context.text)?;
        let row = IndexRow {
            fdp_page: 0,
            density: space.density,
            flags,
            locale_id: 0,
            segments,
            conditions,
            key_most: (key_most != KEY_MOST_DEFAULT).then_some(key_most),
            var_seg_mac,
            tuple_limits,
            lcmap_flags: Some(lcmap_flags),
            locale_name: stored_locale(&locale),
            sort_version,
            sort_id,
            stats: None,
            space_hints: space.hints,
            fdp_last_set_time: None,
        };
        Ok(PlannedIndex { name, grbit, row, space })
    }

    fn check_grbit(&self, context: &IndexContext<'_>) -> Result<()> {
        let grbit = self.grbit();
        let has = |bit| grbit.contains(bit);
        let invalid = |why| Err(refuse(JetError::INVALID_GRBIT, self.name, why));
        let primary = has(IndexGrbit::PRIMARY);
        let ignoring = IndexGrbit::IGNORE_NULL | IndexGrbit::IGNORE_ANY_NULL | IndexGrbit::IGNORE_FIRST_NULL;
        if primary && grbit.intersects(ignoring) {
            return invalid("a primary index leaves no record out");
        }
        if primary && !self.conditions.is_empty() {
            return Err(refuse(JetError::INDEX_INVALID_DEF, self.name, "a primary index has no conditions"));
        }
        if primary && has(IndexGrbit::TUPLES) {
            let jet = JetError::INDEX_TUPLES_SECONDARY_INDEX_ONLY;
            return Err(refuse(jet, self.name, "a primary index has no tuples"));
        }
        if has(IndexGrbit::OPTIONALLY_UNIQUE) {
            if primary || has(IndexGrbit::UNIQUE) {
                return invalid("unique at option and unique");
            }
            if !context.version.has(OPTIONALLY_UNIQUE) {
                let jet = JetError::ENGINE_FORMAT_VERSION_PARAM_TOO_LOW_FOR_REQUESTED_FEATURE;
                return Err(refuse(jet, self.name, "unique at option came later"));
            }
        }
        if has(IndexGrbit::CROSS_PRODUCT) && has(IndexGrbit::NESTED_TABLE) {
            return invalid("cross product and nested table");
        }
        if has(IndexGrbit::EMPTY) && !has(IndexGrbit::IGNORE_ANY_NULL) {
            return invalid("empty, but not ignoring NULLs");
        }
        if has(IndexGrbit::DEFERRED_POPULATE_CREATE) {
            let jet = JetError::FEATURE_NOT_AVAILABLE;
            return Err(refuse(jet, self.name, "deferred population is not built"));
        }
        Ok(())
    }

    fn key_sizes(&self, page_size: PageSize) -> Result<(u16, Option<u16>)> {
        let invalid = |why| refuse(JetError::INDEX_INVALID_DEF, self.name, why);
        let key_most = if self.grbit().contains(IndexGrbit::KEY_MOST) {
            let range = KEY_MOST_DEFAULT..=index_key_bytes_max(page_size);
            let asked = u16::try_from(self.key_most).ok().filter(|most| range.contains(most));
            asked.ok_or_else(|| invalid("no key is that large"))?
        } else {
            KEY_MOST_DEFAULT
        };
        let most = u16::try_from(self.var_seg_mac).ok().filter(|most| *most <= key_most);
        let var_seg_mac = most.ok_or_else(|| invalid("segments larger than the key"))?;
        Ok((key_most, (var_seg_mac != 0 && var_seg_mac != key_most).then_some(var_seg_mac)))
    }

    fn checked_tuple_limits(&self) -> Result<Option<TupleLimits>> {
        let grbit = self.grbit();
        let limited = grbit.contains(IndexGrbit::TUPLE_LIMITS);
        if !limited && !grbit.contains(IndexGrbit::TUPLES) {
            return Ok(None);
        }
        if limited && self.is_primary() {
            let jet = JetError::INDEX_TUPLES_SECONDARY_INDEX_ONLY;
            return Err(refuse(jet, self.name, "a primary index has no tuples"));
        }
        if grbit.contains(IndexGrbit::UNIQUE) {
            return Err(refuse(JetError::INDEX_TUPLES_NON_UNIQUE_ONLY, self.name, "tuples are not unique"));
        }
        if self.var_seg_mac != 0 {
            let jet = JetError::INDEX_TUPLES_VAR_SEG_MAC_NOT_ALLOWED;
            return Err(refuse(jet, self.name, "tuples with a limit to segments"));
        }
        if !limited {
            return Ok(Some(TupleLimits::DEFAULT));
        }
        let Some([length_min, length_max, tuples_max, increment, start]) = self.tuple_limits else {
            return Err(refuse(JetError::INDEX_INVALID_DEF, self.name, "the limits are missing"));
        };
        let or = |asked: u32, default: u32| if asked == 0 { default } else { asked };
        let limits = TupleLimits {
            length_min: or(length_min, 3),
            length_max: or(length_max, 10),
            tuples_max: or(tuples_max, 0x7FFF),
            increment_and_start: Some((or(increment, 1), start)),
        };
        // The catalog's own bounds are the bounds.
        TupleLimits::decode(&limits.encode()).map(Some).map_err(|_| {
            refuse(JetError::INDEX_TUPLES_INVALID_LIMITS, self.name, "the limits lie outside the bounds")
        })
    }

    fn segments<'l>(
        &self,
        columns: &[KeyColumn<'_>],
        context: &IndexContext<'l>,
    ) -> Result<(Vec<IndexSegment>, Vec<&'l ColumnDefinition>)> {
        columns
            .iter()
            .map(|key_column| {
                let column = self.column(context.layout, key_column.name)?;
                let mut flags = template_flag(column);
                flags.set(SegmentFlags::DESCENDING, key_column.descending);
                Ok((IndexSegment { flags, fid: column.id.fid() }, column))
            })
            .collect()
    }

    fn column<'l>(&self, layout: &'l TableLayout, name: &[u8]) -> Result<&'l ColumnDefinition> {
        let name = trimmed(name);
        layout.column_named(name).filter(|_| !name.is_empty()).ok_or_else(|| {
            refuse(
                JetError::COLUMN_NOT_FOUND,
                self.name,
                &format!("column {}", String::from_utf8_lossy(name)),
            )
        })
    }

    fn checked_conditions(&self, context: &IndexContext<'_>) -> Result<Vec<IndexSegment>> {
        const MUST_BE_NULL: u32 = 1;
        const MUST_BE_NON_NULL: u32 = 2;
        self.conditions
            .iter()
            .map(|condition| {
                let must_be_null = match condition.grbit {
                    MUST_BE_NULL => true,
                    MUST_BE_NON_NULL => false,
                    _ => return Err(refuse(JetError::INVALID_GRBIT, self.name, "condition")),
                };
                let column = self.column(context.layout, condition.column)?;
                let mut flags = template_flag(column);
                flags.set(SegmentFlags::MUST_BE_NULL, must_be_null);
                Ok(IndexSegment { flags, fid: column.id.fid() })
            })
            .collect()
    }

    fn check_columns(&self, columns: &[&ColumnDefinition], tuples: bool) -> Result<()> {
        for column in columns {
            let has = |flag| column.flags.contains(flag);
            let of = || format!("column {}", String::from_utf8_lossy(&column.name));
            if has(ColumnFlags::ENCRYPTED) {
                return Err(refuse(JetError::CANNOT_INDEX_ON_ENCRYPTED_COLUMN, self.name, &of()));
            }
            if has(ColumnFlags::ESCROW_UPDATE) {
                return Err(refuse(JetError::CANNOT_INDEX, self.name, &of()));
            }
            if self.is_primary() && has(ColumnFlags::MULTI_VALUED) {
                return Err(refuse(
                    JetError::INDEX_INVALID_DEF,
                    self.name,
                    "a primary key has single values",
                ));
            }
            if self.grbit().contains(IndexGrbit::EMPTY) && has(ColumnFlags::DEFAULT) {
                return Err(refuse(JetError::INDEX_INVALID_DEF, self.name, "empty over a default"));
            }
        }
        let first = columns.first().map(|column| column.column_type);
        if tuples && !first.is_some_and(|first| first.is_text() || first.is_binary()) {
            let jet = JetError::INDEX_TUPLES_TEXT_BINARY_COLUMNS_ONLY;
            return Err(refuse(jet, self.name, "tuples of numbers"));
        }
        Ok(())
    }

    /// Locale name and flags: the caller's, or the instance's.
    fn checked_locale(&self, context: &IndexContext<'_>) -> Result<(String, LcMapFlags)> {
        if self.grbit().contains(IndexGrbit::UNICODE) && self.locale.is_none() {
            return Err(refuse(JetError::INDEX_INVALID_DEF, self.name, "the locale is missing"));
        }
        let Some(locale) = &self.locale else {
            return Ok((context.text.locale.clone(), context.text.lcmap_flags));
        };
        let flags = checked_text(locale, context.version)?;
        Ok((locale.name.clone(), flags.unwrap_or(context.text.lcmap_flags)))
    }

    /// Sort version and SortID of an index over UTF-16 text (spec 11 §8.2).
    fn stamp(
        &self,
        flags: IndexFlags,
        locale: &str,
        lcmap_flags: LcMapFlags,
        settings: &TextSettings,
    ) -> Result<(Option<SortVersion>, Option<[u8; 16]>)> {
        if !flags.contains(IndexFlags::LOCALIZED_TEXT) {
            return Ok((None, None));
        }
        let sort = Sort::of_locale(locale);
        let pair = |stamp: &dyn Stamp| (Some(stamp.version()), Some(stamp.sort_id()));
        if let Some(exact) = ExactStamp::new(sort, lcmap_flags) {
            return Ok(pair(&exact));
        }
        let may_be_private = match settings.private_indexes {
            PrivateIndexes::Never => false,
            PrivateIndexes::Secondary => !self.is_primary(),
            PrivateIndexes::Always => true,
        };
        if !may_be_private {
            let jet = JetError::UNICODE_NORMALIZATION_NOT_SUPPORTED;
            return Err(refuse(jet, self.name, &format!("sort keys of locale {locale:?} are not certain")));
        }
        Ok(pair(&PrivateStamp::new(sort)))
    }

    /// Spec 03 §9.1.
    fn flags(&self, columns: &[&ColumnDefinition], context: &IndexContext<'_>) -> IndexFlags {
        let grbit = self.grbit();
        let has = |bit| grbit.contains(bit);
        let mut flags = IndexFlags::EXTENDED_SEGMENTS;
        flags.set(IndexFlags::UNIQUE, has(IndexGrbit::UNIQUE) || self.is_primary());
        flags.set(IndexFlags::PRIMARY, self.is_primary());
        if !has(IndexGrbit::DISALLOW_NULL) && !has(IndexGrbit::IGNORE_ANY_NULL) {
            flags |= IndexFlags::ALLOW_SOME_NULLS;
            if !has(IndexGrbit::IGNORE_FIRST_NULL) {
                flags |= IndexFlags::ALLOW_FIRST_NULL;
                flags.set(IndexFlags::ALLOW_ALL_NULLS, !has(IndexGrbit::IGNORE_NULL));
            }
        }
        flags.set(IndexFlags::NO_NULL_SEGMENT, has(IndexGrbit::DISALLOW_NULL));
        let other_locale = |locale: &NewLocale| locale.name != context.text.locale;
        let locale_set = has(IndexGrbit::UNICODE) || self.locale.as_ref().is_some_and(other_locale);
        flags.set(IndexFlags::LOCALE_SET, locale_set);
        let multi_valued = |column: &&ColumnDefinition| column.flags.contains(ColumnFlags::MULTI_VALUED);
        flags.set(IndexFlags::MULTI_VALUED, columns.iter().any(multi_valued));
        flags.set(IndexFlags::LOCALIZED_TEXT, columns.iter().any(|column| column.is_unicode_text()));
        flags.set(IndexFlags::TEMPLATE, context.is_template);
        let nulls_high = has(IndexGrbit::SORT_NULLS_HIGH) && !has(IndexGrbit::DISALLOW_NULL);
        flags.set(IndexFlags::NULLS_HIGH, nulls_high);
        flags.set(IndexFlags::CROSS_PRODUCT, has(IndexGrbit::CROSS_PRODUCT));
        flags.set(IndexFlags::NO_TRUNCATION, has(IndexGrbit::DISALLOW_TRUNCATION));
        flags.set(IndexFlags::NESTED_TABLE, has(IndexGrbit::NESTED_TABLE));
        flags.set(IndexFlags::DOT_NET_GUID, has(IndexGrbit::DOT_NET_GUID));
        flags.set(IndexFlags::OPTIONALLY_UNIQUE, has(IndexGrbit::OPTIONALLY_UNIQUE));
        flags
    }
}

fn template_flag(column: &ColumnDefinition) -> SegmentFlags {
    if column.id.is_template() { SegmentFlags::TEMPLATE_COLUMN } else { SegmentFlags::empty() }
}

fn trimmed(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
    name.get(..end).unwrap_or(name)
}

/// The flags a caller asks for with a locale, `None` for the default ones.
///
/// # Errors
/// `JET_errInvalidLanguageId`, `JET_errInvalidLCMapStringFlags`.
pub(crate) fn checked_text(locale: &NewLocale, version: DatabaseVersion) -> Result<Option<LcMapFlags>> {
    if !locale_names::is_known(&locale.name) {
        return Err(Error::refused(JetError::INVALID_LANGUAGE_ID, format!("locale {:?}", locale.name)));
    }
    if locale.lcmap_flags == 0 {
        return Ok(None);
    }
    let flags = LcMapFlags::from_bits_retain(locale.lcmap_flags);
    let allowed = LcMapFlags::SORT_KEY
        | LcMapFlags::BYTE_REVERSED
        | LcMapFlags::IGNORE_CASE
        | LcMapFlags::IGNORE_NON_SPACE
        | LcMapFlags::IGNORE_SYMBOLS
        | LcMapFlags::DIGITS_AS_NUMBERS
        | LcMapFlags::LINGUISTIC_IGNORE_CASE
        | LcMapFlags::LINGUISTIC_IGNORE_DIACRITIC
        | LcMapFlags::STRING_SORT
        | LcMapFlags::IGNORE_KANA_TYPE
        | LcMapFlags::IGNORE_WIDTH
        | LcMapFlags::LINGUISTIC_CASING;
    let sort_key = flags.contains(LcMapFlags::SORT_KEY) && allowed.contains(flags);
    let capitals = flags == LcMapFlags::UPPERCASE && version.has(UPPERCASE);
    if !sort_key && !capitals {
        let about = format!("flags {:#x}, which no sort key has", locale.lcmap_flags);
        return Err(Error::refused(JetError::INVALID_LC_MAP_STRING_FLAGS, about));
    }
    Ok(Some(flags))
}

fn stored_locale(name: &str) -> Option<Vec<u8>> {
    (!name.is_empty()).then(|| name.encode_utf16().flat_map(u16::to_le_bytes).collect())
}
