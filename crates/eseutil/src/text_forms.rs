//! How dates, signatures and log positions are shown: in text as Windows' tool prints them, in JSON (spec 10 §3.1,
//! §10.3).

use std::fmt;

use ese_format::lgpos::Lgpos;
use ese_format::logtime::Logtime;
use ese_format::signature::Signature;
use serde_json::{Value, json};

/// `02/14/2021 02:32:43.303 UTC`; zeros and `LOC` when not set.
pub struct LogtimeText<'a>(pub &'a Logtime);

impl fmt::Display for LogtimeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = if self.0.is_utc() { "UTC" } else { "LOC" };
        write!(f, "{} {zone}", ZonelessText(self.0))
    }
}

/// As [`LogtimeText`] without the zone.
pub struct ZonelessText<'a>(pub &'a Logtime);

impl fmt::Display for ZonelessText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0;
        write!(
            f,
            "{:02}/{:02}/{:04} {:02}:{:02}:{:02}.{:03}",
            time.month,
            time.day,
            time.year(),
            time.hours,
            time.minutes,
            time.seconds,
            time.milliseconds()
        )
    }
}

/// `Create time:08/01/2020 21:48:10.509 Rand:2749186782 Computer:`.
pub struct SignatureText<'a>(pub &'a Signature);

impl fmt::Display for SignatureText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Signature { random, created, .. } = self.0;
        write!(f, "Create time:{} Rand:{random} Computer:{}", ZonelessText(created), computer_name(self.0))
    }
}

/// The computer name of a signature, empty in every file of today; bytes that are no printable ASCII as `?`.
#[must_use]
pub fn computer_name(signature: &Signature) -> String {
    signature
        .computer_name
        .iter()
        .take_while(|&&byte| byte != 0)
        .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '?' })
        .collect()
}

/// `(0x51,A,268)`.
pub struct LgposText(pub Lgpos);

impl fmt::Display for LgposText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(0x{:X},{:X},{:X})", self.0.generation.get(), self.0.isec.get(), self.0.ib.get())
    }
}

/// RFC 3339 for a time that is set, with `Z` when it is UTC; null else.
#[must_use]
pub fn logtime_json(time: &Logtime) -> Value {
    if !time.is_set() {
        return Value::Null;
    }
    let zone = if time.is_utc() { "Z" } else { "" };
    json!(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{zone}",
        time.year(),
        time.month,
        time.day,
        time.hours,
        time.minutes,
        time.seconds,
        time.milliseconds()
    ))
}

/// Members of a signature; null when it is not set.
#[must_use]
pub fn signature_json(signature: &Signature) -> Value {
    if !signature.is_set() {
        return Value::Null;
    }
    json!({
        "create_time": logtime_json(&signature.created),
        "random": signature.random.get(),
        "computer": computer_name(signature),
    })
}

/// Members of a log position.
#[must_use]
pub fn lgpos_json(position: Lgpos) -> Value {
    let (generation, sector, byte) = (position.generation.get(), position.isec.get(), position.ib.get());
    json!({
        "generation": generation,
        "sector": sector,
        "offset": byte,
        "text": format!("{generation:X},{sector:X},{byte:X}"),
    })
}

/// A 64-bit number: a JSON number up to 2^53, a string above (spec 10 §10.3).
#[must_use]
pub fn u64_json(number: u64) -> Value {
    if number <= 1 << 53 { json!(number) } else { json!(number.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_prints_as_zeros_and_is_null_in_json() {
        let (time, signature) = (Logtime::default(), Signature::default());
        assert_eq!(LogtimeText(&time).to_string(), "00/00/1900 00:00:00.000 LOC");
        assert_eq!(
            SignatureText(&signature).to_string(),
            "Create time:00/00/1900 00:00:00.000 Rand:0 Computer:"
        );
        assert_eq!((logtime_json(&time), signature_json(&signature)), (Value::Null, Value::Null));
    }

    #[test]
    fn positions_print_in_hexadecimal() {
        let position = Lgpos::new(0x51, 0xA, 0x268);
        assert_eq!(LgposText(position).to_string(), "(0x51,A,268)");
        assert_eq!(lgpos_json(position)["text"], "51,A,268");
    }
}
