//! What a customer is told ahead of time, and does without.

use app::notice::{self, Choice};
use app::{App, Error};
use axum::Json as Reply;
use axum::extract::State;

use crate::error::ApiError;
use crate::extract::{Json, Session};

fn choices_json(choices: Vec<Choice>) -> Reply<api::NoticeChoices> {
    let json = |choice: Choice| api::NoticeChoice {
        kind: choice.kind.as_str().to_owned(),
        necessary: choice.kind.is_necessary(),
        enabled: choice.is_on,
    };
    Reply(api::NoticeChoices { notices: choices.into_iter().map(json).collect() })
}

/// The kinds of notices, and which of them are sent.
#[utoipa::path(get, path = "/user/notices", tag = "accounts", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::NoticeChoices), (status = 401, body = api::Problem)))]
pub(crate) async fn notices(
    State(app): State<App>,
    Session(who): Session,
) -> Result<Reply<api::NoticeChoices>, ApiError> {
    Ok(choices_json(notice::choices(&app, &who).await?))
}

/// Turn kinds of notices on or off.
#[utoipa::path(patch, path = "/user/notices", tag = "accounts", request_body = api::ChangeNotices,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::NoticeChoices), (status = 401, body = api::Problem),
        (status = 422, description = "notice_unknown, notice_necessary", body = api::Problem)))]
pub(crate) async fn change_notices(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::ChangeNotices>,
) -> Result<Reply<api::NoticeChoices>, ApiError> {
    let choice = |change: &api::ChangeNotice| {
        let kind = change.kind.parse();
        let kind = kind.map_err(|_| Error::invalid("notices", "notice_unknown", "there is no such kind of notice"))?;
        Ok(Choice { kind, is_on: change.enabled })
    };
    let wanted = body.notices.iter().map(choice).collect::<app::Result<Vec<_>>>()?;
    Ok(choices_json(notice::choose(&app, &who, &wanted).await?))
}
