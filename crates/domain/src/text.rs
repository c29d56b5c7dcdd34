//! Which characters a person can't see.

/// Whether a character leaves no trace on a screen or changes how its neighbours are read: controls, zero-width
/// characters, marks of writing direction, line and paragraph separators, tags, variation selectors.
///
/// Names that hold them look like other names, or break the line that they stand in.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_and_what_not() {
        for c in ['a', ' ', 'é', '未', 'ー', '\u{3000}', '\u{a0}', '🦊', '#'] {
            assert!(!is_invisible(c), "{c:?}");
        }
        for c in ['\0', '\n', '\r', '\t', '\u{7f}', '\u{85}', '\u{200b}', '\u{202e}', '\u{2028}', '\u{feff}'] {
            assert!(is_invisible(c), "{c:?}");
        }
    }
}
