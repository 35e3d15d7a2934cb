//! Which names of locales there are. Windows makes indexes for the locales it knows, and `JET_errInvalidLanguageId` of any
//! other name; here a name is known that is put together from a language, a script, a country and a variant that exist.
//!
//! ```text
//! language [-Script] [-COUNTRY] [-variant] [_sort]     nothing: the invariant locale
//! ```

/// Longest name: what `MSysLocales` has room for beside SortID and version.
const BYTES_MAX: usize = 35;

/// Languages of two letters (ISO 639-1), and those of three that Windows has locales of.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy \
    da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik \
    io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt \
    my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn \
    so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu \
    agq arn asa ast bas bem bez bin brx byn ccp ceb cgg chr ckb dav dje dsb dua dyo ebu ewo fil fur gsw guz haw hsb ibb \
    jgo jmc kab kam kde kea kgp khq kkj kln kok ksb ksf ksh lag lkt lrc luo luy mai mas mer mfe mgh mgo mni moh mua mzn \
    naq nds nmg nnh nqo nso nus nyn pap pcm prg prs qps quc qut quz rof rwk sah saq sat sbp seh ses shi sma smj smn sms \
    ssy syr teo tig twq tzm vai vun wae wal xog yav yrl zgh";

/// Countries (ISO 3166-1), the one that is gone and the one that is not there yet.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR \
    BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CS CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET \
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN \
    MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY \
    QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR \
    TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Parts of the world that stand for a country.
const REGIONS: &str = "001 029 150 419";

/// Scripts (ISO 15924) that Windows has locales of.
const SCRIPTS: &str = "Adlm Arab Armn Beng Bopo Cakm Cans Cher Cyrl Deva Ethi Geor Goth Grek Gujr Guru Hang Hans Hant Hebr \
    Hira Java Jpan Kana Khmr Knda Kore Laoo Latn Mlym Mong Mtei Mymr Nkoo Olck Orya Phag Runr Sinh Sund Syrc Taml Telu \
    Tfng Thaa Thai Tibt Vaii Yiii";

/// Variants of a language.
const VARIANTS: &str = "valencia ploc ploca plocm POSIX";

/// Names that are none of a language.
const SINGLE: &str = "x-IV qps-Latn-x-sh zh-CHS zh-CHT";

/// Other orders of one locale (spec 11 §6).
const SORTS: &str = "phoneb tradnl technl modern radstr stroke pronun mathan";

fn is_among(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether there is a locale with this name, as far as anybody here knows.
pub(super) fn is_known(name: &str) -> bool {
    if name.is_empty() {
        return true;
    }
    if name.len() > BYTES_MAX {
        return false;
    }
    let (locale, sort) = name.split_once('_').map_or((name, None), |(locale, sort)| (locale, Some(sort)));
    if sort.is_some_and(|sort| !is_among(SORTS, sort)) {
        return false;
    }
    if is_among(SINGLE, locale) {
        return true;
    }
    let mut words = locale.split('-').peekable();
    let is_language = words.next().is_some_and(|word| is_among(LANGUAGES, word));
    words.next_if(|word| is_among(SCRIPTS, word));
    words.next_if(|word| is_among(COUNTRIES, word) || is_among(REGIONS, word));
    words.next_if(|word| is_among(VARIANTS, word));
    is_language && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use ese_format::sort_key::Sort;

    use super::*;

    #[test]
    fn locales_are_what_languages_scripts_and_countries_make() {
        for name in [
            "",
            "en-US",
            "EN-us",
            "en",
            "de-DE_phoneb",
            "es-ES_tradnl",
            "sr-Cyrl-BA",
            "zh-Hant-TW",
            "zh-TW_pronun",
            "es-419",
            "en-029",
            "ca-ES-valencia",
            "x-IV_mathan",
            "qps-ploc",
            "haw-US",
        ] {
            assert!(is_known(name), "{name}");
        }
        for name in [
            "xx-XX",
            "en-XX",
            "zz",
            "klingon",
            "english",
            "en-US-US",
            "en_US",
            "en-US_nosort",
            "de-DE_",
            "_phoneb",
            "en-",
            "-US",
            "en--US",
            "en US",
            "en-US\0",
            "no such place!",
            "ümlaut",
            "US-en",
            "en-US-valencia-valencia-valencia-va",
        ] {
            assert!(!is_known(name), "{name}");
        }
    }

    #[test]
    fn every_locale_that_a_sort_lists_is_known() {
        let listed: Vec<&str> = Sort::all().flat_map(|sort| sort.locales().iter().copied()).collect();
        assert!(listed.len() > 90, "{}", listed.len());
        for name in listed {
            assert!(is_known(name), "{name}");
        }
    }
}
