//! Times as `Restore.env` writes them (RFC 3339, UTC, whole seconds) and as the C library tells them.
//!
//! Invariant: a time is a date of the calendar, between 1900 and 2155, which is what a [`Logtime`] can say.

use ese_format::logtime::Logtime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS_OF_WEEK: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// `2026-11-21T02:00:00Z`; empty when the time is not set.
#[must_use]
pub fn time_text(time: &Logtime) -> String {
    if !time.is_set() {
        return String::new();
    }
    let (year, month, day) = (time.year(), time.month, time.day);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time.hours, time.minutes, time.seconds)
}

/// `Fri Dec 31 18:00:00 2004`, in UTC; `None` when the time is not set.
#[must_use]
pub fn ctime_text(time: &Logtime) -> Option<String> {
    if !time.is_set() {
        return None;
    }
    let month = MONTHS.get(usize::from(time.month).checked_sub(1)?)?;
    let day_of_week = DAYS_OF_WEEK.get(day_of_week(time))?;
    Some(format!(
        "{day_of_week} {month} {:2} {:02}:{:02}:{:02} {}",
        time.day,
        time.hours,
        time.minutes,
        time.seconds,
        time.year()
    ))
}

/// Days since a Sunday, by Sakamoto's rule.
fn day_of_week(time: &Logtime) -> usize {
    const MONTH_SHIFTS: [usize; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = usize::from(time.year()) - usize::from(time.month < 3);
    let shift = MONTH_SHIFTS.get(usize::from(time.month).saturating_sub(1)).copied().unwrap_or(0);
    (year + year / 4 - year / 100 + year / 400 + shift + usize::from(time.day)) % 7
}

/// The time of such a text; an empty one is no time. `None`: it is neither.
pub(super) fn parse_time(text: &str) -> Option<Logtime> {
    if text.is_empty() {
        return Some(Logtime::default());
    }
    let bytes = text.as_bytes();
    let separators_fit = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')]
        .iter()
        .all(|(place, separator)| bytes.get(*place) == Some(separator));
    if bytes.len() != 20 || !separators_fit {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits =
            text.get(from..to).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
        digits.parse::<u16>().ok()
    };
    let small = |from: usize, lowest: u16, highest: u16| {
        number(from, from + 2).filter(|number| (lowest..=highest).contains(number)).map(|number| number as u8)
    };
    let year = number(0, 4)?;
    let month = small(5, 1, 12)?;
    Some(Logtime {
        seconds: small(17, 0, 59)?,
        minutes: small(14, 0, 59)?,
        hours: small(11, 0, 23)?,
        day: small(8, 1, days_of(year, month))?,
        month,
        year_since_1900: u8::try_from(year.checked_sub(1900)?).ok()?,
        low: 1,
        high: 0,
    })
}

fn days_of(year: u16, month: u8) -> u16 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_both_ways_and_what_is_no_time_is_refused() {
        for (text, c_library) in [
            ("2026-11-21T02:00:00Z", "Sat Nov 21 02:00:00 2026"),
            ("2004-12-31T18:00:00Z", "Fri Dec 31 18:00:00 2004"),
            ("2000-02-29T23:59:59Z", "Tue Feb 29 23:59:59 2000"),
            ("1900-01-01T00:00:00Z", "Mon Jan  1 00:00:00 1900"),
            ("2155-12-31T00:00:00Z", "Wed Dec 31 00:00:00 2155"),
        ] {
            let time = parse_time(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((time_text(&time).as_str(), ctime_text(&time).as_deref()), (text, Some(c_library)));
        }
        for text in [
            "2026-11-21",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "1899-01-01T00:00:00Z",
            "2156-01-01T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T02:00:00",
            "2026-11-21T02:00:00+",
            "2026-11-21 02:00:00Z",
            "+026-11-21T02:00:00Z",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(parse_time(""), Some(Logtime::default()));
        assert_eq!((time_text(&Logtime::default()), ctime_text(&Logtime::default())), (String::new(), None));
    }
}
