//! Locales that old programs give and ask for by their numbers (LCIDs), and their names.

/// The invariant locale.
const INVARIANT: u32 = 0x7F;
/// What the numbers for "the user's" and "the system's" mean on a machine whose language is not asked.
const DEFAULT: u32 = 0x0409;

/// Numbers and names, those with a name of its own first.
const LOCALES: &[(u32, &str)] = &[
    (0x0401, "ar-SA"),
    (0x0402, "bg-BG"),
    (0x0403, "ca-ES"),
    (0x0404, "zh-TW"),
    (0x0405, "cs-CZ"),
    (0x0406, "da-DK"),
    (0x0407, "de-DE"),
    (0x0408, "el-GR"),
    (0x0409, "en-US"),
    (0x040B, "fi-FI"),
    (0x040C, "fr-FR"),
    (0x040D, "he-IL"),
    (0x040E, "hu-HU"),
    (0x040F, "is-IS"),
    (0x0410, "it-IT"),
    (0x0411, "ja-JP"),
    (0x0412, "ko-KR"),
    (0x0413, "nl-NL"),
    (0x0414, "nb-NO"),
    (0x0415, "pl-PL"),
    (0x0416, "pt-BR"),
    (0x0418, "ro-RO"),
    (0x0419, "ru-RU"),
    (0x041A, "hr-HR"),
    (0x041B, "sk-SK"),
    (0x041C, "sq-AL"),
    (0x041D, "sv-SE"),
    (0x041E, "th-TH"),
    (0x041F, "tr-TR"),
    (0x0420, "ur-PK"),
    (0x0421, "id-ID"),
    (0x0422, "uk-UA"),
    (0x0423, "be-BY"),
    (0x0424, "sl-SI"),
    (0x0425, "et-EE"),
    (0x0426, "lv-LV"),
    (0x0427, "lt-LT"),
    (0x0429, "fa-IR"),
    (0x042A, "vi-VN"),
    (0x042B, "hy-AM"),
    (0x042D, "eu-ES"),
    (0x042F, "mk-MK"),
    (0x0436, "af-ZA"),
    (0x0437, "ka-GE"),
    (0x0438, "fo-FO"),
    (0x0439, "hi-IN"),
    (0x043E, "ms-MY"),
    (0x043F, "kk-KZ"),
    (0x0441, "sw-KE"),
    (0x0449, "ta-IN"),
    (0x0456, "gl-ES"),
    (0x0804, "zh-CN"),
    (0x0807, "de-CH"),
    (0x0809, "en-GB"),
    (0x080A, "es-MX"),
    (0x080C, "fr-BE"),
    (0x0810, "it-CH"),
    (0x0813, "nl-BE"),
    (0x0814, "nn-NO"),
    (0x0816, "pt-PT"),
    (0x081D, "sv-FI"),
    (0x0C04, "zh-HK"),
    (0x0C07, "de-AT"),
    (0x0C09, "en-AU"),
    (0x0C0A, "es-ES"),
    (0x0C0C, "fr-CA"),
    (0x1004, "zh-SG"),
    (0x1009, "en-CA"),
    (0x100C, "fr-CH"),
    (0x1409, "en-NZ"),
    (0x1809, "en-IE"),
    (0x1C09, "en-ZA"),
    (0x2C0A, "es-AR"),
];

/// The name of the locale with a number; empty for the invariant one.
pub(crate) fn name_of(lcid: u32) -> Option<&'static str> {
    match lcid {
        0 | INVARIANT => Some(""),
        0x0400 | 0x0800 => name_of(DEFAULT),
        _ => LOCALES.iter().find(|(number, _)| *number == lcid).map(|(_, name)| *name),
    }
}

/// The number of the locale with a name.
pub(crate) fn number_of(name: &str) -> Option<u32> {
    if name.is_empty() {
        return Some(INVARIANT);
    }
    LOCALES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_lead_to_each_other() {
        for (number, name) in LOCALES {
            assert_eq!((name_of(*number), number_of(name)), (Some(*name), Some(*number)));
        }
        assert_eq!((name_of(0x7F), number_of("")), (Some(""), Some(0x7F)));
        assert_eq!((name_of(0x400), name_of(0x1234)), (Some("en-US"), None));
        assert_eq!((number_of("DE-de"), number_of("xx-XX")), (Some(0x407), None));
    }
}
