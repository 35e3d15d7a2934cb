//! System parameters: the values behind JetSetSystemParameter and JetGetSystemParameter (spec 08 §6, 09 §2.4).
//!
//! A [`ParameterStore`] is one table of values: the process has one, each instance a copy of it. What a parameter is, its
//! range, default and when it may be set stand in [`PARAMETERS`]; parameters with rules of their own are in [`special`],
//! JET_paramConfiguration in [`configuration`], folders and paths in [`path`].
//!
//! Invariants: a value that a store holds passed the checks of its parameter; a refused value changes nothing.

mod configuration;
mod path;
mod special;

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use ese_format::error::JetError;
use parking_lot::RwLock;
use widestring::{U16Str, U16String};

use crate::abi::tables::params::{
    JET_paramConfiguration, JET_paramEnableAdvanced, JET_paramMaxValueInvalid, JET_paramUnicodeIndexDefault,
    PARAMETERS,
};
use crate::abi::tables::{
    Parameter, ParameterAccess, ParameterDefault, ParameterKind, ParameterScope, Settable,
};
use crate::abi::text::AnsiCodePage;

/// libesent's own parameter: the code page of A-form text, 65001 or 1252 (spec 08 §4.3).
pub const PARAM_ANSI_CODE_PAGE: u32 = 12289;

/// libesent's own parameter: which new indexes over UTF-16 text may have sort keys that are not certain to be Windows', under
/// a stamp that no Windows trusts: 0 none, 1 secondary ones, 2 all (spec 11 §8.2).
pub const PARAM_PRIVATE_INDEXES: u32 = 12290;

/// libesent's own parameter: how certain a sort key has to be to be stored under Windows' stamp, by the levels of spec 11 §8.3:
/// 1 is A, 2 is B, 3 is C.
pub const PARAM_TEXT_CERTAINTY: u32 = 12291;

/// A parameter of libesent's own that each instance has, and that is set before the instance runs.
struct Own {
    id: u32,
    default: usize,
    range: RangeInclusive<usize>,
}

const OWN: [Own; 2] = [
    Own { id: PARAM_PRIVATE_INDEXES, default: 1, range: 0..=2 },
    Own { id: PARAM_TEXT_CERTAINTY, default: 2, range: 1..=3 },
];

fn own_place(id: u32) -> Option<usize> {
    OWN.iter().position(|own| own.id == id)
}

const CODE_PAGE_UTF8: usize = 65001;
const CODE_PAGE_1252: usize = 1252;

/// Longest text that any parameter takes, in UTF-16 units: JET_paramConfigStoreSpec has no limit of its own.
pub const TEXT_UNITS_MAX: usize = 32767;

/// What is running, as far as it decides what may be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The process has no instance.
    NoInstance,
    /// The process has instances; the one addressed, if any, does not run.
    HasInstances,
    /// The instance addressed runs.
    Running,
}

/// A value on its way in.
#[derive(Clone, Copy, Debug)]
pub enum NewValue<'a> {
    /// The `lParam` of a parameter that is no text.
    Number(usize),
    /// The `szParam` of a text parameter; NULL counts as empty.
    Text(&'a U16Str),
}

/// A value on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A number of the width of a pointer.
    Number(usize),
    /// A number of which only 32 bits are written.
    Narrow(u32),
    /// A text.
    Text(U16String),
    /// The locale and flags of indexes that name none.
    UnicodeIndex {
        /// Locale identifier.
        lcid: u32,
        /// Flags of the mapping.
        flags: u32,
    },
    /// The text of the error whose code the caller passed in.
    ErrorText,
    /// Success, and nothing written.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stored {
    Number(usize),
    Text(U16String),
}

/// One table of parameter values.
#[derive(Clone, Debug)]
pub struct ParameterStore {
    /// By number, 0 to 221.
    values: Vec<Stored>,
    code_page: AnsiCodePage,
    /// Locale and flags of indexes that name none.
    unicode_index: (u32, u32),
    /// Those of [`OWN`].
    own: [usize; OWN.len()],
}

static PROCESS: LazyLock<RwLock<ParameterStore>> = LazyLock::new(|| RwLock::new(ParameterStore::new()));

/// The values of the process: those of global parameters, and what new instances start with.
#[must_use]
pub fn process() -> &'static RwLock<ParameterStore> {
    &PROCESS
}

/// The definition of a parameter, for the numbers that exist.
///
/// # Errors
/// JET_errInvalidParameter for every other number.
fn definition(id: u32) -> Result<&'static Parameter, JetError> {
    let definition =
        PARAMETERS.iter().find(|parameter| parameter.id == id).ok_or(JetError::INVALID_PARAMETER)?;
    if definition.access == ParameterAccess::Refused {
        Err(JetError::INVALID_PARAMETER)
    } else {
        Ok(definition)
    }
}

/// Whether there is a parameter with this number.
///
/// # Errors
/// JET_errInvalidParameter where there is none.
pub fn check_exists(id: u32) -> Result<(), JetError> {
    let is_own = id == PARAM_ANSI_CODE_PAGE || own_place(id).is_some();
    if is_own { Ok(()) } else { definition(id).map(|_| ()) }
}

fn is_text_kind(kind: ParameterKind) -> bool {
    matches!(kind, ParameterKind::Text | ParameterKind::Folder | ParameterKind::Path)
}

/// Whether the value of parameter `id` is text, so that `szParam` and not `lParam` carries it.
#[must_use]
pub fn is_text(id: u32) -> bool {
    definition(id).is_ok_and(|parameter| is_text_kind(parameter.kind))
}

/// Whether a parameter has one value for the process, whatever instance is named.
#[must_use]
pub fn is_of_process(id: u32) -> bool {
    id == PARAM_ANSI_CODE_PAGE
        || definition(id).is_ok_and(|parameter| parameter.scope == ParameterScope::Process)
}

/// Whether a parameter can be set only before the first instance.
#[must_use]
pub fn is_fixed_at_start(id: u32) -> bool {
    id == PARAM_ANSI_CODE_PAGE
        || definition(id).is_ok_and(|parameter| parameter.settable == Settable::BeforeProcess)
}

impl Default for ParameterStore {
    fn default() -> Self {
        Self::new()
    }
}

impl ParameterStore {
    /// Every parameter at its default.
    #[must_use]
    pub fn new() -> Self {
        let values = (0..=JET_paramMaxValueInvalid)
            .map(|id| definition(id).map_or(Stored::Number(0), default_value))
            .collect();
        let unicode_index = (special::DEFAULT_LCID, special::DEFAULT_MAP_FLAGS);
        let own = OWN.map(|own| own.default);
        Self { values, code_page: AnsiCodePage::Utf8, unicode_index, own }
    }

    /// The code page of A-form text.
    #[must_use]
    pub fn code_page(&self) -> AnsiCodePage {
        self.code_page
    }

    /// The stored number of a parameter; 0 for a text.
    #[must_use]
    pub fn number(&self, id: u32) -> usize {
        if let Some(own) = own_place(id).and_then(|place| self.own.get(place)) {
            return *own;
        }
        match self.values.get(id as usize) {
            Some(Stored::Number(number)) => *number,
            Some(Stored::Text(_)) | None => 0,
        }
    }

    /// The stored text of a parameter; empty for a number.
    #[must_use]
    pub fn text(&self, id: u32) -> U16String {
        match self.values.get(id as usize) {
            Some(Stored::Text(text)) => text.clone(),
            Some(Stored::Number(_)) | None => U16String::new(),
        }
    }

    /// Whether a parameter holds what setting it to `value` would store.
    ///
    /// # Errors
    /// As [`Self::set`] for a value that cannot be set.
    pub fn holds(&self, id: u32, value: NewValue<'_>) -> Result<bool, JetError> {
        let mut other = self.clone();
        other.set(id, value, Phase::NoInstance)?;
        let same = self.values.get(id as usize) == other.values.get(id as usize);
        Ok(same && self.code_page == other.code_page && self.own == other.own)
    }

    fn store(&mut self, id: u32, value: Stored) {
        if let Some(slot) = self.values.get_mut(id as usize) {
            *slot = value;
        }
    }

    /// Sets parameter `id`; the checks come in the order of spec 09 §2.4.
    ///
    /// # Errors
    /// JET_errInvalidParameter for a number that does not exist, cannot be set, or a value outside its range;
    /// JET_errAlreadyInitialized when it is too late in `phase`; those that single parameters have of their own.
    pub fn set(&mut self, id: u32, value: NewValue<'_>, phase: Phase) -> Result<(), JetError> {
        if id == PARAM_ANSI_CODE_PAGE {
            return self.set_code_page(value, phase);
        }
        if let Some(place) = own_place(id) {
            return self.set_own(place, value, phase);
        }
        let parameter = definition(id)?;
        if parameter.advanced && self.number(JET_paramEnableAdvanced) == 0 {
            return Ok(());
        }
        match parameter.access {
            ParameterAccess::Ignored => return Ok(()),
            ParameterAccess::GetOnly | ParameterAccess::Refused => return Err(JetError::INVALID_PARAMETER),
            ParameterAccess::Stored | ParameterAccess::StoredUnused | ParameterAccess::OwnHandler => {}
        }
        match value {
            NewValue::Text(text) if is_text_kind(parameter.kind) => {
                settable(parameter, phase)?;
                let text = path::completed(parameter, text)?;
                self.store(id, Stored::Text(text));
                Ok(())
            }
            NewValue::Number(number) if !is_text_kind(parameter.kind) => {
                self.set_number(parameter, number, phase)
            }
            NewValue::Text(_) | NewValue::Number(_) => Err(JetError::INVALID_PARAMETER),
        }
    }

    fn set_number(
        &mut self,
        parameter: &'static Parameter,
        number: usize,
        phase: Phase,
    ) -> Result<(), JetError> {
        let id = parameter.id;
        let number = if parameter.kind == ParameterKind::Boolean { usize::from(number != 0) } else { number };
        // JET_paramConfiguration does its work each time it is set.
        if id != JET_paramConfiguration && self.values.get(id as usize) == Some(&Stored::Number(number)) {
            return Ok(());
        }
        settable(parameter, phase)?;
        if parameter.kind != ParameterKind::Boolean && !(parameter.min..=parameter.max).contains(&number) {
            return Err(special::out_of_range(parameter));
        }
        if parameter.kind == ParameterKind::Boolean && number > parameter.max {
            return Err(JetError::INVALID_PARAMETER);
        }
        if parameter.kind == ParameterKind::PowerOfTwo && !number.is_power_of_two() {
            return Err(JetError::INVALID_PARAMETER);
        }
        let number = special::checked(parameter, number)?;
        if id == JET_paramConfiguration {
            self.configure(number);
        } else {
            self.store(id, Stored::Number(number));
        }
        Ok(())
    }

    /// Locale and flags of indexes that name none (JET_paramUnicodeIndexDefault).
    #[must_use]
    pub fn unicode_index(&self) -> (u32, u32) {
        self.unicode_index
    }

    /// Sets JET_paramUnicodeIndexDefault to a locale that exists, and flags; 0 are the default ones.
    ///
    /// # Errors
    /// JET_errAlreadyInitialized when it is too late in `phase`; JET_errInvalidLCMapStringFlags.
    pub fn set_unicode_index(&mut self, lcid: u32, flags: u32, phase: Phase) -> Result<(), JetError> {
        let flags = if flags == 0 { special::DEFAULT_MAP_FLAGS } else { flags };
        if self.unicode_index == (lcid, flags) {
            return Ok(());
        }
        settable(definition(JET_paramUnicodeIndexDefault)?, phase)?;
        if !special::are_map_flags(flags) {
            return Err(JetError::INVALID_LC_MAP_STRING_FLAGS);
        }
        self.unicode_index = (lcid, if flags == 0x200 { flags } else { flags | 0x400 });
        Ok(())
    }

    fn set_own(&mut self, place: usize, value: NewValue<'_>, phase: Phase) -> Result<(), JetError> {
        let (Some(own), Some(slot)) = (OWN.get(place), self.own.get_mut(place)) else {
            return Err(JetError::INVALID_PARAMETER);
        };
        match value {
            NewValue::Number(number) if own.range.contains(&number) => {
                if *slot != number && phase == Phase::Running {
                    return Err(JetError::ALREADY_INITIALIZED);
                }
                *slot = number;
                Ok(())
            }
            NewValue::Number(_) | NewValue::Text(_) => Err(JetError::INVALID_PARAMETER),
        }
    }

    fn set_code_page(&mut self, value: NewValue<'_>, phase: Phase) -> Result<(), JetError> {
        let code_page = match value {
            NewValue::Number(CODE_PAGE_UTF8) => AnsiCodePage::Utf8,
            NewValue::Number(CODE_PAGE_1252) => AnsiCodePage::Windows1252,
            NewValue::Number(_) | NewValue::Text(_) => return Err(JetError::INVALID_PARAMETER),
        };
        if code_page != self.code_page && phase != Phase::NoInstance {
            return Err(JetError::ALREADY_INITIALIZED);
        }
        self.code_page = code_page;
        Ok(())
    }

    /// Reads parameter `id`.
    ///
    /// # Errors
    /// JET_errInvalidParameter for a number that does not exist or needs a session or a running instance.
    pub fn get(&self, id: u32) -> Result<Reading, JetError> {
        if id == PARAM_ANSI_CODE_PAGE {
            return Ok(Reading::Number(match self.code_page {
                AnsiCodePage::Utf8 => CODE_PAGE_UTF8,
                AnsiCodePage::Windows1252 => CODE_PAGE_1252,
            }));
        }
        if own_place(id).is_some() {
            return Ok(Reading::Number(self.number(id)));
        }
        let parameter = definition(id)?;
        if parameter.access == ParameterAccess::Ignored {
            return Ok(Reading::Nothing);
        }
        if let Some(reading) = special::reading(self, id) {
            return reading;
        }
        match self.values.get(id as usize) {
            Some(Stored::Number(number)) => Ok(Reading::Number(*number)),
            Some(Stored::Text(text)) => Ok(Reading::Text(text.clone())),
            None => Err(JetError::INVALID_PARAMETER),
        }
    }
}

/// What a parameter holds before it is set.
fn default_value(parameter: &Parameter) -> Stored {
    match parameter.default {
        ParameterDefault::Number(number) => Stored::Number(number),
        ParameterDefault::Text(text) => Stored::Text(U16String::from_str(&text.replace('\\', "/"))),
        ParameterDefault::None if is_text_kind(parameter.kind) => Stored::Text(U16String::new()),
        ParameterDefault::None => Stored::Number(0),
    }
}

/// Whether a parameter may still be set in `phase`.
fn settable(parameter: &Parameter, phase: Phase) -> Result<(), JetError> {
    let late = match parameter.settable {
        Settable::Always => false,
        Settable::BeforeInstance => phase == Phase::Running,
        Settable::BeforeProcess => phase != Phase::NoInstance,
        Settable::Never => return Err(JetError::INVALID_PARAMETER),
    };
    if late { Err(JetError::ALREADY_INITIALIZED) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
