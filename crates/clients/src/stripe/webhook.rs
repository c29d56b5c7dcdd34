//! Events that Stripe posts to us: who signed them, when, and what they say.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::Event;

/// How old, or how far in the future, a signature may be, in seconds. Stripe's own libraries accept any future.
pub const TOLERANCE_S: i64 = 300;

/// Longest header that is read, in bytes; Stripe's have under 300.
const MAX_HEADER: usize = 4096;

/// Why an event is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The header has no time, two times, or no `v1` signature.
    #[error("the Stripe-Signature header needs one t and at least one v1")]
    Header,
    /// None of the signatures is one of ours over this very body.
    #[error("no signature in Stripe-Signature belongs to this body; check STRIPE_WEBHOOK_SECRET")]
    Signature,
    /// More than five minutes off.
    #[error("the signature's time is more than 300 s away from now; check the clock")]
    Time,
    /// Rightly signed, and no event.
    #[error("the body is not an event of Stripe")]
    Payload,
}

impl WebhookError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            WebhookError::Header => "signature_header_invalid",
            WebhookError::Signature => "signature_invalid",
            WebhookError::Time => "signature_time_invalid",
            WebhookError::Payload => "event_invalid",
        }
    }
}

/// Reads an event, if it was signed with one of the secrets within [`TOLERANCE_S`] of `now_s` (Unix seconds). `payload`
/// is the body as it came, byte for byte; `header` is `Stripe-Signature`. An empty secret is no secret.
pub fn verify(payload: &[u8], header: &str, secrets: &[SecretString], now_s: i64) -> Result<Event, WebhookError> {
    let (time, claims) = parse(header).ok_or(WebhookError::Header)?;
    let signed_at: i64 = time.parse().map_err(|_| WebhookError::Header)?;
    let mut valid = Choice::from(0);
    for secret in secrets.iter().filter(|secret| !secret.expose_secret().is_empty()) {
        let right = mac(payload, secret.expose_secret(), time);
        for claim in &claims {
            valid |= right.ct_eq(claim);
        }
    }
    if !bool::from(valid) {
        return Err(WebhookError::Signature);
    }
    if signed_at.abs_diff(now_s) > TOLERANCE_S.unsigned_abs() {
        return Err(WebhookError::Time);
    }
    serde_json::from_slice(payload).map_err(|_| WebhookError::Payload)
}

/// The header that Stripe would send with this body at `t` (Unix seconds), for stand-ins of Stripe.
pub fn sign(payload: &[u8], secret: &str, t: i64) -> String {
    format!("t={t},v1={}", hex::encode(mac(payload, secret, &t.to_string())))
}

fn mac(payload: &[u8], secret: &str, time: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(payload);
    mac.finalize().into_bytes().into()
}

/// `t=…,v1=…,v1=…`: the time as written, and the signatures that could be ones. Other schemes are skipped: `v0` is what
/// test events carry beside the real one.
fn parse(header: &str) -> Option<(&str, Vec<[u8; 32]>)> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let (mut time, mut claims) = (None, Vec::new());
    for (scheme, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match scheme {
            "t" if time.is_some() => return None,
            "t" => time = Some(value),
            "v1" => {
                let mut claim = [0; 32];
                if hex::decode_to_slice(value, &mut claim).is_ok() {
                    claims.push(claim);
                }
            }
            _ => {}
        }
    }
    let time = time.filter(|time| !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit()))?;
    (!claims.is_empty()).then_some((time, claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_right";
    const NOW: i64 = 1_800_000_000;
    const BODY: &str = r#"{"id": "evt_1", "type": "invoice.paid", "created": 1, "livemode": false,
        "data": {"object": {"id": "in_1"}}}"#;

    fn check(body: &str, header: &str) -> Result<String, WebhookError> {
        let secrets = ["whsec_next", SECRET].map(|secret| SecretString::from(secret.to_owned()));
        verify(body.as_bytes(), header, &secrets, NOW).map(|event| event.id)
    }

    fn v1(t: i64) -> String {
        sign(BODY.as_bytes(), SECRET, t).split_once(",v1=").unwrap().1.to_owned()
    }

    #[test]
    fn s6_what_is_accepted() {
        let right = v1(NOW);
        let zeros = "0".repeat(64);
        let accepted = [
            sign(BODY.as_bytes(), SECRET, NOW),
            sign(BODY.as_bytes(), "whsec_next", NOW),
            sign(BODY.as_bytes(), SECRET, NOW - 299),
            sign(BODY.as_bytes(), SECRET, NOW - 300),
            sign(BODY.as_bytes(), SECRET, NOW + 300),
            format!("t={NOW},v1={zeros},v1={right}"),
            format!("t={NOW},v1={right},v1={zeros}"),
            format!("t={NOW},v0={zeros},v1={right},v2=x"),
            format!("v1={right}, t={NOW}"),
            format!("t={NOW},v1=short,v1={right}"),
        ];
        for header in accepted {
            assert_eq!(check(BODY, &header), Ok("evt_1".to_owned()), "{header}");
        }
    }

    #[test]
    fn s5_what_is_refused() {
        let right = v1(NOW);
        let table = [
            (sign(BODY.as_bytes(), "whsec_wrong", NOW), WebhookError::Signature),
            (sign(BODY.as_bytes(), "", NOW), WebhookError::Signature),
            (sign(BODY.as_bytes(), SECRET, NOW - 301), WebhookError::Time),
            (sign(BODY.as_bytes(), SECRET, NOW + 301), WebhookError::Time),
            (format!("t={},v1={right}", NOW - 1), WebhookError::Signature),
            (format!("t=0{NOW},v1={right}"), WebhookError::Signature),
            (format!("t={NOW},v1={}", &right[..62]), WebhookError::Header),
            (format!("t={NOW},v0={right}"), WebhookError::Header),
            (format!("t={NOW},V1={right}"), WebhookError::Header),
            (format!("v1={right}"), WebhookError::Header),
            (format!("t=,v1={right}"), WebhookError::Header),
            (format!("t=+{NOW},v1={right}"), WebhookError::Header),
            (format!("t={},v1={right}", "9".repeat(30)), WebhookError::Header),
            (format!("t={NOW},t={NOW},v1={right}"), WebhookError::Header),
            (String::new(), WebhookError::Header),
            (",".repeat(5000), WebhookError::Header),
        ];
        for (header, error) in table {
            assert_eq!(check(BODY, &header), Err(error), "{header}");
        }
    }

    #[test]
    fn s5_one_changed_byte_breaks_it() {
        let header = sign(BODY.as_bytes(), SECRET, NOW);
        for place in 0..BODY.len() {
            let mut body = BODY.as_bytes().to_vec();
            body[place] ^= 1;
            let secrets = [SecretString::from(SECRET.to_owned())];
            assert_eq!(verify(&body, &header, &secrets, NOW).map(|_| ()), Err(WebhookError::Signature));
        }
        let again: serde_json::Value = serde_json::from_str(BODY).unwrap();
        assert_eq!(check(&again.to_string(), &header), Err(WebhookError::Signature), "written anew");
    }

    #[test]
    fn without_a_secret_nothing_is_believed() {
        let header = sign(BODY.as_bytes(), "", NOW);
        for secrets in [vec![], vec![SecretString::from(String::new())]] {
            assert_eq!(verify(BODY.as_bytes(), &header, &secrets, NOW).map(|_| ()), Err(WebhookError::Signature));
        }
    }

    #[test]
    fn rightly_signed_rubbish_is_no_event() {
        for body in ["", "{}", "[]", "not json", r#"{"id":"evt_1"}"#] {
            let header = sign(body.as_bytes(), SECRET, NOW);
            assert_eq!(check(body, &header), Err(WebhookError::Payload), "{body:?}");
        }
    }

    #[test]
    fn the_scheme_as_stripe_documents_it() {
        // HMAC-SHA256 of "1700000000.{}", computed with another library.
        let expected = "35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91";
        assert_eq!(sign(b"{}", "whsec_test", 1_700_000_000), format!("t=1700000000,v1={expected}"));
    }
}
