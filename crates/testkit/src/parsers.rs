//! What must be true of the parsers that read what strangers write, for any bytes (promise S64).
//!
//! The fuzz targets in `fuzz/` call these functions with inputs that libFuzzer makes, and `tests/parsers.rs` with every
//! file of `fuzz/corpus/`. A function returns when all is well and panics when not; an input that can't even reach the
//! parser (say, text that is no UTF-8) returns at once.
#![expect(clippy::unwrap_used, reason = "a broken promise fails as a test does")]

use app::tokens::{self, Access, Refresh};
use app::{Brand, Config, Limits, StripeKeys, Taxes};
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clients::stripe::webhook::{TOLERANCE_S, WebhookError, sign, verify};
use domain::account::Email;
use domain::names::Endpoint;
use domain::networks::network;
use domain::reward::Terms;
use domain::vpn::client_file::ClientFile;
use domain::vpn::config::{ConfigFile, Mtu, Routes};
use domain::vpn::dns::Resolvers;
use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::pool::Pool;
use uuid::Uuid;
use web::{CookieName, CookieStyle, read_cookie};

/// A promise about one parser: takes any bytes, panics when it is broken.
pub type Promise = fn(&[u8]);

/// All of them, by the name of their fuzz target and corpus folder.
pub const ALL: [(&str, Promise); 6] = [
    ("stripe_header", stripe_header),
    ("jwt", jwt),
    ("email", email),
    ("cidr", cidr),
    ("cookies", cookies),
    ("wg_file", wg_file),
];

/// The time at which everything here happens, in seconds.
const NOW_S: i64 = 1_800_000_000;
const SECRETS: [&str; 2] = ["whsec_one", "whsec_two"];

/// A webhook: the first line is `Stripe-Signature`, the rest the body. An event is believed only with one of our
/// signatures over this very body and time, and one that we sign is never called forged.
pub fn stripe_header(data: &[u8]) {
    let (header, body) = data.iter().position(|byte| *byte == b'\n').map_or((data, &[][..]), |at| {
        let (header, rest) = data.split_at(at);
        (header, &rest[1..])
    });
    let Ok(header) = str::from_utf8(header) else { return };
    let secrets = ["", SECRETS[0], SECRETS[1]].map(|secret| secret.to_owned().into());
    let verdict = verify(body, header, &secrets, NOW_S);
    if !matches!(verdict, Err(WebhookError::Header | WebhookError::Signature)) {
        let parts: Vec<&str> = header.split(',').map(str::trim).collect();
        let time: i64 = parts.iter().find_map(|part| part.strip_prefix("t=")).unwrap().parse().unwrap();
        let ours = SECRETS.map(|secret| sign(body, secret, time).split_once(',').unwrap().1.to_owned());
        let claimed =
            |right: &String| parts.iter().any(|part| part.starts_with("v1=") && part.eq_ignore_ascii_case(right));
        assert!(ours.iter().any(claimed), "believed without a signature of ours");
        let in_time = time.abs_diff(NOW_S) <= TOLERANCE_S.unsigned_abs();
        assert_eq!(in_time, !matches!(verdict, Err(WebhookError::Time)));
    }
    let right = sign(body, SECRETS[0], NOW_S);
    let verdict = |body: &[u8], secrets| verify(body, &right, secrets, NOW_S).map(drop);
    assert!(matches!(verdict(body, &secrets), Ok(()) | Err(WebhookError::Payload)));
    assert_eq!(verdict(body, &secrets[..1]), Err(WebhookError::Signature));
    assert_eq!(verdict(body, &secrets[2..]), Err(WebhookError::Signature));
    assert_eq!(verdict(&[body, b" "].concat(), &secrets), Err(WebhookError::Signature));
}

/// The API's tokens. What is read is what we wrote, in that very spelling; what we wrote is read, and with one byte
/// changed (the input's bytes say whose token, and which byte) it is not.
pub fn jwt(data: &[u8]) {
    let config = config();
    let now = NOW_S * 1000;
    if let Ok(text) = str::from_utf8(data) {
        if let Some(access) = tokens::read_access(&config, text, now) {
            let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
            let written = tokens::access(&config, access, claims["iat"].as_i64().unwrap() * 1000);
            assert_eq!(written, text, "another spelling of a token counts");
        }
        if let Some(refresh) = tokens::read_refresh(&config.jwt_secret, text) {
            assert_eq!(tokens::refresh(&config.jwt_secret, refresh), text, "another spelling of a token counts");
        }
    }

    let mut bytes = [0; 40];
    for (byte, given) in bytes.iter_mut().zip(data) {
        *byte = *given;
    }
    let id = |at: usize| Uuid::from_slice(&bytes[at..at + 16]).unwrap();
    let [.., place, change] = bytes;
    let access = Access { user: id(0), session: id(16) };
    let written = tokens::access(&config, access, now);
    let read = |text: &str, now| tokens::read_access(&config, text, now);
    assert_eq!(read(&written, now), Some(access));
    assert_eq!(read(&written, now + 2 * config.access_ms), None, "it is over");
    assert_eq!(read(&written, now - config.access_ms), None, "it is not yet");
    assert_eq!(read(&changed(&written, place, change), now), None);
    assert_eq!(tokens::read_refresh(&config.jwt_secret, &written), None);

    let refresh = Refresh { session: id(0), generation: i64::from_be_bytes(bytes[16..24].try_into().unwrap()) };
    let written = tokens::refresh(&config.jwt_secret, refresh);
    assert_eq!(tokens::read_refresh(&config.jwt_secret, &written), Some(refresh));
    assert_eq!(tokens::read_refresh(&config.jwt_secret, &changed(&written, place, change)), None);
    assert_eq!(tokens::read_refresh(&"another secret".to_owned().into(), &written), None);
    assert_eq!(read(&written, now), None);
}

/// The text with one character of it replaced by another one.
fn changed(text: &str, place: u8, change: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = usize::from(place) % bytes.len();
    let other = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.="[usize::from(change) % 66];
    bytes[at] = if bytes[at] == other { b'!' } else { other };
    String::from_utf8(bytes).unwrap()
}

fn config() -> Config {
    Config {
        referrals: Terms::default(),
        taxes: Taxes::Unknown,
        money_back_days: 30,
        flow: None,
        ticket_quiet: domain::ticket::Quiet::of_days(3),
        has_bot: false,
        release: None,
        app_url: "https://mirai.test".parse().unwrap(),
        brand: Brand { name: "MiraiVPN".to_owned(), support: "help@mirai.test".to_owned() },
        mail_from: "hello@mirai.test".to_owned(),
        jwt_secret: "a secret of the tests, thirty-two bytes or more".to_owned().into(),
        access_ms: 15 * 60_000,
        refresh_ms: 30 * 86_400_000,
        stripe: StripeKeys { webhook_secrets: Vec::new(), livemode: false },
        api_keys: Vec::new(),
        pool: Pool::new("10.64.0.0/10".parse().unwrap(), "fd4d:6972:6169::/48".parse().unwrap()).unwrap(),
        resolvers: Resolvers::default(),
        limits: Limits::default(),
    }
}

/// A mail address. Its canonical form is its own canonical form, its forms stand in one line of a mail's head, and
/// reading what mail servers get leads to the same account.
pub fn email(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(email) = Email::parse(text) else { return };
    let canonical = Email::parse(email.canonical()).unwrap();
    assert_eq!(canonical.canonical(), email.canonical());
    assert_eq!(canonical.as_str(), email.canonical());
    assert!(email.canonical().is_ascii() && !email.canonical().bytes().any(|b| b.is_ascii_uppercase()));
    for form in [email.as_str(), email.canonical(), &email.deliverable()] {
        assert!(form.len() <= 254 && !form.chars().any(char::is_control), "{form:?}");
        assert!(form.contains('@') && !form.contains(['<', '>', ',', ';', ':', '"', '(', ')', ' ']), "{form:?}");
        assert_eq!(Email::parse(&format!(" {form}\u{3000}")).unwrap().canonical(), email.canonical());
    }
    assert!(email.deliverable().is_ascii());
}

/// Networks, one a line, and the first two as the pool of addresses. A network is written as it is read; the numbers of
/// a pool's devices and their addresses belong together, and none is the gateway's.
pub fn cidr(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    for line in text.lines() {
        let Ok(net) = network(line) else { continue };
        assert_eq!(network(&net.to_string()), Ok(net));
        assert!(net.contains(&net.addr()) && net.contains(&net.trunc()) && net.trunc().network() == net.network());
    }
    let mut lines = text.lines();
    let (Some(Ok(v4)), Some(Ok(v6))) = (lines.next().map(str::parse), lines.next().map(str::parse)) else { return };
    let Ok(pool) = Pool::new(v4, v6) else { return };
    let last = pool.capacity() + 1;
    assert!(pool.capacity() >= 1);
    for index in [i64::MIN, -1, 0, 1, last + 1, i64::MAX] {
        assert_eq!(pool.addresses(index), None, "{index}");
    }
    let middle = 2 + i64::try_from(data.len()).unwrap() % pool.capacity();
    for index in [2, middle, last] {
        let (address_v4, address_v6) = pool.addresses(index).unwrap();
        assert_eq!(pool.index_of(address_v4), Some(index));
        assert!(v4.contains(&address_v4) && v6.contains(&address_v6));
        assert!(address_v4 != v4.network() && address_v4 != v4.broadcast());
        assert!(address_v4 != pool.gateway().0 && address_v6 != pool.gateway().1);
    }
}

/// The `Cookie` headers, one a line. Nothing that stands beside our cookie hides or changes it, and only the very name
/// is ours.
pub fn cookies(data: &[u8]) {
    const OURS: &[u8] = b"__Host-session=";
    let mut headers = HeaderMap::new();
    let lines = data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    for line in lines {
        headers.append(header::COOKIE, line);
    }
    let read = |headers: &HeaderMap, style| read_cookie(headers, CookieName::Session, style);
    if let Some(value) = read(&headers, CookieStyle::Https) {
        let pair = [OURS, value.as_bytes()].concat();
        assert!(data.windows(pair.len()).any(|part| part == pair), "a value that was not sent: {value:?}");
        assert!(!value.contains([';', '\r', '\n']));
    }
    let bare = data.windows(8).any(|part| part == b"session=");
    assert!(bare || read(&headers, CookieStyle::PlainHttp).is_none());

    // Another host's cookies come first or last, in the same line or in one of their own.
    let alone = HeaderValue::from_static("__Host-session=aB0-_.x");
    let mut before = headers.clone();
    before.append(header::COOKIE, alone.clone());
    assert_eq!(read(&before, CookieStyle::Https).as_deref(), Some("aB0-_.x"));
    if !data.windows(OURS.len()).any(|part| part == OURS) {
        assert_eq!(read(&headers, CookieStyle::Https), None);
        let mut after = HeaderMap::new();
        after.append(header::COOKIE, alone);
        headers.get_all(header::COOKIE).iter().for_each(|line| {
            after.append(header::COOKIE, line.clone());
        });
        assert_eq!(read(&after, CookieStyle::Https).as_deref(), Some("aB0-_.x"));
        for line in headers.get_all(header::COOKIE) {
            let joined = [line.as_bytes(), b"; __Host-session=aB0-_.x; ", line.as_bytes()].concat();
            let mut one = HeaderMap::new();
            one.append(header::COOKIE, HeaderValue::from_bytes(&joined).unwrap());
            assert_eq!(read(&one, CookieStyle::Https).as_deref(), Some("aB0-_.x"));
        }
    }
}

/// Another program's WireGuard file, and its text as the title of one of ours. A file of ours that holds what was read
/// is read as the same, and no title adds a line to a file. A secret is not printed.
pub fn wg_file(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let read = ClientFile::parse(text).ok();
    let private = PrivateKey::from_random([1; 32]);
    let preshared = PresharedKey::from_bytes(read.as_ref().map_or([2; 32], |file| file.preshared_key));
    let ours = ConfigFile {
        private_key: Some(&private),
        address_v4: read.as_ref().map_or([10, 64, 0, 2].into(), |file| file.address),
        address_v6: std::net::Ipv6Addr::LOCALHOST,
        dns: Vec::new(),
        mtu: Mtu::M1420,
        server_key: read.as_ref().map_or(PrivateKey::from_random([3; 32]).public(), |file| file.server_key),
        preshared_key: &preshared,
        endpoint: read.as_ref().and_then(|file| file.endpoint.as_ref()).map_or("a.test:1", Endpoint::as_str).to_owned(),
        routes: Routes::All,
        title: text.to_owned(),
    };
    let rendered = ours.render();
    assert_eq!(rendered.lines().count(), 12);
    assert_eq!(rendered.split(char::is_control).count(), 13, "what some program takes for a line break");
    let again = ClientFile::parse(&rendered).unwrap();
    assert_eq!(again.public_key, private.public());
    assert_eq!(again.address, ours.address_v4);
    assert_eq!(again.server_key, ours.server_key);
    assert_eq!(&again.preshared_key, preshared.bytes());
    assert_eq!(again.endpoint.unwrap().as_str(), ours.endpoint);
    if let Some(file) = read {
        let shown = format!("{file:?}");
        let secret = preshared.expose();
        assert!(!shown.contains(secret.as_str()) && !shown.contains(&format!("{:?}", preshared.bytes())));
    }
}
