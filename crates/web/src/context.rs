//! What handlers are given, and the settings of this role.

use std::sync::Arc;

use app::App;
use axum::extract::FromRef;
use ipnet::IpNet;

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
}

/// State of the router.
#[derive(Debug, Clone)]
pub(crate) struct Ctx {
    pub(crate) app: App,
    pub(crate) settings: Arc<Settings>,
    pub(crate) server_list: Arc<Rendered>,
}

impl FromRef<Ctx> for App {
    fn from_ref(ctx: &Ctx) -> App {
        ctx.app.clone()
    }
}
