//! Stripe's form encoding: nested brackets, and a table per request that says which names and kinds are known.

use super::errors::ApiError;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a parameter's text must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Text, not empty, at most 5000 characters.
    Text,
    /// Text, where an empty one unsets the field.
    Unset,
    /// A whole number.
    Int,
    /// A number with a decimal point.
    Decimal,
    /// `true` or `false`.
    Bool,
    /// A mail address.
    Email,
    /// An http or https address.
    Url,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// One known parameter: its path (`#` stands for an index, `*` for any key) and its kind.
pub(crate) type Known = (&'static str, Kind);

/// Paging, as every list takes it.
pub(crate) const PAGING: &[Known] =
    &[("limit", Kind::Int), ("starting_after", Kind::Text), ("ending_before", Kind::Text)];
/// `created` as a moment or a range.
pub(crate) const CREATED: &[Known] = &[
    ("created", Kind::Int),
    ("created[gt]", Kind::Int),
    ("created[gte]", Kind::Int),
    ("created[lt]", Kind::Int),
    ("created[lte]", Kind::Int),
];

/// Parameters as they were sent, in canonical names (`expand[]` became `expand[0]`), the last of a repeated name winning.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
}

/// `line_items[0][price]` → `["line_items", "0", "price"]`; `None` when the brackets do not pair.
fn segments(name: &str) -> Option<Vec<&str>> {
    let (head, mut rest) = match name.find('[') {
        None => return Some(vec![name]),
        Some(at) => name.split_at(at),
    };
    let mut parts = vec![head];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[')?;
        let end = inner.find(']')?;
        parts.push(&inner[..end]);
        rest = &inner[end + 1..];
    }
    Some(parts)
}

fn matches(pattern: &str, name: &[&str]) -> bool {
    let Some(pattern) = segments(pattern) else { return false };
    pattern.len() == name.len()
        && pattern.iter().zip(name).all(|(want, got)| match *want {
            "#" => got.bytes().all(|byte| byte.is_ascii_digit()),
            "*" => !got.is_empty(),
            want => want == *got,
        })
}

impl Params {
    /// Parses a query or a body.
    pub(crate) fn parse(encoded: &[u8]) -> Result<Params, ApiError> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(encoded)
            .map_err(|_| ApiError::parameter(None, "Invalid request: the parameters are not form-encoded.", ""))?;
        let mut values = BTreeMap::new();
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        for (name, value) in pairs {
            let mut canonical = name.clone();
            while let Some(at) = canonical.find("[]") {
                let index = next.entry(canonical[..at].to_owned()).or_default();
                canonical.replace_range(at..at + 2, &format!("[{index}]"));
                *index += 1;
            }
            values.insert(canonical, value);
        }
        Ok(Params { values })
    }

    /// Refuses unknown names and wrong kinds; `expand` is known everywhere.
    pub(crate) fn check(&self, known: &[&[Known]]) -> Result<(), ApiError> {
        let kind_of = |name: &str| {
            let parts = segments(name)?;
            let expand: &[Known] = &[("expand[#]", Kind::Text)];
            known
                .iter()
                .copied()
                .chain([expand])
                .flatten()
                .find(|(path, _)| matches(path, &parts))
                .map(|(_, kind)| *kind)
        };
        let unknown: Vec<String> = self.values.keys().filter(|name| kind_of(name).is_none()).cloned().collect();
        if !unknown.is_empty() {
            return Err(ApiError::unknown(&unknown));
        }
        self.values.iter().try_for_each(|(name, value)| match kind_of(name) {
            Some(kind) => accept(name, value, kind),
            None => Ok(()),
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::missing(name))
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|value| value.parse().ok())
    }

    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value == "true")
    }

    /// The value as JSON: text, or null when it is absent or empty.
    pub(crate) fn text_or_null(&self, name: &str) -> Value {
        self.get(name).filter(|value| !value.is_empty()).map_or(Value::Null, |value| json!(value))
    }

    /// The indices that were sent under `name`, in number order.
    pub(crate) fn indices(&self, name: &str) -> Vec<String> {
        let prefix = format!("{name}[");
        let mut found: Vec<String> = self
            .values
            .keys()
            .filter_map(|key| key.strip_prefix(&prefix)?.split(']').next().map(str::to_owned))
            .collect();
        found.sort_by_key(|index| (index.len(), index.clone()));
        found.dedup();
        found
    }

    /// The values of a list such as `expand[]`.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.indices(name).iter().filter_map(|index| self.get(&format!("{name}[{index}]"))).collect()
    }

    /// Metadata under `name` laid over `old`: an empty value takes the key out, an empty `name` takes all out.
    pub(crate) fn metadata(&self, name: &str, old: &Value) -> Result<Value, ApiError> {
        let mut map: Map<String, Value> = match (self.get(name), old) {
            (Some(""), _) => Map::new(),
            (_, Value::Object(old)) => old.clone(),
            _ => Map::new(),
        };
        for key in self.indices(name) {
            let param = format!("{name}[{key}]");
            let value = self.get(&param).unwrap_or_default();
            if key.chars().count() > 40 {
                let message = format!(
                    "Metadata keys can have up to 40 characters, but you passed in one with {}. Invalid key: {key}",
                    key.chars().count()
                );
                return Err(ApiError::parameter(None, message, &param));
            }
            if value.chars().count() > 500 {
                let message = format!(
                    "Metadata values can have up to 500 characters, but you passed in a value that is {} characters. Invalid value for key: {key}",
                    value.chars().count()
                );
                return Err(ApiError::parameter(None, message, &param));
            }
            if value.is_empty() {
                map.remove(&key);
            } else {
                map.insert(key, json!(value));
            }
        }
        if map.len() > 50 {
            return Err(ApiError::parameter(None, "Metadata can have up to 50 keys.", name));
        }
        Ok(Value::Object(map))
    }

    /// All parameters in one canonical text: what two requests under one idempotency key must share.
    pub(crate) fn canonical(&self) -> String {
        self.values.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }
}

fn accept(name: &str, value: &str, kind: Kind) -> Result<(), ApiError> {
    let refuse = |code, message: String| Err(ApiError::parameter(code, message, name));
    if value.is_empty() && !matches!(kind, Kind::Unset) {
        let message = format!(
            "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; however \
             '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value."
        );
        return refuse(Some("parameter_invalid_empty"), message);
    }
    if value.chars().count() > 5000 {
        return refuse(None, format!("Invalid string: '{name}' must be at most 5000 characters"));
    }
    match kind {
        Kind::Int if value.parse::<i64>().is_err() => {
            refuse(Some("parameter_invalid_integer"), format!("Invalid integer: {value}"))
        }
        Kind::Decimal if value.parse::<f64>().is_err() => refuse(None, format!("Invalid decimal: {value}")),
        Kind::Bool if value != "true" && value != "false" => refuse(None, format!("Invalid boolean: {value}")),
        Kind::Email if !crate::resend::is_address(value) => {
            refuse(Some("email_invalid"), format!("Invalid email address: {value}"))
        }
        Kind::Url if !is_web_address(value) => refuse(Some("url_invalid"), "Not a valid URL".to_owned()),
        Kind::OneOf(words) if !words.contains(&value) => {
            refuse(None, format!("Invalid {name}: must be one of {}", words.join(", ")))
        }
        _ => Ok(()),
    }
}

fn is_web_address(value: &str) -> bool {
    url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Known] = &[
        ("mode", Kind::OneOf(&["subscription", "payment"])),
        ("line_items[#][price]", Kind::Text),
        ("metadata[*]", Kind::Unset),
        ("limit", Kind::Int),
        ("cancel", Kind::Bool),
        ("url", Kind::Url),
        ("email", Kind::Email),
    ];

    fn refusal(encoded: &str) -> String {
        match Params::parse(encoded.as_bytes()).and_then(|params| params.check(&[KNOWN])) {
            Ok(()) => "accepted".to_owned(),
            Err(error) => {
                let body = error.body();
                format!(
                    "{} {}",
                    body["error"]["code"].as_str().unwrap_or("-"),
                    body["error"]["param"].as_str().unwrap_or("-")
                )
            }
        }
    }

    #[test]
    fn each_parameter_is_held_against_its_kind() {
        for (encoded, expect) in [
            ("mode=subscription&line_items[0][price]=p&metadata[user_id]=1&expand[]=a&expand[]=b", "accepted"),
            ("line_items%5B0%5D%5Bprice%5D=p", "accepted"),
            ("nonsense=1", "parameter_unknown nonsense"),
            ("line_items[0][prize]=p", "parameter_unknown line_items[0][prize]"),
            ("line_items[x][price]=p", "parameter_unknown line_items[x][price]"),
            ("line_items[0=p", "parameter_unknown line_items[0"),
            ("limit=ten", "parameter_invalid_integer limit"),
            ("mode=gift", "- mode"),
            ("mode=", "parameter_invalid_empty mode"),
            ("cancel=yes", "- cancel"),
            ("url=javascript:alert(1)", "url_invalid url"),
            ("email=nobody", "email_invalid email"),
        ] {
            assert_eq!(refusal(encoded), expect, "{encoded}");
        }
    }

    #[test]
    fn empty_brackets_count_up_and_a_repeated_name_keeps_its_last_value() {
        let params = Params::parse(b"expand[]=a&expand[]=b&limit=1&limit=2").unwrap();
        assert_eq!(params.list("expand"), ["a", "b"]);
        assert_eq!(params.int("limit"), Some(2));
    }

    #[test]
    fn an_empty_metadata_value_takes_the_key_out() {
        let params = Params::parse(b"metadata[a]=&metadata[b]=2").unwrap();
        assert_eq!(params.metadata("metadata", &json!({"a": "1", "c": "3"})).unwrap(), json!({"b": "2", "c": "3"}));
        let long = format!("metadata[k]={}", "x".repeat(501));
        assert!(Params::parse(long.as_bytes()).unwrap().metadata("metadata", &Value::Null).is_err());
    }
}
