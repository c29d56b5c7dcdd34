//! The look of the fakes' pages: plain HTML with its style inside, light and dark, no script.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// `text` safe inside an element or a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1c2230;--paper:#faf8f4;--quiet:#5a6070;--line:#d8d3c8;--shu:#b93a26;--on-shu:#fff;--ai:#274b87;--field:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#ece9e2;--paper:#15181f;--quiet:#a9aebb;--line:#353a46;--shu:#e2674f;--on-shu:#15181f;--ai:#9dbcf2;--field:#1e222b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,'Hiragino Sans','Noto Sans JP','Yu Gothic UI',sans-serif}
main{max-width:40rem;margin:0 auto;padding:24px 16px 48px}
.note{margin:0;padding:8px 16px;border-bottom:1px solid var(--line);color:var(--quiet);font-size:14px}
h1{font-size:26px;line-height:1.25;margin:24px 0 8px}h2{font-size:18px;margin:32px 0 8px}
p{margin:8px 0}.quiet{color:var(--quiet)}a{color:var(--ai)}
.sum{font-size:32px;font-variant-numeric:tabular-nums;margin:4px 0 16px}
label{display:block;margin:16px 0 4px;font-weight:600}
input{width:100%;font:inherit;padding:10px 12px;color:inherit;background:var(--field);border:1px solid var(--quiet);border-radius:6px}
button{font:inherit;padding:10px 20px;min-height:44px;border-radius:6px;border:1px solid var(--quiet);background:transparent;color:inherit;cursor:pointer}
button.main{background:var(--shu);border-color:var(--shu);color:var(--on-shu);font-weight:600}
.acts{display:flex;flex-wrap:wrap;gap:12px;margin:24px 0}
.bad{border-left:4px solid var(--shu);padding:8px 12px;margin:16px 0}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:8px 12px 8px 0;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-size:14px;color:var(--quiet);font-weight:600}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;margin:16px 0}
iframe{width:100%;height:32rem;border:1px solid var(--line);background:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:16px 0}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
";

/// A whole page. `note` is the line on top that says what this is not; `body` is HTML, already escaped where needed.
pub(crate) fn page(status: StatusCode, title: &str, note: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<p class=\"note\">{}</p>\n<main>\n{body}\n</main>\n</body>\n</html>\n",
        escape(title),
        escape(note),
    );
    // No form-action here: browsers hold it against the redirect after the post, which goes to the shop's own address.
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, html).into_response()
}

/// Unix seconds as `2026-11-23 18:30 UTC`.
pub(crate) fn when(seconds: i64) -> String {
    match time::OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(at) => {
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02} UTC",
                at.year(),
                u8::from(at.month()),
                at.day(),
                at.hour(),
                at.minute()
            )
        }
        Err(_) => seconds.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_stays_text() {
        assert_eq!(escape("<b title=\"x\">'&'"), "&lt;b title=&quot;x&quot;&gt;&#39;&amp;&#39;");
    }

    #[test]
    fn a_time_reads_as_a_day_and_a_minute() {
        assert_eq!(when(1_700_000_000), "2023-11-14 22:13 UTC");
    }
}
