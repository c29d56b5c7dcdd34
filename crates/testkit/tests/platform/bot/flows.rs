//! The help on Discord: every way that ships is walked by buttons, and each ends solved or with a human.

use std::collections::BTreeSet;

use fakes::discord::Seen;
use testkit::app::Database;
use testkit::discord::{Guild, Setting};

testkit::on_both_databases!(every_way_through_the_help_is_walked_by_buttons_to_an_answer_or_a_human);

/// What one can do at a place of the help.
struct At {
    seen: Seen,
    walks: Vec<String>,
    solved: Option<String>,
    human: Option<String>,
}

impl At {
    fn of(seen: Seen) -> At {
        let ids = |kind: &str| -> Vec<String> {
            let ids = seen.buttons.iter().map(|(_, id)| id.clone());
            ids.filter(|id| id.starts_with(kind)).collect()
        };
        let (walks, solved, human) = (ids("walk:"), ids("solved:").pop(), ids("human:").pop());
        At { walks, solved, human, seen }
    }
}

async fn click(guild: &Guild, member: u64, at: &Seen, id: &str) -> anyhow::Result<Seen> {
    guild.says(guild.fake.click(at.id, member, id)?).await
}

async fn every_way_through_the_help_is_walked_by_buttons_to_an_answer_or_a_human(
    database: Database,
) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let stranger = guild.join("noa");
    let mut known = BTreeSet::new();
    let (mut waiting, mut answers) = (vec![Vec::<String>::new()], 0);
    while let Some(path) = waiting.pop() {
        let mut at = At::of(guild.says(guild.fake.slash(guild.support, stranger, "help")?).await?);
        for id in &path {
            at = At::of(click(&guild, stranger, &at.seen, id).await?);
        }
        anyhow::ensure!(path.len() <= 5, "no way is long: {path:?}");
        let human = at.human.as_ref().expect("a human can be asked everywhere");
        anyhow::ensure!(at.seen.content.chars().count() > 10, "{:?}", at.seen);
        for id in at.walks.iter().filter(|id| !path.contains(id) && known.insert((*id).clone())) {
            waiting.push(path.iter().chain([id]).cloned().collect());
        }
        // Whoever is not linked is told how, before anything is filled in.
        let asked = click(&guild, stranger, &at.seen, human).await?;
        anyhow::ensure!(asked.content.contains("/link"), "{asked:?}");
        if let Some(solved) = at.solved {
            answers += 1;
            let glad = click(&guild, stranger, &at.seen, &solved).await?;
            anyhow::ensure!(glad.content.contains("glad") && glad.buttons.is_empty(), "{glad:?}");
        }
        // A person pauses now and then.
        test.advance(20_000);
    }
    assert!(answers >= 15, "{answers}");
    let ends = app::faq::ends(&test.app).await?;
    assert_eq!(ends.iter().map(|end| end.solved).sum::<i64>(), answers);
    guild.is_content()?;
    bot.end().await
}
