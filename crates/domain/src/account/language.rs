//! Languages of the site and its mails, and which one a browser gets.

use std::str::FromStr;

/// A language that the product speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// Japanese.
    Ja,
    /// German.
    De,
    /// Spanish.
    Es,
}

impl Language {
    /// All of them, the fallback first.
    pub const ALL: [Language; 5] = [Language::En, Language::Fr, Language::Ja, Language::De, Language::Es];

    /// The two-letter code (ISO 639-1).
    pub fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Fr => "fr",
            Language::Ja => "ja",
            Language::De => "de",
            Language::Es => "es",
        }
    }

    /// What its speakers call it.
    pub fn own_name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::Fr => "Français",
            Language::Ja => "日本語",
            Language::De => "Deutsch",
            Language::Es => "Español",
        }
    }
}

/// Why a code is no language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LanguageError {
    /// Another code.
    #[error("a language is one of: en, fr, ja, de, es")]
    Unknown,
}

impl LanguageError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        "language_unknown"
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(code: &str) -> Result<Language, LanguageError> {
        Language::ALL.into_iter().find(|language| language.as_str() == code).ok_or(LanguageError::Unknown)
    }
}

/// The offered language that an `Accept-Language` header (RFC 9110, 12.5.4) wants most; `None` if it wants none of
/// them. A region is ignored (`fr-CA` is French); at equal weight the one named first wins; `*` stands for the first
/// offered one that the header does not name. Parts that make no sense are skipped.
pub fn negotiate(accept_language: &str, offered: &[Language]) -> Option<Language> {
    let ranges: Vec<(&str, u16)> = accept_language.split(',').take(64).filter_map(range).collect();
    let named = |language: Language| ranges.iter().any(|(tag, _)| is(language, tag));
    let mut best: Option<(Language, u16)> = None;
    for (tag, weight) in &ranges {
        let found = match *tag {
            "*" => offered.iter().copied().find(|language| !named(*language)),
            tag => offered.iter().copied().find(|language| is(*language, tag)),
        };
        if let Some(language) = found
            && *weight > best.map_or(0, |(_, weight)| weight)
        {
            best = Some((language, *weight));
        }
    }
    best.map(|(language, _)| language)
}

fn is(language: Language, tag: &str) -> bool {
    tag.split('-').next().is_some_and(|primary| primary.eq_ignore_ascii_case(language.as_str()))
}

/// `fr-CA;q=0.8` as its tag and its weight in thousandths.
fn range(text: &str) -> Option<(&str, u16)> {
    let (tag, parameter) = text.split_once(';').unwrap_or((text, ""));
    let weight = match parameter.trim() {
        "" => 1000,
        parameter => weight(parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?)?,
    };
    Some((tag.trim(), weight))
}

/// `1`, `0.8`, `0.123`.
fn weight(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OFFERED: [Language; 2] = [Language::En, Language::Fr];

    #[test]
    fn what_a_browser_gets() {
        let table = [
            ("fr", Some(Language::Fr)),
            ("fr-CA,fr;q=0.9,en;q=0.8", Some(Language::Fr)),
            ("en-US,en;q=0.9,fr;q=0.8", Some(Language::En)),
            ("de,en;q=0.3,fr;q=0.7", Some(Language::Fr)),
            ("de,ja", None),
            ("de,*;q=0.1", Some(Language::En)),
            ("en;q=0.2,*", Some(Language::Fr)),
            ("en;q=0,fr;q=0", None),
            ("FR ; q=1.000", Some(Language::Fr)),
            ("fr;q=1.5,en;q=0.1", Some(Language::En)),
            ("fr;q=0.1234, en;q=0.001", Some(Language::En)),
            ("french", None),
            ("", None),
            (";;;,,,=q", None),
        ];
        for (header, expected) in table {
            assert_eq!(negotiate(header, &OFFERED), expected, "{header:?}");
        }
        assert_eq!(negotiate("ja,en", &Language::ALL), Some(Language::Ja));
        assert_eq!(negotiate("en", &[]), None);
    }

    #[test]
    fn the_code_of_each_language_is_read_back() {
        for language in Language::ALL {
            assert_eq!(language.as_str().parse(), Ok(language));
        }
        assert_eq!("EN".parse::<Language>(), Err(LanguageError::Unknown));
    }

    proptest! {
        #[test]
        fn any_header_is_survived(header in ".{0,200}") {
            let _ = negotiate(&header, &Language::ALL);
        }
    }
}
