//! Help without waiting: the questions and answers of the site, walked by buttons.

use app::faq::{self, End};
use app::i18n::Translator;
use app::session::Who;
use app::{App, Result};
use domain::faq::Words;

use crate::ids::{Press, trail, way};
use crate::reply::{Button, Reply};

/// A place of the help, with what is seen of the customer before the choices. A way that was damaged, or is of another
/// version, begins anew.
pub(crate) async fn walk(app: &App, t: Translator, at: Option<&str>, who: Option<&Who>) -> Result<Reply> {
    let flow = faq::flow(app)?;
    let way = match at.and_then(|at| way(flow, at)) {
        Some(way) => way,
        None => faq::start(app)?,
    };
    let Some(node) = flow.node(way.end()) else { return Err(app::Error::NotFound) };
    let facts = match who {
        Some(who) => faq::facts(app, who).await?,
        None => Vec::new(),
    };
    let words = |words: &Words| words.get(&t.language()).cloned().unwrap_or_default();
    let step = |name: &str| {
        let label = flow.node(name).map(|node| words(&node.label)).unwrap_or_default();
        let next = flow.way(&format!("{}.{name}", way.as_str()))?;
        Some(Button::new(label, Press::Walk(trail(flow, &next))))
    };
    let mut reply = Reply::say(format!("**{}**\n{}", words(&node.label), words(&node.text)));
    let seen = flow.by_facts(node, &facts);
    reply.buttons.extend(
        seen.iter().filter_map(|name| step(name)).map(|button| Button { look: crate::reply::Look::Main, ..button }),
    );
    let fresh = node.choices.iter().filter(|name| !seen.contains(&name.as_str()));
    reply.buttons.extend(fresh.filter_map(|name| step(name)));
    if node.choices.is_empty() {
        reply.buttons.push(Button::main(t.say("help-solved"), Press::Solved(trail(flow, &way))));
    }
    reply.buttons.push(Button::new(t.say("help-human"), Press::Human(trail(flow, &way))));
    if let Some(link) = &node.link {
        reply.buttons.push(Button::link(t.say("help-go"), app.config.link(link)));
    }
    if let Some(back) = way.as_str().rsplit_once('.').and_then(|(before, _)| flow.way(before)) {
        reply.buttons.push(Button::new(t.say("help-back"), Press::Walk(trail(flow, &back))));
    }
    Ok(reply)
}

/// The answer helped.
pub(crate) async fn solved(app: &App, t: Translator, at: &str) -> Result<Reply> {
    if let Some(way) = way(faq::flow(app)?, at) {
        faq::count(app, &way, End::Solved).await?;
    }
    Ok(Reply::say(t.say("help-glad")))
}
