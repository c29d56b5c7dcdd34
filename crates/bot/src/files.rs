//! Files that people attach on Discord, and what of a message is its text.

use app::ticket::Attachment;
use app::{Error, Result};
use domain::ticket::{FileError, MOST_FILE_BYTES, MOST_FILES};
use twilight_model::channel::Attachment as DiscordFile;
use twilight_model::channel::Message;
use url::Url;

use crate::Bot;

/// Where Discord keeps what is attached. Nothing is fetched from elsewhere, whatever a message says.
const HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];

/// Fetches what is attached.
pub(crate) async fn fetch(bot: &Bot, attached: &[DiscordFile]) -> Result<Vec<Attachment>> {
    let refused = |error: FileError| Error::invalid("files", error.code(), error.to_string());
    if attached.len() > MOST_FILES {
        return Err(refused(FileError::TooMany));
    }
    let mut files = Vec::with_capacity(attached.len());
    for file in attached {
        if usize::try_from(file.size).unwrap_or(usize::MAX) > MOST_FILE_BYTES {
            return Err(refused(FileError::TooLarge));
        }
        files.push(Attachment::parse(&file.filename, bytes(bot, file).await?)?);
    }
    Ok(files)
}

async fn bytes(bot: &Bot, file: &DiscordFile) -> Result<Vec<u8>> {
    let away = |error: reqwest::Error| Error::Busy { what: "Discord", source: Some(Box::new(error)) };
    let url = Url::parse(&file.url).map_err(|error| Error::Internal(Box::new(error)))?;
    if !is_discords(&url, &bot.settings.api_base) {
        return Err(Error::internal("a file of a message is not where Discord keeps files"));
    }
    let mut response = bot.rest.file(url).await.map_err(away)?;
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(away)? {
        content.extend_from_slice(&chunk);
        if content.len() > MOST_FILE_BYTES {
            let error = FileError::TooLarge;
            return Err(Error::invalid("files", error.code(), error.to_string()));
        }
    }
    Ok(content)
}

fn is_discords(url: &Url, base: &Url) -> bool {
    let is_known = url.scheme() == "https" && url.host_str().is_some_and(|host| HOSTS.contains(&host));
    is_known || url.origin() == base.origin()
}

/// The text of a message, without the mention of the bot. A message of files alone is named by them.
pub(crate) fn body(bot: &Bot, message: &Message) -> String {
    let me = bot.settings.application;
    let text = message.content.replace(&format!("<@{me}>"), "").replace(&format!("<@!{me}>"), "");
    let text = text.trim();
    if !text.is_empty() {
        return text.to_owned();
    }
    message.attachments.iter().map(|file| file.filename.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_fetched_from_discord_alone() {
        let is = |url: &str| {
            is_discords(&Url::parse(url).expect("a URL"), &Url::parse("https://discord.com").expect("a URL"))
        };
        assert!(is("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1"));
        assert!(!is("http://cdn.discordapp.com/attachments/1/2/a.png"));
        assert!(!is("https://cdn.discordapp.com.evil.example/a"));
        assert!(!is("https://127.0.0.1/a"));
    }
}
