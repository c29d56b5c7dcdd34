//! Our cookies: names, marks and lives in one place.

use axum::http::{HeaderMap, HeaderName, header};
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::context::CookieStyle;

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// The site's session.
    Session,
    /// The API's access token, for browsers that asked for cookies.
    Access,
    /// The API's refresh token, for browsers that asked for cookies.
    Refresh,
    /// The language chosen by a visitor.
    Language,
    /// That an account was used from this device before.
    Device,
    /// A coupon that was looked at before signing up.
    Coupon,
}

impl Name {
    fn bare(self) -> &'static str {
        match self {
            Name::Session => "session",
            Name::Access => "access",
            Name::Refresh => "refresh",
            Name::Language => "lang",
            Name::Device => "device",
            Name::Coupon => "coupon",
        }
    }

    /// The name in the header.
    pub(crate) fn full(self, style: CookieStyle) -> String {
        match style {
            CookieStyle::Https => format!("__Host-{}", self.bare()),
            CookieStyle::PlainHttp => self.bare().to_owned(),
        }
    }
}

/// The value of one of our cookies, as it came; the last one, if there are several.
///
/// The name is compared byte by byte and never decoded. A browser guards the prefix `__Host-` as it is written, so
/// another host of the same domain can't set `__Host-session`; it can set `__Host%2Dsession`, and that is not ours.
/// What other cookies hold, also bytes that are no text, does not matter.
pub fn read(headers: &HeaderMap, name: Name, style: CookieStyle) -> Option<String> {
    let wanted = format!("{}=", name.full(style));
    let lines = headers.get_all(header::COOKIE).iter();
    let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut values = cookies.filter_map(|cookie| cookie.trim_ascii().strip_prefix(wanted.as_bytes()));
    values.next_back().and_then(|value| String::from_utf8(value.to_owned()).ok())
}

/// A cookie for `seconds`; HttpOnly, SameSite=Lax, Path=/ (Lax, because Strict would lose the session on the way back
/// from the payment page and from mails).
pub(crate) fn set(name: Name, value: String, seconds: i64, style: CookieStyle) -> String {
    build(name, value, seconds, style).to_string()
}

/// The cookie by which a device is known for a year, as a header.
pub(crate) fn known_device(value: String, style: CookieStyle) -> (HeaderName, String) {
    (header::SET_COOKIE, set(Name::Device, value, 365 * 86_400, style))
}

/// Removes a cookie.
pub(crate) fn clear(name: Name, style: CookieStyle) -> String {
    build(name, String::new(), 0, style).to_string()
}

fn build(name: Name, value: String, seconds: i64, style: CookieStyle) -> Cookie<'static> {
    Cookie::build((name.full(style), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(style == CookieStyle::Https)
        .max_age(time::Duration::seconds(seconds))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn session(lines: &[&[u8]], style: CookieStyle) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).expect("a header"));
        }
        read(&headers, Name::Session, style)
    }

    #[test]
    fn only_the_very_name_is_ours() {
        for (lines, expected) in [
            (&[&b"__Host-session=abc"[..]][..], Some("abc")),
            (&[b"a=1; __Host-session=abc;b=2"], Some("abc")),
            (&[b"a=1", b"__Host-session=abc", b"b=2"], Some("abc")),
            (&[b"__Host-session=one; __Host-session=two"], Some("two")),
            (&[b"__Host-session=a%3Db=="], Some("a%3Db==")),
            (&[b"__Host-session="], Some("")),
            (&[b"a=\xff\xfe; __Host-session=abc"], Some("abc")),
            (&[b"__Host-session=\xff"], None),
            (&[b"__Host-session"], None),
            (&[b"session=abc"], None),
            (&[b"__Host%2Dsession=abc"], None),
            (&[b"%5F_Host-session=abc"], None),
            (&[b"__host-session=abc"], None),
            (&[b"x__Host-session=abc"], None),
            (&[], None),
        ] {
            assert_eq!(session(lines, CookieStyle::Https).as_deref(), expected, "{lines:?}");
        }
        assert_eq!(session(&[b"session=abc"], CookieStyle::PlainHttp).as_deref(), Some("abc"));
    }

    #[test]
    fn what_is_set_is_read() {
        let set = set(Name::Session, "aB0-_.x".to_owned(), 60, CookieStyle::Https);
        let pair = set.split(';').next().expect("a pair");
        assert_eq!(session(&[pair.as_bytes()], CookieStyle::Https).as_deref(), Some("aB0-_.x"));
    }
}
