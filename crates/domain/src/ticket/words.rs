//! What is written in tickets: a subject, messages, and no keys.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::TicketError;
use crate::text::is_invisible;

/// Most characters of a subject.
const SUBJECT: std::ops::RangeInclusive<usize> = 3..=120;
/// Most characters of a message: those of a text field of Discord's, which the other half of our customers use.
const BODY: std::ops::RangeInclusive<usize> = 1..=4_000;
/// Most characters of a reason.
const NOTE: usize = 200;
/// Composing never makes a text more than three times shorter, and a character has at most four bytes.
const BYTES_PER_CHAR: usize = 12;

/// What a ticket is about, in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// Reads a subject; white space around it is dropped.
    pub fn parse(text: &str) -> Result<Subject, TicketError> {
        let line = line(text, *SUBJECT.end()).ok_or(TicketError::Subject)?;
        if SUBJECT.contains(&line.chars().count()) { Ok(Subject(line)) } else { Err(TicketError::Subject) }
    }
}

/// A few words beside an act, such as the reason for closing; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note(String);

impl Note {
    /// Reads a note; white space around it is dropped.
    pub fn parse(text: &str) -> Result<Note, TicketError> {
        line(text, NOTE).map(Note).ok_or(TicketError::Note)
    }

    /// The words, if there are any.
    pub fn into_option(self) -> Option<String> {
        Some(self.0).filter(|words| !words.is_empty())
    }
}

/// A message: lines of text, without private and pre-shared keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(String);

impl Body {
    /// Reads a message. Line ends become `\n`, white space around it is dropped, what can't be seen is refused, and keys
    /// are replaced: see [`without_keys`].
    pub fn parse(text: &str) -> Result<Body, TicketError> {
        if text.len() > *BODY.end() * BYTES_PER_CHAR {
            return Err(TicketError::Body);
        }
        let lines: String = text.replace("\r\n", "\n").replace('\r', "\n").trim().nfc().collect();
        let is_plain = |c: char| matches!(c, '\n' | '\t' | '\u{200c}' | '\u{200d}' | '\u{fe0f}') || !is_invisible(c);
        if !BODY.contains(&lines.chars().count()) || !lines.chars().all(is_plain) {
            return Err(TicketError::Body);
        }
        Ok(Body(without_keys(&lines)))
    }
}

fn line(text: &str, most: usize) -> Option<String> {
    if text.len() > most * BYTES_PER_CHAR {
        return None;
    }
    let line: String = text.trim().nfc().collect();
    (line.chars().count() <= most && !line.chars().any(is_invisible)).then_some(line)
}

macro_rules! text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
text!(Subject, Note, Body);

/// Names of what a configuration keeps secret, in lower case: wg(8), "Configuration file format".
const SECRET: [&str; 2] = ["privatekey", "presharedkey"];
/// What stands there instead.
const REMOVED: &str = "[removed]";

/// A text without the private and pre-shared keys of WireGuard configurations in it. People paste whole files when they
/// ask for help, and a key that was shown to another is no key any more.
pub fn without_keys(text: &str) -> String {
    text.split_inclusive('\n').map(line_without_key).collect()
}

fn line_without_key(line: &str) -> String {
    let Some((name, value)) = line.split_once('=') else { return line.to_owned() };
    let name_only: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    if !SECRET.iter().any(|secret| name_only.ends_with(secret)) {
        return line.to_owned();
    }
    let end = value.find(['\n', '\r']).map_or("", |at| &value[at..]);
    format!("{name}= {REMOVED}{end}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn subjects_are_one_line_that_can_be_seen() {
        for (text, expected) in [
            ("  No connection in Osaka ", Some("No connection in Osaka")),
            ("接続できません", Some("接続できません")),
            ("ab", None),
            ("a\nb\nc", None),
            ("a\r\nBcc: x@example.org", None),
            ("abc\u{202e}def", None),
            ("", None),
        ] {
            assert_eq!(Subject::parse(text).ok().as_ref().map(Subject::as_str), expected, "{text:?}");
        }
        assert!(Subject::parse(&"x".repeat(120)).is_ok() && Subject::parse(&"x".repeat(121)).is_err());
        assert!(Subject::parse(&"x".repeat(1_000_000)).is_err());
    }

    #[test]
    fn messages_keep_their_lines_and_lose_their_carriage_returns() {
        let body = Body::parse("\r\n It fails:\r\n\tno handshake 👩‍💻 \r\n").unwrap();
        assert_eq!(body.as_str(), "It fails:\n\tno handshake 👩‍💻");
        assert!(Body::parse("é".repeat(4_000).as_str()).is_ok());
        for bad in ["", " \n ", "a\0b", "a\u{202e}b", "a\u{1b}[31mb", &"x".repeat(4_001), &"x".repeat(1_000_000)] {
            assert_eq!(Body::parse(bad), Err(TicketError::Body));
        }
    }

    #[test]
    fn a_pasted_configuration_loses_its_keys_and_nothing_else() {
        let key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        let text = format!(
            "[Interface]\nPrivateKey = {key}\n> privatekey={key}\r\nAddress = 10.64.0.2/32\n[Peer]\nPublicKey = \
             {key}\nPreSharedKey={key} # mine\nprivate key = {key}"
        );
        let expected = format!(
            "[Interface]\nPrivateKey = [removed]\n> privatekey= [removed]\r\nAddress = 10.64.0.2/32\n[Peer]\n\
             PublicKey = {key}\nPreSharedKey= [removed]\nprivate key = [removed]"
        );
        assert_eq!(without_keys(&text), expected);
        assert!(!Body::parse(&text).unwrap().as_str().contains(&format!("PrivateKey = {key}")));
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_read_the_same_again(text in "\\PC{0,80}") {
            if let Ok(subject) = Subject::parse(&text) {
                prop_assert_eq!(Subject::parse(subject.as_str()), Ok(subject.clone()));
            }
            if let Ok(body) = Body::parse(&text) {
                prop_assert_eq!(Body::parse(body.as_str()), Ok(body.clone()));
            }
        }
    }
}
