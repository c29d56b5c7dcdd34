//! Our cookies: names, marks and lives in one place.

use axum::http::{HeaderMap, HeaderName, header};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::context::CookieStyle;

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
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
}

impl Name {
    fn bare(self) -> &'static str {
        match self {
            Name::Session => "session",
            Name::Access => "access",
            Name::Refresh => "refresh",
            Name::Language => "lang",
            Name::Device => "device",
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

/// The value of one of our cookies.
pub(crate) fn read(headers: &HeaderMap, name: Name, style: CookieStyle) -> Option<String> {
    CookieJar::from_headers(headers).get(&name.full(style)).map(|cookie| cookie.value().to_owned())
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
