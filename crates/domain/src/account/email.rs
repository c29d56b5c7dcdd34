//! Mail addresses, and the one canonical form by which accounts are told apart.

use std::hash::{Hash, Hasher};

use unicode_normalization::UnicodeNormalization;

use crate::text::is_invisible;

/// Most bytes of an address (RFC 5321 with erratum 1690).
const MAX_BYTES: usize = 254;
/// Most bytes before the `@` (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// A mail address.
///
/// Two addresses are the same account when their canonical forms are equal. The canonical form is: compatibility forms
/// of letters resolved (NFKC), lower case, the domain in ASCII (UTS 46, punycode). Nothing else is done to it:
/// `mika+vpn@…` and `m.i.k.a@…` are mailboxes of their own, as only their provider knows better. The part before the
/// `@` is ASCII and unquoted, because beyond that mail servers disagree on what is the same mailbox.
#[derive(Clone)]
pub struct Email {
    typed: String,
    canonical: String,
}

impl Email {
    /// Reads an address. Spaces around it are dropped.
    pub fn parse(text: &str) -> Result<Email, EmailError> {
        let typed = text.trim_matches([' ', '\u{3000}', '\u{a0}']);
        if typed.is_empty() {
            return Err(EmailError::Empty);
        }
        if typed.len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        if typed.chars().any(is_invisible) {
            return Err(EmailError::Invisible);
        }
        let (local, domain) = typed.rsplit_once('@').ok_or(EmailError::NoAt)?;
        check_local(local)?;
        let canonical = format!("{}@{}", local.to_ascii_lowercase(), ascii_domain(domain)?);
        if canonical.len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        Ok(Email { typed: typed.to_owned(), canonical })
    }

    /// The address as typed, without spaces around it. Mail goes here.
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The canonical form: unique in the database, under a binary collation.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The mailbox that this address most likely leads to: what follows a `+` is dropped, and at Gmail the dots too. To
    /// suspect one person behind two accounts, never to tell accounts apart.
    pub fn mailbox(&self) -> String {
        let (local, domain) = self.canonical.rsplit_once('@').unwrap_or_default();
        let local = local.split_once('+').map_or(local, |(local, _)| local);
        match domain {
            "gmail.com" | "googlemail.com" => format!("{}@gmail.com", local.replace('.', "")),
            _ => format!("{local}@{domain}"),
        }
    }

    /// The address for a mail server: as typed before the `@`, the domain in ASCII.
    pub fn deliverable(&self) -> String {
        let local = self.typed.rsplit_once('@').map_or("", |(local, _)| local);
        let domain = self.canonical.rsplit_once('@').map_or("", |(_, domain)| domain);
        format!("{local}@{domain}")
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Email) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Email {}

impl Hash for Email {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

/// Addresses stay out of logs.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

/// An unquoted local part: RFC 5322 `dot-atom`, ASCII only.
fn check_local(local: &str) -> Result<(), EmailError> {
    if local.len() > MAX_LOCAL {
        return Err(EmailError::LocalTooLong);
    }
    if local.starts_with('"') {
        return Err(EmailError::Quoted);
    }
    if !local.is_ascii() {
        return Err(EmailError::LocalNotAscii);
    }
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b);
    if local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext)) {
        Ok(())
    } else {
        Err(EmailError::Local)
    }
}

/// The domain in lower-case ASCII: at least two labels, the last of them no number.
fn ascii_domain(domain: &str) -> Result<String, EmailError> {
    let plain: String = domain.nfkc().collect();
    if plain.ends_with(['.', '。']) {
        return Err(EmailError::TrailingDot);
    }
    let ascii = idna::domain_to_ascii_strict(&plain).map_err(|_| EmailError::Domain)?;
    let top = ascii.rsplit_once('.').ok_or(EmailError::DomainWithoutDot)?.1;
    if top.bytes().all(|b| b.is_ascii_digit()) {
        return Err(EmailError::Domain);
    }
    Ok(ascii)
}

/// Why a text is no address that can have an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing there.
    #[error("enter an email address, for example mika@example.com")]
    Empty,
    /// Over 254 bytes.
    #[error("an email address has at most 254 bytes")]
    TooLong,
    /// Line breaks, controls, zero-width characters.
    #[error("an email address can't have line breaks or invisible characters; type it again by hand")]
    Invisible,
    /// No `@`.
    #[error("an email address has an @ between name and domain, for example mika@example.com")]
    NoAt,
    /// Over 64 bytes before the `@`.
    #[error("an email address has at most 64 characters before the @")]
    LocalTooLong,
    /// `"a b"@example.com`.
    #[error("an email address with quotation marks is not accepted; use one without")]
    Quoted,
    /// Letters beyond ASCII before the `@`.
    #[error("before the @ an email address has only the letters a to z, digits and signs, without accents")]
    LocalNotAscii,
    /// Something else before the `@`.
    #[error("before the @ an email address has letters, digits, signs like . _ - +, and single dots in between")]
    Local,
    /// Not a domain name.
    #[error("after the @ an email address has a domain name, for example example.com")]
    Domain,
    /// `example.com.`.
    #[error("the domain of an email address does not end with a dot")]
    TrailingDot,
    /// `localhost`.
    #[error("the domain of an email address has a dot in it, for example example.com")]
    DomainWithoutDot,
}

impl EmailError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            EmailError::Empty => "email_missing",
            EmailError::TooLong => "email_too_long",
            EmailError::Invisible => "email_has_invisible_characters",
            EmailError::NoAt => "email_without_at",
            EmailError::LocalTooLong => "email_name_too_long",
            EmailError::Quoted => "email_quoted",
            EmailError::LocalNotAscii => "email_name_not_ascii",
            EmailError::Local => "email_name_invalid",
            EmailError::Domain => "email_domain_invalid",
            EmailError::TrailingDot => "email_domain_ends_with_dot",
            EmailError::DomainWithoutDot => "email_domain_without_dot",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_canonical_form() {
        let table = [
            ("mika@mirai.test", "mika@mirai.test"),
            ("  Mika@Mirai.TEST\u{3000}", "mika@mirai.test"),
            ("mika+vpn@mirai.test", "mika+vpn@mirai.test"),
            ("m.i.k.a@mirai.test", "m.i.k.a@mirai.test"),
            ("o'hara_{x}/y=z@a-b.mirai.test", "o'hara_{x}/y=z@a-b.mirai.test"),
            ("mika@未来.jp", "mika@xn--6pv0e.jp"),
            ("mika@XN--6PV0E.jp", "mika@xn--6pv0e.jp"),
            ("mika@bücher.example", "mika@xn--bcher-kva.example"),
            ("mika@BU\u{308}CHER.example", "mika@xn--bcher-kva.example"),
            ("mika@ｍｉｒａｉ．test", "mika@mirai.test"),
            ("mika@mirai。test", "mika@mirai.test"),
            // A Cyrillic а looks like ours, and is another domain.
            ("mika@mir\u{430}i.test", "mika@xn--miri-73d.test"),
        ];
        for (typed, canonical) in table {
            let email = Email::parse(typed).unwrap_or_else(|error| panic!("{typed:?}: {error}"));
            assert_eq!(email.canonical(), canonical, "{typed:?}");
        }
    }

    #[test]
    fn what_is_refused_and_why() {
        let long = |n: usize| format!("a@{}.test", "b".repeat(n));
        let table = [
            ("", EmailError::Empty),
            (" \u{a0}", EmailError::Empty),
            ("mika", EmailError::NoAt),
            ("mika＠mirai.test", EmailError::NoAt),
            ("@mirai.test", EmailError::Local),
            ("mika@", EmailError::Domain),
            ("mika@localhost", EmailError::DomainWithoutDot),
            ("mika@mirai.test.", EmailError::TrailingDot),
            ("mika@mirai.test。", EmailError::TrailingDot),
            ("mika@mirai..test", EmailError::Domain),
            ("mika@.mirai.test", EmailError::Domain),
            ("mika@-mirai.test", EmailError::Domain),
            ("mika@mi_rai.test", EmailError::Domain),
            ("mika@mirai test.jp", EmailError::Domain),
            ("mika@[192.0.2.1]", EmailError::Domain),
            ("mika@192.0.2.1", EmailError::Domain),
            ("mika@xn--a.test", EmailError::Domain),
            (".mika@mirai.test", EmailError::Local),
            ("mika.@mirai.test", EmailError::Local),
            ("mi..ka@mirai.test", EmailError::Local),
            ("mi ka@mirai.test", EmailError::Local),
            ("mi@ka@mirai.test", EmailError::Local),
            ("<mika@mirai.test>", EmailError::Local),
            ("mika@mirai.test,x@y.test", EmailError::Local),
            ("\"mi ka\"@mirai.test", EmailError::Quoted),
            ("mik\u{430}@mirai.test", EmailError::LocalNotAscii),
            ("İ@mirai.test", EmailError::LocalNotAscii),
            ("ｍｉｋａ@mirai.test", EmailError::LocalNotAscii),
            ("mika@mirai.test\r\nBcc: x@y.test", EmailError::Invisible),
            ("mika@mirai.test\n", EmailError::Invisible),
            ("mi\u{200b}ka@mirai.test", EmailError::Invisible),
            ("mika@mi\u{200d}rai.test", EmailError::Invisible),
            ("mika@mi\u{ad}rai.test", EmailError::Invisible),
            ("mika\0@mirai.test", EmailError::Invisible),
            (&format!("{}@mirai.test", "a".repeat(65)), EmailError::LocalTooLong),
            (&long(64), EmailError::Domain),
            (&long(250), EmailError::TooLong),
        ];
        for (typed, error) in table {
            assert_eq!(Email::parse(typed).map(|_| ()), Err(error), "{typed:?}");
        }
    }

    #[test]
    fn exactly_254_bytes_fit() {
        let labels = format!("{0}.{0}.{0}", "b".repeat(61));
        let fits = format!("{}@{labels}.te", "a".repeat(64));
        assert_eq!(fits.len(), 253);
        assert!(Email::parse(&fits).is_ok());
        assert!(Email::parse(&format!("{fits}s")).is_ok());
        assert_eq!(Email::parse(&format!("{fits}st")), Err(EmailError::TooLong));
    }

    #[test]
    fn mail_goes_to_the_mailbox_as_typed() {
        let email = Email::parse(" Mika@未来.jp").unwrap();
        assert_eq!(email.as_str(), "Mika@未来.jp");
        assert_eq!(email.deliverable(), "Mika@xn--6pv0e.jp");
    }

    #[test]
    fn debug_does_not_show_it() {
        let shown = format!("{:?}", Email::parse("mika@mirai.test").unwrap());
        assert!(!shown.contains("mika") && !shown.contains("mirai"));
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own(text in "[a-zA-Z0-9.+_-]{1,12}@[a-zA-Zéüß未来ａ０-９.-]{1,20}\\.[a-zA-Z]{2,4}") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(email.canonical()).unwrap();
                prop_assert_eq!(again.canonical(), email.canonical());
                prop_assert_eq!(again.as_str(), email.canonical());
                prop_assert!(email.canonical().is_ascii());
            }
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}@?\\PC{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.canonical().len() <= 254);
                prop_assert!(!email.as_str().contains(['\r', '\n', '\0']));
            }
        }
    }
}
