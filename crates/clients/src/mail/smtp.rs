//! SMTP: to any mail server.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{Checked, MailError};
use crate::SetupError;

const PLAIN_PORT: u16 = 25;
const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;

/// How the connection is made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    None,
    StartTls,
    Tls,
}

/// A mail server.
///
/// Each mail has a connection of its own: mails are few, and a connection that was kept would be found dead now and then.
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    pub(super) timeout: Duration,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    pub(super) fn new(url: &SecretString, timeout: Duration) -> Result<Smtp, SetupError> {
        let url = Url::parse(url.expose_secret()).map_err(|_| SetupError::SmtpUrl("this is not a URL"))?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SetupError::SmtpUrl("nothing stands after the port but ?tls="));
        }
        // Other schemes than the web's leave the host as it is written.
        let written =
            url.host_str().filter(|host| !host.is_empty()).ok_or(SetupError::SmtpUrl("the host is missing"))?;
        let host =
            Host::parse(written).map_err(|_| SetupError::SmtpUrl("the host is neither a name nor an address"))?;
        let security = security(&url, &host)?;
        let port = url.port().unwrap_or(match security {
            Security::None => PLAIN_PORT,
            Security::StartTls => SUBMISSION_PORT,
            Security::Tls => SUBMISSIONS_PORT,
        });
        let host = match host {
            Host::Domain(name) => name,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        Ok(Smtp { host, port, security, credentials: credentials(&url)?, timeout })
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
        let tls = match self.security {
            Security::None => Tls::None,
            Security::StartTls => Tls::Required(TlsParameters::new(self.host.clone())?),
            Security::Tls => Tls::Wrapper(TlsParameters::new(self.host.clone())?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.host.as_str())
            .port(self.port)
            .tls(tls)
            .timeout(Some(self.timeout));
        if let Some(credentials) = &self.credentials {
            builder = builder.credentials(credentials.clone());
        }
        Ok(builder.build())
    }

    pub(super) async fn send(&self, mail: &Checked<'_>) -> Result<(), MailError> {
        let letter = letter(mail)?;
        let transport = self.transport().map_err(failure)?;
        match tokio::time::timeout(self.timeout, transport.send(letter)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(error)),
            Err(_) => Err(MailError::Down("no answer in time".to_owned())),
        }
    }
}

fn security(url: &Url, host: &Host<String>) -> Result<Security, SetupError> {
    let mut tls = None;
    for (name, value) in url.query_pairs() {
        if name != "tls" || tls.is_some() {
            return Err(SetupError::SmtpUrl("the only parameter is tls, once"));
        }
        tls = Some(value);
    }
    match (url.scheme(), tls.as_deref()) {
        ("smtps", None | Some("required")) => Ok(Security::Tls),
        ("smtps", Some(_)) => Err(SetupError::SmtpUrl("smtps:// always speaks TLS; for tls=none use smtp://")),
        ("smtp", Some("starttls" | "required")) => Ok(Security::StartTls),
        ("smtp", Some("none")) => Ok(Security::None),
        ("smtp", Some(_)) => Err(SetupError::SmtpUrl("tls is one of: none, starttls, required")),
        ("smtp", None) if is_loopback(host) => Ok(Security::None),
        ("smtp", None) => Ok(Security::StartTls),
        _ => Err(SetupError::SmtpUrl("it begins with smtp:// or smtps://")),
    }
}

fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => *address == Ipv6Addr::LOCALHOST || IpAddr::V6(*address).to_canonical().is_loopback(),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SetupError> {
    let decode = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| SetupError::SmtpUrl("user and password are percent-encoded UTF-8"))
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err(SetupError::SmtpUrl("there is a password without a user")),
        (_, None) => Err(SetupError::SmtpUrl("there is a user without a password")),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

fn letter(mail: &Checked<'_>) -> Result<lettre::Message, MailError> {
    let message = mail.message;
    let refused = |words: &str| MailError::Refused(words.to_owned());
    let from = Mailbox::from_str(&message.from).map_err(|_| refused("the sender is not an address; see MAIL_FROM"))?;
    let to = Address::from_str(&mail.to).map_err(|_| refused("the recipient is not an address"))?;
    let message_id = format!("<{}@{}>", message.id, from.email.domain());
    // So that out-of-office replies do not answer (RFC 3834).
    let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let builder = lettre::Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(&message.subject)
        .message_id(Some(message_id))
        .raw_header(automatic);
    let headers = mail.headers().into_iter().map(|(name, value)| {
        // A link that was encoded, or folded in its middle, would be none. It has been checked.
        HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
    });
    headers
        .fold(builder, MessageBuilder::raw_header)
        .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))
        .map_err(|_| refused("it can't be written as a mail"))
}

/// The server's sentence is left out: it repeats the recipient.
fn failure(error: Error) -> MailError {
    let Some(code) = error.status().map(u16::from) else {
        let words = if error.is_timeout() { "no answer in time" } else { what_broke(&error) };
        return MailError::Down(words.to_owned());
    };
    match code {
        // Too many mails, mailbox full or locked, "try again later".
        400..=499 => MailError::Busy { retry_after: None },
        // About the login and not about the mail (RFC 4954): that is put right in the settings.
        530 | 534 | 535 | 538 => MailError::Down(format!("the mail server does not accept our login ({code})")),
        _ => MailError::Refused(format!("by the mail server ({code})")),
    }
}

fn what_broke(error: &Error) -> &'static str {
    if error.is_tls() {
        "no TLS with the mail server"
    } else if error.is_client() {
        "the mail server can't do what the settings ask for (login or STARTTLS)"
    } else {
        "no connection to the mail server, or it broke"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Smtp, SetupError> {
        Smtp::new(&SecretString::from(url.to_owned()), Duration::from_secs(1))
    }

    #[test]
    fn urls() {
        use Security::{None, StartTls, Tls};
        let table = [
            ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, None)),
            ("smtp://localhost", ("localhost", 25, None)),
            ("smtp://[::1]:2525", ("::1", 2525, None)),
            ("smtp://LOCALHOST:1025/", ("localhost", 1025, None)),
            ("smtp://127.0.0.1?tls=starttls", ("127.0.0.1", 587, StartTls)),
            ("smtp://mail.example.net", ("mail.example.net", 587, StartTls)),
            ("smtp://u:p@mail.example.net:2587?tls=required", ("mail.example.net", 2587, StartTls)),
            ("smtp://mail.example.net?tls=none", ("mail.example.net", 25, None)),
            ("smtps://u:p@mail.example.net", ("mail.example.net", 465, Tls)),
            ("smtps://u:p@[2001:db8::1]:1465", ("2001:db8::1", 1465, Tls)),
        ];
        for (url, (host, port, security)) in table {
            let smtp = parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((smtp.host.as_str(), smtp.port, smtp.security), (host, port, security), "{url}");
        }
    }

    #[test]
    fn urls_that_are_none() {
        let table = [
            "mail.example.net",
            "http://mail.example.net",
            "smtp://",
            "smtp://mail.example.net/inbox",
            "smtp://mail.example.net?tls=yes",
            "smtp://mail.example.net?tls=none&tls=required",
            "smtp://mail.example.net?starttls=1",
            "smtps://mail.example.net?tls=none",
            "smtp://user@mail.example.net",
            "smtp://:password@mail.example.net",
        ];
        for url in table {
            let error = parse(url).map(|_| ()).expect_err(url);
            assert!(!error.to_string().contains("example.net"), "{error}");
        }
    }

    #[test]
    fn user_and_password_are_decoded_and_not_shown() {
        let smtp = parse("smtps://mika%40mirai.test:p%3Ass%2Fword@mail.example.net").unwrap();
        let expected = Credentials::new("mika@mirai.test".to_owned(), "p:ss/word".to_owned());
        assert!(smtp.credentials.as_ref() == Some(&expected));
        let shown = format!("{smtp:?}");
        assert!(!shown.contains("mika") && !shown.contains("ss/word"), "{shown}");
    }
}
