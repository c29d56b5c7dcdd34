//! The settings of the bot.

use anyhow::{Context as _, bail};
use bot::Reading;
use domain::time::DAY_MS;
use secrecy::SecretString;
use url::Url;

use super::Values;
use super::parsed::{number, required};

/// What the bot needs.
pub(crate) fn bot(values: &Values) -> anyhow::Result<bot::Settings> {
    let api_base = Url::parse(required(values, "DISCORD_API_BASE")?).context("DISCORD_API_BASE is not a URL")?;
    let reading = match required(values, "DISCORD_MESSAGE_CONTENT")? {
        "on" => Reading::Everything,
        "off" => Reading::Mentions,
        _ => bail!("DISCORD_MESSAGE_CONTENT takes on or off"),
    };
    let language = required(values, "DISCORD_LANGUAGE")?;
    let language = language.parse().context("DISCORD_LANGUAGE takes en, de, es, fr or ja")?;
    let youngest: u32 = number(values, "DISCORD_MIN_ACCOUNT_DAYS", 0..=365)?;
    Ok(bot::Settings {
        token: SecretString::from(required(values, "DISCORD_TOKEN")?.to_owned()),
        application: bot::id(snowflake(values, "DISCORD_CLIENT_ID")?),
        guild: bot::id(snowflake(values, "GUILD_ID")?),
        staff_role: bot::id(snowflake(values, "STAFF_ROLE_ID")?),
        lead_role: optional(values, "LEAD_ROLE_ID")?.map(bot::id),
        subscriber_role: optional(values, "SUBSCRIBER_ROLE_ID")?.map(bot::id),
        support_channel: bot::id(snowflake(values, "SUPPORT_CHANNEL_ID")?),
        ticket_category: optional(values, "TICKET_CATEGORY_ID")?.map(bot::id),
        log_channel: optional(values, "LOG_CHANNEL_ID")?.map(bot::id),
        status_channel: optional(values, "STATUS_CHANNEL_ID")?.map(bot::id),
        youngest_ms: i64::from(youngest) * DAY_MS,
        api_base,
        reading,
        language,
    })
}

fn snowflake(values: &Values, name: &str) -> anyhow::Result<u64> {
    required(values, name)?;
    optional(values, name)?.with_context(|| format!("{name} is missing"))
}

/// An id of Discord, if it is set.
fn optional(values: &Values, name: &str) -> anyhow::Result<Option<u64>> {
    let Some(text) = values.text(name) else { return Ok(None) };
    let id = text.parse().ok().filter(|id| (1..=i64::MAX as u64).contains(id));
    let wrong = || format!("{name} takes an id of Discord, such as 1290000000000000000: right click, Copy ID");
    id.map(Some).with_context(wrong)
}
