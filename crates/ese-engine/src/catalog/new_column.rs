//! A column to be created: which combinations are legal, and the catalog row they give (spec 09 §10.3, 03 §8).

use ese_format::catalog::{CatalogRow, ColumnRow, LongColumn, ObjectName, RowKind};
use ese_format::column_type::{CodePage, ColumnClass, ColumnType};
use ese_format::error::JetError;
use ese_format::record::{ColumnFlags, TableLayout, VARIABLE_COLUMN_BYTES_MAX};
use ese_format::version::DatabaseVersion;

use crate::catalog::ColumnGrbit;
use crate::catalog::column_numbers::ColumnNumbers;
use crate::error::{Error, Result};

/// Largest `cbMax` a caller may ask for.
const BYTES_MAX_LARGEST: u32 = 0x7FFF_FFFF;
/// Since when escrow columns may be of eight bytes (spec 01 §6.4).
const ESCROW_64: DatabaseVersion = DatabaseVersion::new(60, 120);
/// Most bytes of `dll!function` in the catalog.
const CALLBACK_BYTES_MAX: usize = 255;

/// The default of a new column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewDefault<'a> {
    /// None. No bytes count as none too.
    #[default]
    None,
    /// These bytes, as a record would hold them.
    Value(&'a [u8]),
    /// A function of the application; needs [`ColumnGrbit::USER_DEFINED_DEFAULT`].
    UserDefined {
        /// `dll!function`.
        callback: &'a [u8],
        /// Data for it.
        data: &'a [u8],
    },
}

/// A column as a caller asks for it. Lengths in bytes, names in bytes of code page 1252.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewColumn<'a> {
    /// Name.
    pub name: &'a [u8],
    /// `JET_coltyp…`
    pub column_type: u32,
    /// `JET_bitColumn…`
    pub grbit: u32,
    /// Most bytes of a value; 0 for the type's own maximum.
    pub bytes_max: u32,
    /// Code page of text; 0 for 1252.
    pub code_page: u32,
    /// Default.
    pub default: NewDefault<'a>,
}

/// Whether the maximum that was asked for could be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnMaximum {
    /// It was.
    AsAsked,
    /// It was cut to 255: `JET_wrnColumnMaxTruncated`.
    Cut,
}

/// What decides about a new column besides itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColumnContext<'a> {
    /// The columns of the template of a derived table.
    pub template: Option<&'a TableLayout>,
    /// Whether the table is a template itself.
    pub is_template: bool,
    /// Whether the session holds the table exclusively.
    pub exclusive: bool,
    /// The version of the database.
    pub version: DatabaseVersion,
}

/// A legal column without its place in the table.
#[derive(Clone, Debug)]
pub(super) struct PlannedColumn {
    pub name: ObjectName,
    pub class: ColumnClass,
    /// The row, its offset still open.
    pub row: ColumnRow,
    pub maximum: ColumnMaximum,
}

fn refuse(jet: JetError, name: &[u8], why: &str) -> Error {
    Error::refused(jet, format!("column {}: {why}", String::from_utf8_lossy(name)))
}

impl NewColumn<'_> {
    /// The `JET_bitColumn…` bits.
    #[must_use]
    pub fn grbit(&self) -> ColumnGrbit {
        ColumnGrbit::from_bits_retain(self.grbit)
    }

    /// Checks everything that can be said of a column without its neighbours, in the order of spec 09 §10.3.
    pub(super) fn plan(&self, context: &ColumnContext<'_>) -> Result<PlannedColumn> {
        if self.bytes_max > BYTES_MAX_LARGEST {
            return Err(refuse(JetError::INVALID_PARAMETER, self.name, "the maximum is no length"));
        }
        let name = object_name(self.name)?;
        if context.template.is_some_and(|template| template.column_named(name.as_bytes()).is_some()) {
            return Err(refuse(JetError::COLUMN_DUPLICATE, self.name, "is a column of the template"));
        }
        let column_type = self.known_type()?;
        let code_page = self.checked_code_page(column_type)?;
        self.check_storage(column_type)?;
        self.check_counters(column_type, context)?;
        let (default, callback, callback_data) = self.checked_default(column_type)?;
        let class = self.class(column_type);
        let (bytes_max, maximum) = self.checked_maximum(column_type);
        if default.as_ref().is_some_and(|bytes| !default_fits(bytes, column_type, bytes_max)) {
            return Err(refuse(JetError::DEFAULT_VALUE_TOO_BIG, self.name, "the default does not fit"));
        }
        let has_default = default.is_some() || callback.is_some();
        let row = ColumnRow {
            column_type,
            bytes_max,
            flags: self.flags(has_default, context.is_template),
            code_page: u32::from(code_page.0),
            record_offset: None,
            default,
            callback,
            callback_data,
            callback_dependencies: None,
        };
        Ok(PlannedColumn { name, class, row, maximum })
    }

    fn known_type(&self) -> Result<ColumnType> {
        match ColumnType::from_code(self.column_type) {
            ColumnType::Nil | ColumnType::Slv | ColumnType::Unknown(_) => {
                Err(refuse(JetError::INVALID_COLUMN_TYPE, self.name, "no column is of this type"))
            }
            known => Ok(known),
        }
    }

    fn checked_code_page(&self, column_type: ColumnType) -> Result<CodePage> {
        match (column_type.is_text(), self.code_page) {
            (false, _) => Ok(CodePage::NONE),
            (true, 0 | 1252) => Ok(CodePage::WESTERN),
            (true, 1200) => Ok(CodePage::UNICODE),
            (true, _) => Err(refuse(JetError::INVALID_CODE_PAGE, self.name, "text is in 1252 or 1200")),
        }
    }

    /// Rules 6 to 9: compression, encryption, storage class, several values.
    fn check_storage(&self, column_type: ColumnType) -> Result<()> {
        let grbit = self.grbit();
        let (long, tagged) = (column_type.is_long(), grbit.contains(ColumnGrbit::TAGGED));
        if grbit.contains(ColumnGrbit::COMPRESSED) && !long {
            return Err(refuse(JetError::COLUMN_CANNOT_BE_COMPRESSED, self.name, "is not a long value"));
        }
        let has_default = !matches!(self.default, NewDefault::None | NewDefault::Value([]));
        if grbit.contains(ColumnGrbit::ENCRYPTED)
            && (!long || grbit.contains(ColumnGrbit::MULTI_VALUED) || has_default)
        {
            return Err(refuse(JetError::COLUMN_CANNOT_BE_ENCRYPTED, self.name, "is not a plain long value"));
        }
        if grbit.contains(ColumnGrbit::FIXED) && (tagged || long) {
            return Err(refuse(JetError::INVALID_GRBIT, self.name, "fixed and tagged"));
        }
        if grbit.contains(ColumnGrbit::MULTI_VALUED) && !tagged && !long {
            let jet = JetError::MULTI_VALUED_COLUMN_MUST_BE_TAGGED;
            return Err(refuse(jet, self.name, "several values, but not tagged"));
        }
        Ok(())
    }

    /// Rules 10 to 18: escrow, autoincrement, version and user-defined defaults.
    fn check_counters(&self, column_type: ColumnType, context: &ColumnContext<'_>) -> Result<()> {
        let grbit = self.grbit();
        let has = |bit| grbit.contains(bit);
        let counted = ColumnGrbit::VERSION | ColumnGrbit::AUTO_INCREMENT;
        let escrow = has(ColumnGrbit::ESCROW_UPDATE);
        let invalid = |why| Err(refuse(JetError::INVALID_GRBIT, self.name, why));
        if escrow {
            let no_default = !matches!(self.default, NewDefault::Value(bytes) if !bytes.is_empty());
            let counts = matches!(column_type, ColumnType::Long | ColumnType::LongLong);
            if !counts || grbit.intersects(counted) || no_default {
                return invalid("escrow update of what cannot be counted, or without a default");
            }
            if has(ColumnGrbit::TAGGED) {
                return Err(refuse(JetError::CANNOT_BE_TAGGED, self.name, "escrow update"));
            }
        }
        if (escrow || has(ColumnGrbit::AUTO_INCREMENT)) && !context.exclusive {
            let jet = JetError::EXCLUSIVE_TABLE_LOCK_REQUIRED;
            return Err(refuse(jet, self.name, "the table is not held exclusively"));
        }
        if escrow && column_type == ColumnType::LongLong && !context.version.has(ESCROW_64) {
            let jet = JetError::ENGINE_FORMAT_VERSION_PARAM_TOO_LOW_FOR_REQUESTED_FEATURE;
            return Err(refuse(jet, self.name, "escrow columns of eight bytes came later"));
        }
        let (finalize, on_zero) = (has(ColumnGrbit::FINALIZE), has(ColumnGrbit::DELETE_ON_ZERO));
        if (finalize && on_zero) || ((finalize || on_zero) && !escrow) {
            return invalid("finalize or delete on zero");
        }
        let numbered = matches!(
            column_type,
            ColumnType::Long | ColumnType::LongLong | ColumnType::UnsignedLongLong | ColumnType::Currency
        );
        if has(counted)
            || (has(ColumnGrbit::AUTO_INCREMENT) && !numbered)
            || (has(ColumnGrbit::VERSION) && column_type != ColumnType::Long)
        {
            return invalid("autoincrement or version of this type");
        }
        if grbit.intersects(counted) && has(ColumnGrbit::TAGGED) {
            return Err(refuse(JetError::CANNOT_BE_TAGGED, self.name, "autoincrement or version"));
        }
        self.check_user_defined_default(column_type)
    }

    fn check_user_defined_default(&self, column_type: ColumnType) -> Result<()> {
        let grbit = self.grbit();
        if !grbit.contains(ColumnGrbit::USER_DEFINED_DEFAULT) {
            return Ok(());
        }
        let excluded = ColumnGrbit::FIXED
            | ColumnGrbit::NOT_NULL
            | ColumnGrbit::VERSION
            | ColumnGrbit::AUTO_INCREMENT
            | ColumnGrbit::UPDATABLE
            | ColumnGrbit::ESCROW_UPDATE
            | ColumnGrbit::FINALIZE
            | ColumnGrbit::DELETE_ON_ZERO
            | ColumnGrbit::MAYBE_NULL;
        if grbit.intersects(excluded) || !(grbit.contains(ColumnGrbit::TAGGED) || column_type.is_long()) {
            return Err(refuse(JetError::INVALID_GRBIT, self.name, "user-defined default"));
        }
        match self.default {
            NewDefault::UserDefined { .. } => Ok(()),
            _ => Err(refuse(JetError::INVALID_PARAMETER, self.name, "names no function for its default")),
        }
    }

    #[expect(clippy::type_complexity, reason = "three columns of one row")]
    fn checked_default(
        &self,
        column_type: ColumnType,
    ) -> Result<(Option<Vec<u8>>, Option<Vec<u8>>, Option<LongColumn>)> {
        match self.default {
            NewDefault::None | NewDefault::Value([]) => Ok((None, None, None)),
            NewDefault::Value(bytes) => {
                let value = if column_type == ColumnType::Bit {
                    // A Bit is stored as 00 or FF whatever was given (spec 04 §1.2).
                    vec![if bytes.first().is_some_and(|byte| *byte != 0) { 0xFF } else { 0 }]
                } else {
                    bytes.to_vec()
                };
                let fits = bytes.len() <= VARIABLE_COLUMN_BYTES_MAX
                    && column_type.fixed_size().is_none_or(|size| bytes.len() <= usize::from(size));
                if !fits {
                    let jet = JetError::DEFAULT_VALUE_TOO_BIG;
                    return Err(refuse(jet, self.name, "the default does not fit"));
                }
                if column_type.fixed_size().is_some_and(|size| value.len() < usize::from(size)) {
                    let jet = JetError::INVALID_BUFFER_SIZE;
                    return Err(refuse(jet, self.name, "the default is too short for its type"));
                }
                Ok((Some(value), None, None))
            }
            NewDefault::UserDefined { callback, .. }
                if callback.is_empty() || callback.len() > CALLBACK_BYTES_MAX =>
            {
                Err(refuse(JetError::INVALID_PARAMETER, self.name, "the function's name"))
            }
            NewDefault::UserDefined { callback, data } => {
                let data = (!data.is_empty()).then(|| LongColumn::Inline(data.to_vec()));
                Ok((None, Some(callback.to_vec()), data))
            }
        }
    }

    /// Rule 19 and spec 03 §8.1.
    fn checked_maximum(&self, column_type: ColumnType) -> (u32, ColumnMaximum) {
        const SHORT_MAX: u32 = 255;
        match column_type.fixed_size() {
            Some(size) => (u32::from(size), ColumnMaximum::AsAsked),
            None if column_type.is_long() => (self.bytes_max, ColumnMaximum::AsAsked),
            None if self.bytes_max > SHORT_MAX => (SHORT_MAX, ColumnMaximum::Cut),
            None if self.bytes_max == 0 => (SHORT_MAX, ColumnMaximum::AsAsked),
            None => (self.bytes_max, ColumnMaximum::AsAsked),
        }
    }

    /// Spec 03 §8.2.
    fn class(&self, column_type: ColumnType) -> ColumnClass {
        let grbit = self.grbit();
        if grbit.contains(ColumnGrbit::TAGGED) || column_type.is_long() {
            ColumnClass::Tagged
        } else if grbit.contains(ColumnGrbit::FIXED) {
            ColumnClass::Fixed
        } else {
            column_type.default_class()
        }
    }

    fn flags(&self, has_default: bool, is_template: bool) -> ColumnFlags {
        let grbit = self.grbit();
        let pairs = [
            (ColumnGrbit::NOT_NULL, ColumnFlags::NOT_NULL),
            (ColumnGrbit::VERSION, ColumnFlags::VERSION),
            (ColumnGrbit::AUTO_INCREMENT, ColumnFlags::AUTO_INCREMENT),
            (ColumnGrbit::MULTI_VALUED, ColumnFlags::MULTI_VALUED),
            (ColumnGrbit::ESCROW_UPDATE, ColumnFlags::ESCROW_UPDATE),
            (ColumnGrbit::FINALIZE, ColumnFlags::FINALIZE),
            (ColumnGrbit::USER_DEFINED_DEFAULT, ColumnFlags::USER_DEFINED_DEFAULT),
            (ColumnGrbit::DELETE_ON_ZERO, ColumnFlags::DELETE_ON_ZERO),
            (ColumnGrbit::COMPRESSED, ColumnFlags::COMPRESSED),
            (ColumnGrbit::ENCRYPTED, ColumnFlags::ENCRYPTED),
        ];
        let chosen = pairs.into_iter().filter(|(bit, _)| grbit.contains(*bit));
        let mut flags = chosen.fold(ColumnFlags::empty(), |flags, (_, flag)| flags | flag);
        flags.set(ColumnFlags::DEFAULT, has_default);
        flags.set(ColumnFlags::TEMPLATE_COLUMN, is_template);
        flags
    }
}

/// Whether a default of these bytes is one a column can hold.
pub(super) fn default_fits(bytes: &[u8], column_type: ColumnType, bytes_max: u32) -> bool {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes.len() <= VARIABLE_COLUMN_BYTES_MAX
        && match column_type.fixed_size() {
            Some(size) => length <= u32::from(size),
            None => bytes_max == 0 || length <= bytes_max,
        }
}

/// A name that an application gave.
pub(super) fn object_name(bytes: &[u8]) -> Result<ObjectName> {
    ObjectName::new(bytes)
        .map_err(|error| Error::refused(error.jet(), format!("name {:?}", String::from_utf8_lossy(bytes))))
}

/// The row of a column of a temporary table, which no catalog keeps; its table's object id is still open.
pub(crate) fn plan_temporary_column(
    new: &NewColumn<'_>,
    version: DatabaseVersion,
    numbers: &mut ColumnNumbers,
) -> Result<CatalogRow> {
    let context = ColumnContext { template: None, is_template: false, exclusive: true, version };
    let planned = new.plan(&context)?;
    let size = u16::try_from(planned.row.bytes_max).unwrap_or(u16::MAX);
    let (fid, record_offset) = numbers.draw(planned.class, size, (0, 0))?;
    let row = ColumnRow { record_offset, ..planned.row };
    Ok(CatalogRow { objid_table: 0, id: u32::from(fid), name: planned.name, kind: RowKind::Column(row) })
}
