//! A websocket client with bad manners, which no library would be.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Socket(TcpStream);

impl Socket {
    /// Connects, and reads the answer to the upgrade.
    pub(crate) async fn connect(url: &str) -> Socket {
        let host = url.trim_start_matches("ws://");
        let mut stream = TcpStream::connect(host).await.unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        Socket(stream)
    }

    /// One text frame; a mask of zeros leaves the text as it is.
    pub(crate) async fn send(&mut self, text: &str) {
        let length = u16::try_from(text.len()).unwrap();
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend(length.to_be_bytes());
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.unwrap();
    }

    /// Reads on until the server closes; the code.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            let (kind, body) = self.frame().await;
            if kind == 8 {
                return u16::from_be_bytes([body[0], body[1]]);
            }
        }
    }

    /// Reads on until a text holds this; false if the server closes before.
    pub(crate) async fn text_with(&mut self, wanted: &str) -> bool {
        loop {
            let (kind, body) = self.frame().await;
            if kind == 8 || String::from_utf8_lossy(&body).contains(wanted) {
                return kind != 8;
            }
        }
    }

    /// Reads the next text; nothing if there is none for a while.
    pub(crate) async fn text(&mut self) -> Option<String> {
        let (_, body) = tokio::time::timeout(std::time::Duration::from_millis(500), self.frame()).await.ok()?;
        String::from_utf8(body).ok()
    }

    async fn frame(&mut self) -> (u8, Vec<u8>) {
        let kind = self.0.read_u8().await.unwrap() & 0x0f;
        let length = match self.0.read_u8().await.unwrap() {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            short => u64::from(short),
        };
        let mut body = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        (kind, body)
    }
}
