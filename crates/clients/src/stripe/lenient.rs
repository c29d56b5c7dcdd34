//! How Stripe's JSON is read: `null` is like absent, and an object may stand where its id could.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `null` as the type's default.
pub(super) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// The id of a thing that is given by its id or as a whole.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(id) => Some(id),
        Value::Object(mut whole) => match whole.remove("id") {
            Some(Value::String(id)) => Some(id),
            _ => None,
        },
        _ => None,
    })
}

/// The ids of things that are given by their ids or as a whole.
pub(super) fn ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct One(#[serde(deserialize_with = "id")] Option<String>);
    let all = Option::<Vec<One>>::deserialize(from)?.unwrap_or_default();
    Ok(all.into_iter().filter_map(|One(id)| id).collect())
}

/// The same for a thing that is always there.
pub(super) fn required_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    id(from)?.ok_or_else(|| serde::de::Error::custom("neither an id nor an object with one"))
}

/// A thing that is given as a whole; one that is given by its id is left out.
pub(super) fn whole<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    match Value::deserialize(from)? {
        whole @ Value::Object(_) => T::deserialize(whole).map(Some).map_err(serde::de::Error::custom),
        _ => Ok(None),
    }
}

/// The content of a list object.
pub(super) fn data<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    #[derive(Deserialize)]
    struct Data<T> {
        data: Vec<T>,
    }
    Ok(Option::<Data<T>>::deserialize(from)?.map(|list| list.data).unwrap_or_default())
}
