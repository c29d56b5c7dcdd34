//! The question before an act: what will happen, and a proof that it is the operator who asks, where the last one is old.

use app::Error;
use app::step_up::{self, Proof};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::door::{Fields, Operator};
use crate::error::status_of;
use crate::site::visit::{Fault, Visit};

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) title: String,
    /// What will happen.
    pub(super) body: String,
    /// The button.
    pub(super) yes: String,
    /// Where a no leads.
    pub(super) back: &'a str,
}

#[derive(Template)]
#[template(path = "admin_confirm.html")]
struct QuestionPage<'a> {
    v: &'a Visit,
    question: &'a Question<'a>,
    carried: Vec<(&'a str, &'a str)>,
    needs_password: bool,
    needs_code: bool,
    password_error: String,
    otp_error: String,
}

/// Lets an act through that was confirmed, by one whose proof is fresh; asks otherwise.
pub(super) async fn sure(operator: &Operator, form: &Fields, question: &Question<'_>) -> Result<(), Fault> {
    let app = operator.app();
    let is_fresh = step_up::require(&operator.who, app.clock.now()).is_ok();
    if form.get("sure") != "yes" {
        return Err(ask(operator, form, question, !is_fresh, None).into());
    }
    if is_fresh {
        return Ok(());
    }
    let otp = Some(form.get("otp")).filter(|otp| !otp.is_empty());
    let proof = Proof { password: form.exact("password"), otp };
    match step_up::prove(app, &operator.who, proof).await {
        Ok(_) => Ok(()),
        Err(error @ Error::Invalid(_)) => Err(ask(operator, form, question, true, Some(&error)).into()),
        Err(error) => Err(operator.fault(error)),
    }
}

fn ask(
    operator: &Operator,
    form: &Fields,
    question: &Question<'_>,
    needs_password: bool,
    wrong: Option<&Error>,
) -> Response {
    let visit = &operator.visit;
    let words = |field: &str| wrong.map_or_else(String::new, |error| visit.field_words(error, field));
    let page = QuestionPage {
        v: visit,
        question,
        carried: form.carried(),
        needs_password,
        needs_code: needs_password && operator.who.user.totp_since.is_some(),
        password_error: words("password"),
        otp_error: words("otp"),
    };
    visit.page(wrong.map_or(StatusCode::OK, status_of), &page)
}
