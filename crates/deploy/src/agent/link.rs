//! The connection to the laptop, and the log that stays when it is lost.

use std::fs::File;
use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;

use crate::wire::{self, Frame, Tell};

pub(super) struct Link<R, W> {
    from: R,
    to: Option<W>,
    log: Option<File>,
}

impl<R: Read, W: Write> Link<R, W> {
    pub(super) fn new(from: R, to: W) -> Link<R, W> {
        Link { from, to: Some(to), log: None }
    }

    /// From here on what is told stands in this file too.
    pub(super) fn log_to(&mut self, file: File) {
        self.log = Some(file);
    }

    /// Tells the other half. When that is gone the work goes on all the same.
    pub(super) fn tell(&mut self, message: &Tell) {
        if let Some(log) = &mut self.log
            && let Ok(mut line) = serde_json::to_vec(message)
        {
            line.push(b'\n');
            // A full disk must not stop a way back.
            let _ = log.write_all(&line);
        }
        if let Some(to) = &mut self.to
            && wire::say(to, message).is_err()
        {
            self.to = None;
        }
    }

    pub(super) fn hear<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        wire::hear(&mut self.from)
    }

    /// The next piece of an archive; `None` at its end.
    pub(super) fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        match wire::read(&mut self.from)? {
            Some(Frame::Bytes(bytes)) if bytes.is_empty() => Ok(None),
            Some(Frame::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Frame::Json(_)) => Err(io::Error::new(io::ErrorKind::InvalidData, "the archive was expected")),
            None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended inside the archive")),
        }
    }
}
