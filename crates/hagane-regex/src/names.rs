//! The names in `\p{…}`: Go's general categories and scripts, written as the regex crate's.

/// Returns the regex crate's `\p` for a name as Go reads it: without regard to case, spaces, `_` and `-`.
/// The regex crate knows more properties than Go; only Go's are let through.
pub(crate) fn property(name: &str) -> Option<String> {
    let name: String =
        name.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).map(|c| c.to_ascii_lowercase()).collect();
    match name.as_str() {
        "any" => return Some("any".to_owned()),
        "ascii" => return Some("ascii".to_owned()),
        "assigned" => return Some("assigned".to_owned()),
        _ => {}
    }
    // Names differ from their place in the table only in case, so both tables are kept in lower case.
    if let Ok(at) = CATEGORIES.binary_search_by_key(&name.as_str(), |row| row.0) {
        return Some(format!("gc={}", CATEGORIES.get(at)?.1));
    }
    SCRIPTS.binary_search(&name.as_str()).is_ok().then(|| format!("sc={name}"))
}

/// General categories by every name that Unicode gives them, and their short names.
#[rustfmt::skip]
static CATEGORIES: [(&str, &str); 80] = [
    ("c", "C"), ("casedletter", "LC"), ("cc", "Cc"), ("cf", "Cf"), ("closepunctuation", "Pe"), ("cn", "Cn"),
    ("cntrl", "Cc"), ("co", "Co"), ("combiningmark", "M"), ("connectorpunctuation", "Pc"), ("control", "Cc"),
    ("cs", "Cs"), ("currencysymbol", "Sc"), ("dashpunctuation", "Pd"), ("decimalnumber", "Nd"),
    ("digit", "Nd"), ("enclosingmark", "Me"), ("finalpunctuation", "Pf"), ("format", "Cf"),
    ("initialpunctuation", "Pi"), ("l", "L"), ("lc", "LC"), ("letter", "L"), ("letternumber", "Nl"),
    ("lineseparator", "Zl"), ("ll", "Ll"), ("lm", "Lm"), ("lo", "Lo"), ("lowercaseletter", "Ll"),
    ("lt", "Lt"), ("lu", "Lu"), ("m", "M"), ("mark", "M"), ("mathsymbol", "Sm"), ("mc", "Mc"), ("me", "Me"),
    ("mn", "Mn"), ("modifierletter", "Lm"), ("modifiersymbol", "Sk"), ("n", "N"), ("nd", "Nd"), ("nl", "Nl"),
    ("no", "No"), ("nonspacingmark", "Mn"), ("number", "N"), ("openpunctuation", "Ps"), ("other", "C"),
    ("otherletter", "Lo"), ("othernumber", "No"), ("otherpunctuation", "Po"), ("othersymbol", "So"),
    ("p", "P"), ("paragraphseparator", "Zp"), ("pc", "Pc"), ("pd", "Pd"), ("pe", "Pe"), ("pf", "Pf"),
    ("pi", "Pi"), ("po", "Po"), ("privateuse", "Co"), ("ps", "Ps"), ("punct", "P"), ("punctuation", "P"),
    ("s", "S"), ("sc", "Sc"), ("separator", "Z"), ("sk", "Sk"), ("sm", "Sm"), ("so", "So"),
    ("spaceseparator", "Zs"), ("spacingmark", "Mc"), ("surrogate", "Cs"), ("symbol", "S"),
    ("titlecaseletter", "Lt"), ("unassigned", "Cn"), ("uppercaseletter", "Lu"), ("z", "Z"), ("zl", "Zl"),
    ("zp", "Zp"), ("zs", "Zs"),
];

/// The scripts of Unicode 15, which Go has at this writing. Go 1.25 cannot find the names of two words (they
/// worked before, written exactly); here all are found.
#[rustfmt::skip]
static SCRIPTS: [&str; 163] = [
    "adlam", "ahom", "anatolianhieroglyphs", "arabic", "armenian", "avestan", "balinese", "bamum",
    "bassavah", "batak", "bengali", "bhaiksuki", "bopomofo", "brahmi", "braille", "buginese", "buhid",
    "canadianaboriginal", "carian", "caucasianalbanian", "chakma", "cham", "cherokee", "chorasmian",
    "common", "coptic", "cuneiform", "cypriot", "cyprominoan", "cyrillic", "deseret", "devanagari",
    "divesakuru", "dogra", "duployan", "egyptianhieroglyphs", "elbasan", "elymaic", "ethiopic", "georgian",
    "glagolitic", "gothic", "grantha", "greek", "gujarati", "gunjalagondi", "gurmukhi", "han", "hangul",
    "hanifirohingya", "hanunoo", "hatran", "hebrew", "hiragana", "imperialaramaic", "inherited",
    "inscriptionalpahlavi", "inscriptionalparthian", "javanese", "kaithi", "kannada", "katakana", "kawi",
    "kayahli", "kharoshthi", "khitansmallscript", "khmer", "khojki", "khudawadi", "lao", "latin", "lepcha",
    "limbu", "lineara", "linearb", "lisu", "lycian", "lydian", "mahajani", "makasar", "malayalam", "mandaic",
    "manichaean", "marchen", "masaramgondi", "medefaidrin", "meeteimayek", "mendekikakui", "meroiticcursive",
    "meroitichieroglyphs", "miao", "modi", "mongolian", "mro", "multani", "myanmar", "nabataean",
    "nagmundari", "nandinagari", "newa", "newtailue", "nko", "nushu", "nyiakengpuachuehmong", "ogham",
    "olchiki", "oldhungarian", "olditalic", "oldnortharabian", "oldpermic", "oldpersian", "oldsogdian",
    "oldsoutharabian", "oldturkic", "olduyghur", "oriya", "osage", "osmanya", "pahawhhmong", "palmyrene",
    "paucinhau", "phagspa", "phoenician", "psalterpahlavi", "rejang", "runic", "samaritan", "saurashtra",
    "sharada", "shavian", "siddham", "signwriting", "sinhala", "sogdian", "sorasompeng", "soyombo",
    "sundanese", "sylotinagri", "syriac", "tagalog", "tagbanwa", "taile", "taitham", "taiviet", "takri",
    "tamil", "tangsa", "tangut", "telugu", "thaana", "thai", "tibetan", "tifinagh", "tirhuta", "toto",
    "ugaritic", "vai", "vithkuqi", "wancho", "warangciti", "yezidi", "yi", "zanabazarsquare",
];

/// Returns every name, for a test that the regex crate knows them all.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    ["any", "ascii", "assigned"].into_iter().chain(CATEGORIES.iter().map(|row| row.0)).chain(SCRIPTS)
}
