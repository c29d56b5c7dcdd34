//! What handlers are given, and the settings of this role.

use std::ops::Deref;
use std::sync::Arc;

use app::App;
use axum::extract::FromRef;
use ipnet::IpNet;

use crate::headers::{self, Defaults};
use crate::json::servers::Rendered;

/// How cookies are named and marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieStyle {
    /// `__Host-` and `Secure`.
    Https,
    /// Neither: browsers refuse both over plain http. For `mirai dev` only.
    PlainHttp,
}

/// Settings of the web role.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Cookies.
    pub cookies: CookieStyle,
    /// Origins of browsers that may call the API (`https://app.example.net`), beside the site itself.
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that a form may lead to: the payment service's pages.
    pub form_origins: Vec<String>,
    /// Whether the operators' pages open only for who signs in with a second factor.
    pub team_code: TeamCode,
}

/// What the operators' pages ask of who opens them, beside the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamCode {
    /// A second factor.
    Demanded,
    /// Nothing. For a trial on one's own machine.
    Optional,
}

/// State of the router. A clone is one count: each layer of each request makes one.
#[derive(Debug, Clone)]
pub(crate) struct Ctx(Arc<Shared>);

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) settings: Settings,
    pub(crate) server_list: Rendered,
    /// Of every answer.
    pub(crate) headers: Defaults,
}

impl Ctx {
    pub(crate) fn new(app: App, settings: Settings) -> Ctx {
        let headers = headers::defaults(&settings);
        Ctx(Arc::new(Shared { app, settings, server_list: Rendered::default(), headers }))
    }
}

impl Deref for Ctx {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Ctx> for App {
    fn from_ref(ctx: &Ctx) -> App {
        ctx.app.clone()
    }
}
