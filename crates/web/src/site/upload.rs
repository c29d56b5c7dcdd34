//! Forms with files (`multipart/form-data`).

use app::session::Who;
use app::ticket::Attachment;
use axum::Form;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, FromRequestParts as _, Multipart, Request};
use axum::http::header;
use uuid::Uuid;

use super::visit::{Fault, Visit};
use crate::context::Ctx;

/// Largest form, in bytes: files of 10 MB and a message.
pub(super) const MAX_UPLOAD: usize = 10_200_000;

/// A form with files, and who sent it. One that can't be read gets a page in the visitor's language.
pub(crate) struct Upload {
    pub(super) visit: Visit,
    fields: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
}

impl FromRequest<Ctx> for Upload {
    type Rejection = Fault;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, ctx).await?;
        // Nobody else's files are read at all.
        visit.signed_in()?;
        Upload::of(visit, Request::from_parts(parts, body), ctx).await
    }
}

type Parts = (Vec<(String, String)>, Vec<(String, Vec<u8>)>);

async fn read(mut form: Multipart) -> Result<Parts, MultipartError> {
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    while let Some(field) = form.next_field().await? {
        let name = name_of(&field);
        match field.file_name().map(str::to_owned) {
            Some(file) => {
                let content = field.bytes().await?;
                // What a browser sends where no file was chosen.
                if !(file.is_empty() && content.is_empty()) {
                    files.push((file, content.to_vec()));
                }
            }
            None => fields.push((name, field.text().await?)),
        }
    }
    Ok((fields, files))
}

fn name_of(field: &Field<'_>) -> String {
    field.name().unwrap_or_default().to_owned()
}

impl Upload {
    /// Reads a form of a visitor who may send one. Without files a form may come as others do.
    pub(super) async fn of(visit: Visit, request: Request, ctx: &Ctx) -> Result<Upload, Fault> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let form = Form::<Vec<(String, String)>>::from_request(request, ctx).await;
            let Form(fields) = form.map_err(|rejection| visit.unreadable(rejection.status()))?;
            return Ok(Upload { visit, fields, files: Vec::new() });
        }
        let form = Multipart::from_request(request, ctx).await;
        let form = form.map_err(|rejection| visit.unreadable(rejection.status()))?;
        match read(form).await {
            Ok((fields, files)) => Ok(Upload { visit, fields, files }),
            Err(error) => Err(visit.unreadable(error.status())),
        }
    }

    /// A field's text; nothing if it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// Who sent it with the token of their session.
    pub(super) fn who(&self) -> Result<&Who, Fault> {
        self.visit.sent_by(self.get("csrf"))
    }

    /// The id under which the form has one effect, however often it is sent.
    pub(super) fn once(&self) -> Option<Uuid> {
        self.get("once").parse().ok()
    }

    pub(super) fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// What is attached.
    pub(super) fn attachments(&self) -> app::Result<Vec<Attachment>> {
        self.files.iter().map(|(name, content)| Attachment::parse(name, content.clone())).collect()
    }
}
