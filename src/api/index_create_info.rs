//! An index as the structure that would create it: levels 11 to 13 of JetGetIndexInfo (spec 09 §11.2).
//!
//! The structure lies at the beginning of the caller's buffer; what it points to lies behind it.
//!
//! Invariant: nothing is written unless all of it fits.

use ese_engine::catalog::{IndexColumnInformation, IndexGrbit, IndexInformation};
use ese_format::error::JetError;

use super::argument::Buffer;
use super::definition::{Form, IndexGeneration};
use super::index_info::lcid;
use super::names::{ansi_of_1252, wide_of_1252};
use crate::abi::structs::*;
use crate::abi::tables::bits::{JET_bitIndexColumnMustBeNonNull, JET_bitIndexColumnMustBeNull};

/// Alignment of everything with a pointer in it.
const ALIGNMENT: usize = align_of::<*const u8>();

/// Hands out the bytes of a buffer from its beginning on.
struct Layout {
    used: usize,
}

impl Layout {
    /// Room for so many bytes; where it begins.
    fn take(&mut self, bytes: usize) -> usize {
        let start = self.used.next_multiple_of(ALIGNMENT);
        self.used = start.saturating_add(bytes);
        start
    }

    /// Room for a text, where there is one.
    fn take_text(&mut self, text: Vec<u8>) -> Text {
        Text { start: self.take(text.len()), bytes: text }
    }
}

/// A text with its zero, and its place.
struct Text {
    start: usize,
    bytes: Vec<u8>,
}

/// Where the parts go.
struct Plan {
    name: Text,
    key: Text,
    locale: Text,
    unicode: usize,
    tuples: usize,
    conditions: usize,
    condition_names: Vec<Text>,
    hints: usize,
    total: usize,
}

/// Bytes of code page 1252 as the form has them.
fn in_form(form: Form, bytes: &[u8]) -> Result<Vec<u8>, JetError> {
    match form {
        Form::Ansi => ansi_of_1252(bytes),
        Form::Wide => Ok(wide_of_1252(bytes).as_slice().iter().flat_map(|unit| unit.to_ne_bytes()).collect()),
    }
}

/// As [`in_form`], with a zero at the end.
fn ended_in_form(form: Form, bytes: &[u8]) -> Result<Vec<u8>, JetError> {
    in_form(form, &[bytes, b"\0"].concat())
}

fn structure_bytes(generation: IndexGeneration) -> usize {
    match generation {
        IndexGeneration::First => size_of::<JET_INDEXCREATE_A>(),
        IndexGeneration::Second => size_of::<JET_INDEXCREATE2_A>(),
        IndexGeneration::Third => size_of::<JET_INDEXCREATE3_A>(),
    }
}

fn plan(form: Form, generation: IndexGeneration, index: &IndexInformation) -> Result<Plan, JetError> {
    let mut layout = Layout { used: structure_bytes(generation) };
    let units = index.stored_locale.encode_utf16().chain([0]);
    let conditions = &index.conditions;
    Ok(Plan {
        name: layout.take_text(ended_in_form(form, &index.name)?),
        key: layout.take_text(in_form(form, &index.key_string())?),
        unicode: layout.take(size_of::<JET_UNICODEINDEX2>()),
        locale: layout.take_text(match generation {
            IndexGeneration::Third => units.flat_map(u16::to_ne_bytes).collect(),
            _ => Vec::new(),
        }),
        tuples: layout.take(if index.tuple_limits.is_some() { size_of::<JET_TUPLELIMITS>() } else { 0 }),
        conditions: layout.take(conditions.len().saturating_mul(size_of::<JET_CONDITIONALCOLUMN_A>())),
        condition_names: conditions
            .iter()
            .map(|condition| Ok(layout.take_text(ended_in_form(form, &condition.name)?)))
            .collect::<Result<_, JetError>>()?,
        hints: layout.take(if generation == IndexGeneration::First {
            0
        } else {
            size_of::<JET_SPACEHINTS>()
        }),
        total: layout.used,
    })
}

/// Writes the structure of a generation.
///
/// # Errors
/// JET_errInvalidParameter for NULL, JET_errBufferTooSmall when structure and texts do not fit.
pub(super) fn write(
    form: Form,
    generation: IndexGeneration,
    answer: Buffer,
    index: &IndexInformation,
) -> Result<(), JetError> {
    let plan = plan(form, generation, index)?;
    answer.check_room(plan.total)?;
    for text in [&plan.name, &plan.key, &plan.locale].into_iter().chain(&plan.condition_names) {
        answer.from(text.start).write(&text.bytes)?;
    }
    write_unicode(generation, answer, &plan, index)?;
    if let Some(limits) = index.tuple_limits {
        let (increment, start) = limits.increment_and_start.unwrap_or((1, 0));
        answer.from(plan.tuples).write_value(JET_TUPLELIMITS {
            chLengthMin: limits.length_min,
            chLengthMax: limits.length_max,
            chToIndexMax: limits.tuples_max,
            cchIncrement: increment,
            ichStart: start,
        })?;
    }
    write_conditions(answer, &plan, &index.conditions)?;
    if generation != IndexGeneration::First {
        answer.from(plan.hints).write_value(space_hints(index))?;
    }
    let bytes = structure_bytes(generation);
    // The structures of the generations begin alike, and so do the forms; only as much is written as this one has.
    let whole = structure(generation, answer, &plan, index);
    let structure_only = answer.beginning(bytes);
    structure_only.write_beginning(whole, bytes)
}

fn structure(
    generation: IndexGeneration,
    answer: Buffer,
    plan: &Plan,
    index: &IndexInformation,
) -> JET_INDEXCREATE2_A {
    let grbit = index.grbit | IndexGrbit::UNICODE;
    let (grbit, limits) = match index.tuple_limits {
        Some(_) => {
            let ptuplelimits = answer.from(plan.tuples).start();
            (grbit | IndexGrbit::TUPLE_LIMITS, JET_INDEXCREATE2_A__anonymous_48 { ptuplelimits })
        }
        None => {
            let cbVarSegMac = u32::from(index.var_seg_mac);
            (grbit, JET_INDEXCREATE2_A__anonymous_48 { cbVarSegMac })
        }
    };
    let rgconditionalcolumn = match index.conditions.is_empty() {
        true => std::ptr::null_mut(),
        false => answer.from(plan.conditions).start(),
    };
    let pSpacehints = match generation {
        IndexGeneration::First => std::ptr::null_mut(),
        _ => answer.from(plan.hints).start(),
    };
    JET_INDEXCREATE2_A {
        cbStruct: structure_bytes(generation) as u32,
        szIndexName: answer.from(plan.name.start).start(),
        szKey: answer.from(plan.key.start).start(),
        cbKey: plan.key.bytes.len() as u32,
        grbit: grbit.bits(),
        ulDensity: index.space.initial_density,
        anonymous_40: JET_INDEXCREATE2_A__anonymous_40 { pidxunicode: answer.from(plan.unicode).start() },
        anonymous_48: limits,
        rgconditionalcolumn,
        cConditionalColumn: index.conditions.len() as u32,
        err: 0,
        cbKeyMost: u32::from(index.key_most),
        pSpacehints,
    }
}

fn write_unicode(
    generation: IndexGeneration,
    answer: Buffer,
    plan: &Plan,
    index: &IndexInformation,
) -> Result<(), JetError> {
    let place = answer.from(plan.unicode);
    if generation == IndexGeneration::Third {
        return place.write_value(JET_UNICODEINDEX2 {
            szLocaleName: answer.from(plan.locale.start).start(),
            dwMapFlags: index.lcmap_flags,
        });
    }
    place.write_value(JET_UNICODEINDEX { lcid: lcid(index), dwMapFlags: index.lcmap_flags })
}

fn write_conditions(
    answer: Buffer,
    plan: &Plan,
    conditions: &[IndexColumnInformation],
) -> Result<(), JetError> {
    for (place, (condition, name)) in conditions.iter().zip(&plan.condition_names).enumerate() {
        let start = plan.conditions + place * size_of::<JET_CONDITIONALCOLUMN_A>();
        answer.from(start).write_value(JET_CONDITIONALCOLUMN_A {
            cbStruct: size_of::<JET_CONDITIONALCOLUMN_A>() as u32,
            szColumnName: answer.from(name.start).start(),
            grbit: match condition.is_marked {
                true => JET_bitIndexColumnMustBeNull,
                false => JET_bitIndexColumnMustBeNonNull,
            },
        })?;
    }
    Ok(())
}

fn space_hints(index: &IndexInformation) -> JET_SPACEHINTS {
    let space = &index.space;
    JET_SPACEHINTS {
        cbStruct: size_of::<JET_SPACEHINTS>() as u32,
        ulInitialDensity: space.initial_density,
        cbInitial: space.initial_bytes,
        grbit: space.grbit,
        ulMaintDensity: space.maintenance_density,
        ulGrowth: space.growth,
        cbMinExtent: space.extent_bytes_min,
        cbMaxExtent: space.extent_bytes_max,
    }
}
