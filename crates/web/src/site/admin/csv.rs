//! Files for a spreadsheet (RFC 4180). What begins like a formula is marked as text, so that no name can act there.

use axum::http::header;
use axum::response::{AppendHeaders, IntoResponse, Response};

/// Rows as a file to be kept.
pub(super) fn file(name: &str, rows: &[Vec<String>]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let text: String = rows.iter().map(|row| line(row)).collect();
    (AppendHeaders(headers), text).into_response()
}

fn line(row: &[String]) -> String {
    let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.starts_with('+');
    let acts = !is_number && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if acts { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_text_and_a_figure_is_none() {
        for (text, expected) in [
            ("osaka-1", "osaka-1"),
            ("-5.99", "-5.99"),
            ("0", "0"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1+1", "'-1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("-inf", "'-inf"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
        assert_eq!(line(&["a".to_owned(), "=b".to_owned()]), "a,'=b\r\n");
    }
}
