//! What the product says, in the languages that it speaks: messages of `locales/`, prices, dates and sizes.
//!
//! English is the source and the fallback. A test holds that every language has every message with the same variables,
//! and that every message is used.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::account::Language;
use domain::money::{Currency, Money};
use domain::time::{UnixMs, day};
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader as _, static_loader};
use unic_langid::langid;

static_loader! {
    static MESSAGES = {
        locales: "../../locales",
        fallback_language: "en",
        // The marks around placeables are for mixed writing directions; ours are all left to right.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The languages that the site is offered in, the fallback first.
pub const OFFERED: [Language; 5] = [Language::En, Language::De, Language::Es, Language::Fr, Language::Ja];

/// A value in a message.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Shown as it is.
    Text(&'a str),
    /// Shown in the language's way, and chosen by in plurals.
    Number(i64),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Number(number)
    }
}

impl From<&i64> for Value<'_> {
    fn from(number: &i64) -> Self {
        Value::Number(*number)
    }
}

/// Speaks one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translator(Language);

impl Translator {
    /// For an account's or a browser's language.
    pub fn new(language: Language) -> Translator {
        Translator(language)
    }

    /// The language spoken.
    pub fn language(&self) -> Language {
        self.0
    }

    fn id(&self) -> LanguageIdentifier {
        match self.0 {
            Language::En => langid!("en"),
            Language::De => langid!("de"),
            Language::Es => langid!("es"),
            Language::Fr => langid!("fr"),
            Language::Ja => langid!("ja"),
        }
    }

    /// The message `key`.
    pub fn say(&self, key: &str) -> String {
        MESSAGES.lookup(&self.id(), key)
    }

    /// The message `key`, if there is one.
    pub fn find(&self, key: &str) -> Option<String> {
        MESSAGES.try_lookup(&self.id(), key)
    }

    /// The message `key` with one value.
    pub fn with<'a>(&self, key: &str, name: &'static str, value: impl Into<Value<'a>>) -> String {
        self.with_all(key, &[(name, value.into())])
    }

    /// The message `key` with its values.
    pub fn with_all(&self, key: &str, values: &[(&'static str, Value<'_>)]) -> String {
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> = values
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::Text(text) => FluentValue::from((*text).to_owned()),
                    Value::Number(number) => FluentValue::from(*number),
                };
                (Cow::Borrowed(*name), value)
            })
            .collect();
        MESSAGES.lookup_with_args(&self.id(), key, &values)
    }

    /// An amount of minor units in a currency (`usd`): `$5.99`, `5,99 $`; one without a well-known sign keeps its code. The
    /// minus of one below zero stands in front of all.
    pub fn money(&self, minor: i64, currency: &str) -> String {
        if minor < 0 {
            return format!("−{}", self.money(minor.saturating_neg(), currency));
        }
        let amount = Currency::parse(currency).map(|currency| Money::new(minor, currency).decimal());
        let amount = amount.unwrap_or_else(|_| minor.to_string());
        let code = currency.to_ascii_uppercase();
        let sign = match currency {
            "usd" => "$",
            "eur" => "€",
            "gbp" => "£",
            "jpy" => "¥",
            _ => &code,
        };
        match self.0 {
            Language::De | Language::Es | Language::Fr => format!("{}\u{a0}{sign}", amount.replace('.', ",")),
            _ if sign.is_ascii() && sign.len() == 3 => format!("{sign}\u{a0}{amount}"),
            _ => format!("{sign}{amount}"),
        }
    }

    /// A day (UTC): `23 November 2026`, `23. November 2026`, `23 de noviembre de 2026`, `2026年11月23日`.
    pub fn date(&self, at: UnixMs) -> String {
        let iso = day(at);
        let mut parts = iso.splitn(3, '-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let (Some(year), Some(month), Some(day)) = (year, month, day) else { return iso };
        let day = day.trim_start_matches('0');
        let month = self.with("month", "month", month.parse::<i64>().unwrap_or_default());
        match self.0 {
            Language::En | Language::Fr => format!("{day} {month} {year}"),
            Language::De => format!("{day}. {month} {year}"),
            Language::Es => format!("{day} de {month} de {year}"),
            Language::Ja => format!("{year}年{month}月{day}日"),
        }
    }

    /// A size in decimal units, as plans are sold: `200 GB`, `200 Go`.
    pub fn size(&self, bytes: i64) -> String {
        let unit = |letter: &str| match self.0 {
            Language::Fr => format!("{letter}o"),
            _ => format!("{letter}B"),
        };
        let (divisor, letter) = match bytes {
            10_000_000_000_000.. => (1_000_000_000_000, "T"),
            1_000_000_000.. => (1_000_000_000, "G"),
            1_000_000.. => (1_000_000, "M"),
            _ => (1_000, "k"),
        };
        format!("{}\u{a0}{}", bytes / divisor, unit(letter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_a_day_and_a_size_are_written_the_way_of_the_language() {
        let (en, fr) = (Translator::new(Language::En), Translator::new(Language::Fr));
        assert_eq!(en.money(599, "usd"), "$5.99");
        assert_eq!(fr.money(599, "usd"), "5,99\u{a0}$");
        assert_eq!(en.money(1200, "jpy"), "¥1200");
        assert_eq!(en.money(599, "chf"), "CHF\u{a0}5.99");
        assert_eq!(en.money(-599, "usd"), "−$5.99");
        assert_eq!(fr.money(-599, "usd"), "−5,99\u{a0}$");
        assert_eq!(en.date(1_795_392_000_000), "23 November 2026");
        assert_eq!(fr.date(1_795_392_000_000), "23 novembre 2026");
        assert_eq!(en.size(200_000_000_000), "200\u{a0}GB");
        assert_eq!(fr.size(1_000_000_000_000), "1000\u{a0}Go");
    }

    #[test]
    fn each_language_has_its_own_way_with_days_and_prices() {
        for (language, price, day) in [
            (Language::De, "5,99\u{a0}$", "23. November 2026"),
            (Language::Es, "5,99\u{a0}$", "23 de noviembre de 2026"),
            (Language::Ja, "$5.99", "2026年11月23日"),
        ] {
            let t = Translator::new(language);
            assert_eq!((t.money(599, "usd").as_str(), t.date(1_795_392_000_000).as_str()), (price, day));
        }
    }
}
