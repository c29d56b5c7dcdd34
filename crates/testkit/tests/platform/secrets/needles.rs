//! What is searched for, in every form that it may have taken, in one pass over what may be large.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Where a needle may begin is found by its first bytes.
const HEAD: usize = 6;

/// Secrets in all their forms.
#[derive(Default)]
pub(super) struct Needles {
    /// What each is called, and one form of it.
    forms: Vec<(String, Vec<u8>)>,
}

impl Needles {
    /// Adds something secret: as it is, in hex of both cases, and in base64 wherever it may stand in what was encoded.
    pub(super) fn add(&mut self, what: &str, secret: &[u8]) {
        let hex = hex::encode(secret);
        let mut forms = vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        for before in 0..3 {
            let shifted = [&vec![0; before], secret].concat();
            // Only the characters that the secret alone decides.
            let certain = |text: String| {
                text.as_bytes()[before * 4 / 3 + usize::from(before > 0)..shifted.len() * 4 / 3].to_vec()
            };
            forms.extend([certain(STANDARD.encode(&shifted)), certain(URL_SAFE.encode(&shifted))]);
        }
        forms.sort();
        forms.dedup();
        assert!(forms.iter().all(|form| form.len() > HEAD), "{what} is too short to be told from chance");
        self.forms.extend(forms.into_iter().map(|form| (what.to_owned(), form)));
    }

    /// What is found in `content`, each once.
    pub(super) fn found_in(&self, content: &[u8]) -> Vec<String> {
        let mut by_head: HashMap<&[u8], Vec<usize>> = HashMap::new();
        let mut may_begin = vec![false; 1 << 16];
        let pair = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
        for (n, (_, form)) in self.forms.iter().enumerate() {
            by_head.entry(&form[..HEAD]).or_default().push(n);
            may_begin[pair(form)] = true;
        }
        let mut found = Vec::new();
        for (at, head) in content.windows(HEAD).enumerate() {
            if !may_begin[pair(head)] {
                continue;
            }
            for &n in by_head.get(head).into_iter().flatten() {
                let (what, form) = &self.forms[n];
                if content[at..].starts_with(form) && !found.contains(what) {
                    found.push(what.clone());
                }
            }
        }
        found
    }
}

#[test]
fn a_secret_is_found_in_every_form() {
    let mut needles = Needles::default();
    needles.add("it", b"a secret of ours\xff\x00\xfe");
    let it = b"a secret of ours\xff\x00\xfe".as_slice();
    for before in 0..4 {
        let inside = [&b"xyzw"[..before], it, b" and more"].concat();
        for place in [inside.clone(), hex::encode(&inside).into_bytes(), STANDARD.encode(&inside).into_bytes()] {
            assert_eq!(needles.found_in(&place), ["it"], "{}", String::from_utf8_lossy(&place));
        }
        assert_eq!(needles.found_in(URL_SAFE.encode(&inside).as_bytes()), ["it"]);
    }
    assert_eq!(needles.found_in(b"a secret of others, and nothing of ours"), Vec::<String>::new());
}
