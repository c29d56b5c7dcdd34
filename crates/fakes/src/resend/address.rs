//! The forms of an address that the real services take.

/// The address inside `Name <address>`, or the text itself.
pub(crate) fn bare(text: &str) -> &str {
    let text = text.trim();
    match text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((_, address)) => address.trim(),
        None => text,
    }
}

/// Whether `text` is a mail address: one `@`, a local part, and a domain with a dot whose labels are letters, digits and
/// hyphens. `localhost` alone is not enough for either service.
pub(crate) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let odd = |letter: char| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, '<' | '>' | '@' | ',' | ';' | '"' | '(' | ')')
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    !local.is_empty()
        && local.len() <= 64
        && !local.contains(odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// Whether `text` may stand in `from` or `to`: an address, or `Name <address>`.
pub(crate) fn is_mailbox(text: &str) -> bool {
    let named = text.contains('<') || text.contains('>');
    if !named {
        return is_address(text);
    }
    let inside = text.strip_suffix('>').and_then(|text| text.split_once('<'));
    inside.is_some_and(|(name, address)| !name.contains(['\r', '\n', '>']) && is_address(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_at_and_a_domain_with_a_dot() {
        for (text, good) in [
            ("mika@example.com", true),
            ("mika+vpn@mail.example.co.jp", true),
            ("MIKA@EXAMPLE.COM", true),
            ("mika@localhost", false),
            ("mika", false),
            ("@example.com", false),
            ("mika@@example.com", false),
            ("mi ka@example.com", false),
            ("mika@example..com", false),
            (".mika@example.com", false),
            ("mika@-example.com", false),
            ("mika@example.com\r\nBcc: x@example.com", false),
        ] {
            assert_eq!(is_address(text), good, "{text}");
        }
    }

    #[test]
    fn a_mailbox_may_carry_a_name() {
        for (text, good) in [
            ("MiraiVPN <hello@example.com>", true),
            ("<hello@example.com>", true),
            ("hello@example.com", true),
            ("MiraiVPN <hello>", false),
            ("MiraiVPN hello@example.com>", false),
            ("Mirai\r\nVPN <hello@example.com>", false),
        ] {
            assert_eq!(is_mailbox(text), good, "{text}");
        }
        assert_eq!(bare("MiraiVPN <hello@example.com>"), "hello@example.com");
    }
}
