//! Whether a name has an IPv4 address, at a resolver: one question of RFC 1035 over UDP.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;

use super::{Answer, Trouble};

const HEADER: usize = 12;
const A: [u8; 2] = [0, 1];
const IN: [u8; 2] = [0, 1];
/// The longest answer that fits without EDNS.
const MAX_ANSWER: usize = 512;

/// Asks once each `pause`, until an answer comes or the caller is tired of it.
pub(super) async fn look(name: &str, resolver: SocketAddr, nonce: u64, pause: Duration) -> Result<Answer, Trouble> {
    let own: SocketAddr =
        if resolver.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(resolver).await?;
    let question = question(name, nonce as u16);
    let mut answer = [0; MAX_ANSWER];
    let began = Instant::now();
    loop {
        socket.send(&question).await?;
        let until = tokio::time::Instant::now() + pause;
        while let Ok(received) = tokio::time::timeout_at(until, socket.recv(&mut answer)).await {
            let received = received?;
            let Some(found) = judge(&question, answer.get(..received).unwrap_or_default()) else { continue };
            let trouble = (!found).then_some(Trouble::Answer);
            return Ok(Answer { trouble, ..Answer::after(began, resolver.ip()) });
        }
    }
}

/// A question for the address of a name, whose parts are known to be of 1 to 63 letters.
fn question(name: &str, id: u16) -> Vec<u8> {
    let mut packet = Vec::with_capacity(HEADER + name.len() + 6);
    packet.extend(id.to_be_bytes());
    // A plain question, to be answered with all that it takes; one of it, and nothing else.
    packet.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        packet.push(u8::try_from(label.len()).unwrap_or(0));
        packet.extend(label.as_bytes());
    }
    packet.push(0);
    packet.extend(A);
    packet.extend(IN);
    packet
}

/// Whether an answer has an address in it; `None` for what is no answer to the question.
fn judge(question: &[u8], answer: &[u8]) -> Option<bool> {
    let header = answer.get(..HEADER)?;
    let is_answer = header[2] & 0x80 != 0;
    let is_ours = header[..2] == question[..2] && header[4..6] == [0, 1];
    let asked = &question[HEADER..];
    let is_same = answer.get(HEADER..HEADER + asked.len()).is_some_and(|again| again.eq_ignore_ascii_case(asked));
    if !(is_answer && is_ours && is_same) {
        return None;
    }
    let is_good = header[3] & 0x0f == 0;
    Some(is_good && has_address(&answer[HEADER + asked.len()..], u16::from_be_bytes([header[6], header[7]])))
}

/// Whether one of so many records is an IPv4 address.
fn has_address(mut records: &[u8], count: u16) -> bool {
    for _ in 0..count {
        let Some(fixed) = after_name(records) else { return false };
        let Some((fields, rest)) = fixed.split_at_checked(10) else { return false };
        if fields[..2] == A && fields[2..4] == IN && fields[8..] == [0, 4] && rest.len() >= 4 {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([fields[8], fields[9]]));
        let Some(after) = rest.get(length..) else { return false };
        records = after;
    }
    false
}

/// What stands after a name: labels until an empty one, or a reference to an earlier name.
fn after_name(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, rest) = bytes.split_first()?;
        match length {
            0 => return Some(rest),
            1..64 => bytes = rest.get(usize::from(length)..)?,
            192.. => return rest.get(1..),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: [u8; 16] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1];
    const ALIAS: [u8; 16] = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'b', 0xc0, 14];

    fn answer(question: &[u8], code: u8, records: &[[u8; 16]]) -> Vec<u8> {
        let mut packet = question.to_vec();
        packet[2] |= 0x80;
        packet[3] = code;
        packet[7] = u8::try_from(records.len()).unwrap();
        packet.extend(records.concat());
        packet
    }

    #[test]
    fn what_an_answer_says() {
        let asked = question("a.test", 7);
        assert_eq!(&asked[HEADER..], b"\x01a\x04test\0\0\x01\0\x01");
        for (code, records, expect) in [
            (0, &[ADDRESS][..], Some(true)),
            (0, &[ALIAS, ADDRESS], Some(true)),
            (0, &[ALIAS], Some(false)),
            (0, &[], Some(false)),
            (3, &[], Some(false)),
            (2, &[ADDRESS], Some(false)),
        ] {
            assert_eq!(judge(&asked, &answer(&asked, code, records)), expect, "{code} {records:?}");
        }
        assert_eq!(judge(&asked, &asked), None, "a question");
        assert_eq!(judge(&asked, &answer(&question("a.test", 8), 0, &[ADDRESS])), None, "another's");
        assert_eq!(judge(&asked, &answer(&question("b.test", 7), 0, &[ADDRESS])), None, "another name");
        let whole = answer(&asked, 0, &[ALIAS, ADDRESS]);
        for length in 0..whole.len() {
            assert_ne!(judge(&asked, &whole[..length]), Some(true), "{length}");
        }
    }
}
