//! `mirai admin user`.

use std::io::Read as _;

use anyhow::Context as _;
use app::App;
use app::admin::COMMAND_LINE;
use app::admin::users::{self, Verified};
use app::session::UserRow;
use app::sign_up::Registration;
use domain::account::{Email, Language, Password, Role};
use serde_json::{Value, json};

use super::{time, words};
use crate::cli::{Format, UserCommand};
use crate::out::{print_one, print_rows};

pub(super) async fn run(app: &App, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Create { email, role, verified, password_stdin, format } => {
            create(app, &email, &role, verified, password_stdin, format).await
        }
        UserCommand::List { limit, after, format } => {
            let rows = users::list(app, after, limit.min(10_000)).await.map_err(words)?;
            print_rows(&rows.iter().map(user_json).collect::<Vec<_>>(), format)
        }
        UserCommand::Show { user, format } => print_one(&user_json(&find(app, &user).await?), format),
        UserCommand::SetRole { user, role, format } => {
            let found = find(app, &user).await?;
            users::set_role(app, found.id, parse_role(&role)?).await.map_err(words)?;
            print_one(&user_json(&find(app, &user).await?), format)
        }
        UserCommand::Suspend { user, format } => {
            let found = find(app, &user).await?;
            users::suspend(app, COMMAND_LINE, found.id).await.map_err(words)?;
            print_one(&user_json(&find(app, &user).await?), format)
        }
        UserCommand::SecondFactorOff { user, format } => {
            let found = find(app, &user).await?;
            users::turn_off_second_factor(app, found.id).await.map_err(words)?;
            print_one(&user_json(&find(app, &user).await?), format)
        }
        UserCommand::Delete { user, format } => {
            let found = find(app, &user).await?;
            users::delete(app, found.id).await.map_err(words)?;
            print_one(&json!({ "deleted": found.id }), format)
        }
    }
}

/// An account by address or id.
pub(super) async fn find(app: &App, user: &str) -> anyhow::Result<UserRow> {
    users::find(app, user).await.map_err(|error| words(error).context(format!("account {user}")))
}

fn parse_role(text: &str) -> anyhow::Result<Role> {
    text.parse().map_err(|_| anyhow::anyhow!("--role takes user, support or admin"))
}

async fn create(
    app: &App,
    email: &str,
    role: &str,
    verified: bool,
    password_stdin: bool,
    format: Format,
) -> anyhow::Result<()> {
    let email = Email::parse(email).map_err(|error| anyhow::anyhow!("{error}"))?;
    let role = parse_role(role)?;
    let (password, made) = if password_stdin { (read_password()?, None) } else { make_password(app)? };
    let new = Registration { email, password, language: Language::En, referral_code: None };
    let verified = if verified { Verified::Already } else { Verified::ByMail };
    let user = users::create(app, &new, role, verified).await.map_err(words)?;
    let mut row = user_json(&user);
    if let Some(made) = made {
        row["password"] = Value::String(made);
    }
    print_one(&row, format)
}

fn read_password() -> anyhow::Result<Password> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).context("the password can't be read from standard input")?;
    Password::parse(text.trim_end_matches(['\r', '\n'])).map_err(|error| anyhow::anyhow!("password: {error}"))
}

fn make_password(app: &App) -> anyhow::Result<(Password, Option<String>)> {
    let token = app.dice.token();
    let password = Password::parse(token.text()).map_err(|error| anyhow::anyhow!("password: {error}"))?;
    Ok((password, Some(token.text().to_owned())))
}

fn user_json(row: &UserRow) -> Value {
    json!({
        "id": row.id,
        "email": row.email,
        "role": row.role,
        "language": row.language,
        "verified": row.verified_at.is_some(),
        "suspended": row.suspended_at.is_some(),
        "second_factor": row.totp_since.is_some(),
        "deleted": row.deleted_at.is_some(),
        "created_at": time(row.created_at),
    })
}
