//! Single arguments: switch or path, and the values that attach to switches (spec 10 §1.2, §1.4).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::UsageError;

/// Whether an argument begins with `-` or `/`.
pub(super) fn begins_with_switch(argument: &OsStr) -> bool {
    matches!(argument.as_encoded_bytes().first(), Some(b'-' | b'/'))
}

/// Whether the program was started under the name of Windows' tool, which knows no long forms.
pub(super) fn is_esentutl(program: Option<&Path>) -> bool {
    program.and_then(Path::file_stem).is_some_and(|name| name.eq_ignore_ascii_case("esentutl"))
}

/// What an argument after the mode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A switch, known or not.
    Switch,
    /// A value or the source.
    Plain,
}

/// Tells a switch from a path that begins with `/` (spec 10 §1.4): `letters` are the switches of the mode.
pub(super) fn kind(argument: &OsStr, letters: &str) -> Kind {
    let text = argument.to_string_lossy();
    let mut characters = text.chars();
    match characters.next() {
        Some('-') => return Kind::Switch,
        Some('/') => {}
        _ => return Kind::Plain,
    }
    if text.chars().count() == 2 {
        return Kind::Switch;
    }
    let path = Path::new(argument);
    let folder_exists = path.parent().is_some_and(|parent| parent != Path::new("/") && parent.is_dir());
    if path.exists() || folder_exists {
        return Kind::Plain;
    }
    let letter_is_known =
        characters.next().is_some_and(|letter| letters.contains(letter.to_ascii_lowercase()));
    if !letter_is_known && text.matches('/').count() > 1 { Kind::Plain } else { Kind::Switch }
}

/// The arguments after the mode, taken one by one.
pub(super) struct Words {
    waiting: VecDeque<OsString>,
    letters: &'static str,
    options_ended: bool,
}

/// One argument after the mode.
pub(super) enum Word {
    /// A switch: the whole argument and what follows the switch character.
    Switch {
        /// As typed.
        whole: String,
        /// Without `-` or `/`.
        body: String,
    },
    /// A value or the source.
    Plain(OsString),
}

impl Words {
    pub(super) fn new(arguments: impl IntoIterator<Item = OsString>, letters: &'static str) -> Self {
        Self { waiting: arguments.into_iter().collect(), letters, options_ended: false }
    }

    pub(super) fn next(&mut self) -> Option<Word> {
        let argument = self.waiting.pop_front()?;
        if !self.options_ended && argument == "--" {
            self.options_ended = true;
            return self.next();
        }
        if self.options_ended || kind(&argument, self.letters) == Kind::Plain {
            return Some(Word::Plain(argument));
        }
        let whole = argument.to_string_lossy().into_owned();
        let body = whole.chars().skip(1).collect();
        Some(Word::Switch { whole, body })
    }

    /// The value of a switch whose text after the letter is `attached`: attached, after colons, or the next argument.
    pub(super) fn value(&mut self, attached: &str, what: &str) -> Result<String, UsageError> {
        self.optional_value(attached)
            .ok_or_else(|| UsageError::sentence(format!("Missing {what} specification.")))
    }

    /// As [`Self::value`], where nothing is a value too.
    pub(super) fn optional_value(&mut self, attached: &str) -> Option<String> {
        let value = attached.trim_start_matches(':');
        if !value.is_empty() {
            return Some(value.to_owned());
        }
        if attached.is_empty() { self.next_value() } else { None }
    }

    /// The next argument, unless it is a switch.
    pub(super) fn next_value(&mut self) -> Option<String> {
        let is_value = self
            .waiting
            .front()
            .is_some_and(|argument| self.options_ended || kind(argument, self.letters) == Kind::Plain);
        if !is_value {
            return None;
        }
        self.waiting.pop_front().map(|argument| argument.to_string_lossy().into_owned())
    }
}

/// Sets a value that may be given once.
pub(super) fn set_once<T>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), UsageError> {
    if slot.is_some() {
        return Err(UsageError::sentence(format!("Duplicate {what} specification.")));
    }
    *slot = Some(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_path_is_told_from_a_switch() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("x.edb");
        for (argument, expected) in [
            ("/v", Kind::Switch),
            ("-/v", Kind::Switch),
            ("/l/no/such/folder", Kind::Switch),
            ("/no/such/folder/x.edb", Kind::Plain),
            ("/tmp", Kind::Plain),
            ("basic.edb", Kind::Plain),
            ("/tbasic", Kind::Switch),
            (file.to_str().expect("temporary folders have plain names"), Kind::Plain),
        ] {
            assert_eq!(kind(OsStr::new(argument), "lvt"), expected, "{argument}");
        }
    }

    #[test]
    fn a_value_attaches_directly_after_colons_or_as_the_next_argument() {
        for (attached, next, expected) in [
            ("x", "y", Some("x")),
            ("::x", "y", Some("x")),
            ("", "y", Some("y")),
            ("", "/v", None),
            (":", "y", None),
        ] {
            let mut words = Words::new([OsString::from(next)], "v");
            assert_eq!(words.optional_value(attached).as_deref(), expected, "{attached:?} {next:?}");
        }
    }
}
