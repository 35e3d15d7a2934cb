//! `error`: what a code means, in whichever form it was met (spec 07 §16).
//!
//! Invariant: a number of another facility is said to be no JET code, and never shown as one.

use std::io::Write;

use ese_format::error::JetError;
use serde_json::{Value, json};

use crate::failure::{CommandResult, Failure, error_name, error_text};
use crate::output::Output;

/// Translates codes, one after the other.
///
/// # Errors
/// JET_errInvalidParameter when one of them is no JET code; the others are translated.
pub fn run(codes: &[String], out: &mut Output<'_>) -> CommandResult {
    let mut entries = Vec::new();
    let mut wrong = None;
    for text in codes {
        match JetError::from_text(text) {
            Ok(code) => {
                show(code, out)?;
                entries.push(to_json(text, code));
            }
            Err(reason) => {
                writeln!(out, "{text}: {reason}")?;
                entries.push(json!({ "given": text, "code": null, "reason": reason.to_string() }));
                wrong.get_or_insert_with(|| format!("{text}: {reason}"));
            }
        }
    }
    out.set("codes", entries);
    match wrong {
        None => Ok(()),
        Some(sentence) => Err(Failure::from(JetError::INVALID_PARAMETER).with_detail(sentence)),
    }
}

fn show(code: JetError, out: &mut Output<'_>) -> CommandResult {
    writeln!(out, "{} {}: {}", code.code(), error_name(code), error_text(code))?;
    let library = code.library_form();
    if let Some(library) = library {
        writeln!(out, "  backup library  0x{library:08X}  {library}")?;
    }
    let engine = code.engine_form();
    writeln!(out, "  engine          0x{engine:08X}  {engine}")?;
    Ok(())
}

fn to_json(given: &str, code: JetError) -> Value {
    json!({
        "given": given,
        "code": code.code(),
        "name": code.info().map(|info| info.name),
        "text": error_text(code),
        "backup_library": code.library_form().map(|form| json!({ "hex": format!("0x{form:08X}"), "decimal": form })),
        "engine": { "hex": format!("0x{:08X}", code.engine_form()), "decimal": code.engine_form() },
    })
}
