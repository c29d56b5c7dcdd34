//! What may be attached to a message: pictures, documents and logs, known by their first bytes.

use super::without_keys;
use crate::text::is_invisible;

/// Most files of a message.
pub const MOST_FILES: usize = 4;
/// Most bytes of a file.
pub const MOST_FILE_BYTES: usize = 5_000_000;
/// Most bytes of all files of a message.
pub const MOST_BYTES_TOGETHER: usize = 10_000_000;
/// Most characters of a name.
const MOST_NAME: usize = 100;

/// A kind of file that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// A picture.
    Png,
    /// A picture.
    Jpeg,
    /// A picture.
    Gif,
    /// A picture.
    Webp,
    /// A document.
    Pdf,
    /// A log, a configuration: UTF-8 without control characters.
    Text,
}

impl FileType {
    /// Every kind.
    pub const ALL: [FileType; 6] =
        [FileType::Png, FileType::Jpeg, FileType::Gif, FileType::Webp, FileType::Pdf, FileType::Text];

    /// The kind of some content, by its first bytes (the files' own specifications; for text by all of it).
    pub fn of(content: &[u8]) -> Option<FileType> {
        let begins = |magic: &[u8]| content.starts_with(magic);
        if begins(b"\x89PNG\r\n\x1a\n") {
            Some(FileType::Png)
        } else if begins(b"\xff\xd8\xff") {
            Some(FileType::Jpeg)
        } else if begins(b"GIF87a") || begins(b"GIF89a") {
            Some(FileType::Gif)
        } else if begins(b"RIFF") && content.get(8..12) == Some(b"WEBP") {
            Some(FileType::Webp)
        } else if begins(b"%PDF-") {
            Some(FileType::Pdf)
        } else {
            let text = std::str::from_utf8(content).ok()?;
            let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
            text.chars().all(is_text).then_some(FileType::Text)
        }
    }

    /// Its media type. A file is served as this and nothing else, whatever its sender has said.
    pub fn media_type(self) -> &'static str {
        match self {
            FileType::Png => "image/png",
            FileType::Jpeg => "image/jpeg",
            FileType::Gif => "image/gif",
            FileType::Webp => "image/webp",
            FileType::Pdf => "application/pdf",
            FileType::Text => "text/plain; charset=utf-8",
        }
    }

    fn extensions(self) -> &'static [&'static str] {
        match self {
            FileType::Png => &["png"],
            FileType::Jpeg => &["jpg", "jpeg"],
            FileType::Gif => &["gif"],
            FileType::Webp => &["webp"],
            FileType::Pdf => &["pdf"],
            FileType::Text => &["txt", "log", "conf", "json", "csv", "md"],
        }
    }

    /// Reads what somebody attaches: a kind that is taken, not too large. A text comes back without keys.
    pub fn check(content: Vec<u8>) -> Result<(FileType, Vec<u8>), FileError> {
        if content.is_empty() {
            return Err(FileError::Empty);
        }
        if content.len() > MOST_FILE_BYTES {
            return Err(FileError::TooLarge);
        }
        let kind = FileType::of(&content).ok_or(FileError::Kind)?;
        let content = match (kind, String::from_utf8(content)) {
            (FileType::Text, Ok(text)) => without_keys(&text).into_bytes(),
            (_, Ok(text)) => text.into_bytes(),
            (_, Err(bytes)) => bytes.into_bytes(),
        };
        Ok((kind, content))
    }
}

/// The name of a file, without folders, with an extension that fits its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Makes a name from what was sent. There is always one: what does not fit in a name is left out.
    pub fn of(sent: &str, kind: FileType) -> FileName {
        let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
        let is_plain =
            |c: &char| !is_invisible(*c) && !matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*' | ';' | '%');
        let name: String = last.chars().filter(is_plain).take(MOST_NAME).collect();
        let name = name.trim_matches(['.', ' ']);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let stem = if stem.is_empty() { "file" } else { stem };
        let lower = extension.to_ascii_lowercase();
        let known = kind.extensions().iter().find(|known| **known == lower);
        FileName(match known {
            Some(known) => format!("{stem}.{known}"),
            // A second extension stays visible as part of the name, and means nothing to a system that opens it.
            None if extension.is_empty() => format!("{stem}.{}", kind.extensions()[0]),
            None => format!("{stem}-{lower}.{}", kind.extensions()[0]),
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// More than [`MOST_FILE_BYTES`].
    #[error("a file has at most 5 MB")]
    TooLarge,
    /// Another kind.
    #[error("a file is a picture (PNG, JPEG, GIF, WebP), a PDF, or plain text")]
    Kind,
    /// More than [`MOST_BYTES_TOGETHER`].
    #[error("the files of a message have at most 10 MB together")]
    TooLargeTogether,
    /// More than [`MOST_FILES`].
    #[error("a message has at most four files")]
    TooMany,
}

impl FileError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            FileError::Empty => "file_empty",
            FileError::TooLarge => "file_too_large",
            FileError::TooLargeTogether => "files_too_large",
            FileError::Kind => "file_kind",
            FileError::TooMany => "files_too_many",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        for (content, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some(FileType::Png)),
            (b"\xff\xd8\xff\xe0", Some(FileType::Jpeg)),
            (b"GIF89a...", Some(FileType::Gif)),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some(FileType::Webp)),
            (b"RIFF\x01\x02\x03\x04WAVE", None),
            (b"%PDF-1.7", Some(FileType::Pdf)),
            ("wg0: no handshake\r\n\t未来".as_bytes(), Some(FileType::Text)),
            (b"MZ\x90\0", None),
            (b"\x7fELF", None),
            (b"PK\x03\x04", None),
        ] {
            assert_eq!(FileType::of(content), expected, "{content:?}");
        }
    }

    #[test]
    fn what_is_too_large_empty_or_of_another_kind_is_refused_and_texts_lose_their_keys() {
        assert_eq!(FileType::check(Vec::new()), Err(FileError::Empty));
        assert_eq!(FileType::check(vec![b'a'; MOST_FILE_BYTES + 1]), Err(FileError::TooLarge));
        assert_eq!(FileType::check(b"\0\x01".to_vec()), Err(FileError::Kind));
        let (kind, content) = FileType::check(b"PrivateKey = abc\nDNS = 10.64.0.1\n".to_vec()).unwrap();
        assert_eq!((kind, content), (FileType::Text, b"PrivateKey = [removed]\nDNS = 10.64.0.1\n".to_vec()));
    }

    #[test]
    fn names_lose_what_could_lead_astray() {
        for (sent, kind, expected) in [
            ("screen.png", FileType::Png, "screen.png"),
            ("C:\\Users\\mika\\screen.PNG", FileType::Png, "screen.png"),
            ("../../etc/passwd", FileType::Text, "passwd.txt"),
            ("a\r\nSet-Cookie: x=1.png", FileType::Png, "aSet-Cookie x=1.png"),
            ("\"; filename=\"evil.html", FileType::Text, "filename=evil-html.txt"),
            ("photo.exe", FileType::Jpeg, "photo-exe.jpg"),
            ("gpj\u{202e}exe.txt", FileType::Text, "gpjexe.txt"),
            ("", FileType::Pdf, "file.pdf"),
            ("...", FileType::Pdf, "file.pdf"),
            ("未来.log", FileType::Text, "未来.log"),
        ] {
            assert_eq!(FileName::of(sent, kind).as_str(), expected, "{sent:?}");
        }
        assert!(FileName::of(&"x".repeat(1_000), FileType::Png).as_str().len() <= MOST_NAME + 5);
    }
}
