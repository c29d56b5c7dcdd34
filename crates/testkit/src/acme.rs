//! A pretend Let's Encrypt: an ACME server by RFC 8555 that gives certificates for one name each, by HTTP-01. It checks nonces,
//! signatures, owners and states as the real one does, and asks for the proof over real HTTP.

mod jws;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jws::{Asked, Jwk};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::missing::find_program;
use crate::private_dir::PrivateDir;
use crate::process::Bin;

/// How long one of its steps may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Failed proofs of a name in an hour, after which no order is taken: <https://letsencrypt.org/docs/rate-limits/>.
const MOST_FAILURES: u32 = 5;

/// A running one. Dropping it stops it.
#[derive(Debug)]
pub struct Acme {
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    base: String,
    /// Where its own key and certificate are.
    dir: PrivateDir,
    openssl: Bin,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Where names lead.
    names: BTreeMap<String, SocketAddr>,
    nonces: Vec<String>,
    accounts: Vec<Jwk>,
    orders: Vec<Order>,
    failures: BTreeMap<String, u32>,
}

#[derive(Debug, Clone)]
struct Order {
    account: usize,
    name: String,
    token: String,
    proof: Proof,
    certificate: Option<String>,
}

#[derive(Debug, Clone)]
enum Proof {
    Awaited,
    Good,
    Failed(Value),
}

/// A refusal, by RFC 7807.
type Problem = (StatusCode, Value);

fn problem(status: StatusCode, kind: &str, detail: impl Into<String>) -> Problem {
    let kind = format!("urn:ietf:params:acme:error:{kind}");
    (status, json!({ "type": kind, "detail": detail.into(), "status": status.as_u16() }))
}

fn malformed(detail: &str) -> Problem {
    problem(StatusCode::BAD_REQUEST, "malformed", detail)
}

fn fresh() -> String {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).expect("the kernel has dice");
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Acme {
    /// Starts one that listens there.
    ///
    /// # Errors
    /// When it can't listen, or `openssl` can't make its certificate.
    pub async fn start(listener: TcpListener) -> anyhow::Result<Acme> {
        let openssl = Bin::at(find_program("openssl").context("openssl is not installed")?)?;
        let (base, dir) = (format!("http://{}", listener.local_addr()?), PrivateDir::new("acme")?);
        let inner = Arc::new(Inner { base, dir, openssl, kept: Mutex::default() });
        let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650";
        inner.openssl(&format!("{make} -subj /CN=Pretend-Root -keyout root.key -out root.pem")).await?;
        let under = "-subj /CN=Pretend-Encrypt -keyout ca.key -out ca.pem -CA root.pem -CAkey root.key";
        inner.openssl(&format!("{make} {under}")).await?;
        let router = Router::new().fallback(answer).with_state(inner.clone());
        let task = tokio::spawn(async move {
            // It ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Acme { inner, task })
    }

    /// What `server` is to be in certbot's settings.
    pub fn directory(&self) -> String {
        format!("{}/directory", self.inner.base)
    }

    /// From now on a name leads there.
    pub fn leads(&self, name: &str, to: SocketAddr) {
        self.inner.kept().names.insert(name.to_owned(), to);
    }

    /// The certificate at the root of those which it gives, in PEM.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn root(&self) -> anyhow::Result<Vec<u8>> {
        Ok(std::fs::read(self.inner.dir.join("root.pem"))?)
    }

    /// How many certificates it has given.
    pub fn given(&self) -> usize {
        self.inner.kept().orders.iter().filter(|order| order.certificate.is_some()).count()
    }
}

impl Drop for Acme {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().trim_start_matches('/').to_owned();
    let mut response = match (method, path.as_str()) {
        (Method::GET, "directory") => axum::Json(inner.directory()).into_response(),
        (Method::HEAD | Method::GET, "new-nonce") => StatusCode::OK.into_response(),
        (Method::POST, _) => match inner.post(&path, &headers, &body).await {
            Ok(response) => response,
            Err((status, problem)) => {
                let kind = [(header::CONTENT_TYPE, "application/problem+json")];
                (status, kind, problem.to_string()).into_response()
            }
        },
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    if path != "directory" {
        let nonce = fresh();
        inner.kept().nonces.push(nonce.clone());
        response.headers_mut().insert("replay-nonce", nonce.parse().expect("base64url"));
    }
    response
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    fn directory(&self) -> Value {
        json!({
            "newNonce": self.link("new-nonce"), "newAccount": self.link("new-account"), "newOrder": self.link("new-order"),
            "meta": { "termsOfService": self.link("terms") },
        })
    }

    async fn openssl(&self, args: &str) -> anyhow::Result<String> {
        let run = self.openssl.launch().current_dir(self.dir.path()).args(args.split_whitespace());
        let done = run.run(PATIENCE).await?;
        ensure!(done.code == Some(0), "openssl {args}: {}", done.stderr);
        Ok(done.stdout)
    }

    async fn post(self: &Arc<Self>, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Response, Problem> {
        let asked = jws::read(self, path, headers, body)?;
        if path == "new-account" {
            return self.new_account(&asked);
        }
        let account = asked.account.ok_or_else(|| malformed("kid is missing"))?;
        if path == "new-order" {
            return self.new_order(account, &asked.payload);
        }
        let (what, number) = path.split_once('/').ok_or_else(|| malformed("no such resource"))?;
        let number: usize = number.parse().map_err(|_| malformed("no such resource"))?;
        let order = self.kept().orders.get(number).cloned().ok_or_else(|| malformed("no such resource"))?;
        if order.account != account {
            return Err(problem(StatusCode::FORBIDDEN, "unauthorized", "another account's"));
        }
        match what {
            "order" => Ok(axum::Json(self.order(number, &order)).into_response()),
            "authz" => Ok(axum::Json(self.authorization(number, &order)).into_response()),
            "challenge" => {
                // Asked with an empty object, the client says that it is ready; asked with nothing, it only looks.
                if asked.payload.is_object() && matches!(order.proof, Proof::Awaited) {
                    let (inner, thumbprint) = (self.clone(), self.kept().accounts[account].thumbprint());
                    tokio::spawn(async move { inner.prove(number, &thumbprint).await });
                }
                let up = format!("<{}>;rel=\"up\"", self.link(&format!("authz/{number}")));
                Ok(([(header::LINK, up)], axum::Json(self.challenge(number, &order))).into_response())
            }
            "finalize" => self.finalize(number, &order, &asked.payload).await,
            "certificate" => {
                let chain = order.certificate.ok_or_else(|| malformed("there is none yet"))?;
                Ok(([(header::CONTENT_TYPE, "application/pem-certificate-chain")], chain).into_response())
            }
            _ => Err(malformed("no such resource")),
        }
    }

    fn new_account(&self, asked: &Asked) -> Result<Response, Problem> {
        let jwk = asked.jwk.clone().ok_or_else(|| malformed("jwk is missing"))?;
        let mut kept = self.kept();
        let known = kept.accounts.iter().position(|known| *known == jwk);
        if known.is_none() {
            if asked.payload["onlyReturnExisting"] == true {
                return Err(problem(StatusCode::BAD_REQUEST, "accountDoesNotExist", "no account has this key"));
            }
            if asked.payload["termsOfServiceAgreed"] != true {
                return Err(malformed("must agree to terms of service"));
            }
            for contact in asked.payload["contact"].as_array().into_iter().flatten() {
                let address = contact.as_str().and_then(|contact| contact.strip_prefix("mailto:"));
                let domain = address.and_then(|address| address.split_once('@')).map(|(_, domain)| domain);
                match domain {
                    None => return Err(problem(StatusCode::BAD_REQUEST, "unsupportedContact", "only mailto:")),
                    Some("example.com" | "example.net" | "example.org") => {
                        let detail = "contact email has forbidden domain";
                        return Err(problem(StatusCode::BAD_REQUEST, "invalidContact", detail));
                    }
                    Some(_) => {}
                }
            }
            kept.accounts.push(jwk);
        }
        let (number, status) = match known {
            Some(number) => (number, StatusCode::OK),
            None => (kept.accounts.len() - 1, StatusCode::CREATED),
        };
        let place = [(header::LOCATION, self.link(&format!("account/{number}")))];
        Ok((status, place, axum::Json(json!({ "status": "valid" }))).into_response())
    }

    fn new_order(&self, account: usize, payload: &Value) -> Result<Response, Problem> {
        let names: Vec<&Value> = payload["identifiers"].as_array().into_iter().flatten().collect();
        let [name] = names[..] else { return Err(malformed("this server takes orders of one name")) };
        let name = name["value"].as_str().filter(|_| name["type"] == "dns").unwrap_or_default().to_owned();
        if name.starts_with("*.") || !name.contains('.') || name.parse::<std::net::IpAddr>().is_ok() {
            return Err(problem(StatusCode::BAD_REQUEST, "rejectedIdentifier", format!("not by HTTP-01: {name}")));
        }
        let mut kept = self.kept();
        if kept.failures.get(&name).is_some_and(|failures| *failures >= MOST_FAILURES) {
            let detail = format!("too many failed authorizations ({MOST_FAILURES}) for \"{name}\" in the last 1h0m0s");
            return Err(problem(StatusCode::TOO_MANY_REQUESTS, "rateLimited", detail));
        }
        let token = fresh();
        let order = Order { account, name, token, proof: Proof::Awaited, certificate: None };
        let number = kept.orders.len();
        kept.orders.push(order.clone());
        let place = [(header::LOCATION, self.link(&format!("order/{number}")))];
        Ok((StatusCode::CREATED, place, axum::Json(self.order(number, &order))).into_response())
    }

    fn order(&self, number: usize, order: &Order) -> Value {
        let status = match (&order.certificate, &order.proof) {
            (Some(_), _) => "valid",
            (None, Proof::Good) => "ready",
            (None, Proof::Awaited) => "pending",
            (None, Proof::Failed(_)) => "invalid",
        };
        let certificate = order.certificate.as_ref().map(|_| self.link(&format!("certificate/{number}")));
        let mut shown = json!({
            "status": status, "expires": "2099-01-01T00:00:00Z",
            "identifiers": [{ "type": "dns", "value": order.name }],
            "authorizations": [self.link(&format!("authz/{number}"))],
            "finalize": self.link(&format!("finalize/{number}")),
        });
        if let Some(certificate) = certificate {
            shown["certificate"] = json!(certificate);
        }
        shown
    }

    fn authorization(&self, number: usize, order: &Order) -> Value {
        let status = match order.proof {
            Proof::Awaited => "pending",
            Proof::Good => "valid",
            Proof::Failed(_) => "invalid",
        };
        json!({
            "status": status, "expires": "2099-01-01T00:00:00Z", "identifier": { "type": "dns", "value": order.name },
            "challenges": [self.challenge(number, order)],
        })
    }

    fn challenge(&self, number: usize, order: &Order) -> Value {
        let mut shown = json!({
            "type": "http-01", "url": self.link(&format!("challenge/{number}")), "token": order.token, "status": "pending",
        });
        match &order.proof {
            Proof::Awaited => {}
            Proof::Good => shown["status"] = json!("valid"),
            Proof::Failed(why) => {
                shown["status"] = json!("invalid");
                shown["error"] = why.clone();
            }
        }
        shown
    }

    /// Looks for the proof where the name leads.
    async fn prove(&self, number: usize, thumbprint: &str) {
        let order = self.kept().orders[number].clone();
        let seen = self.look(&order).await;
        let expected = format!("{}.{thumbprint}", order.token);
        let proof = match seen {
            Ok(text) if text.trim_end() == expected => Proof::Good,
            Ok(text) => {
                let begun: String = text.chars().take(40).collect();
                let detail =
                    format!("The key authorization file from the server did not match this challenge: {begun:?}");
                Proof::Failed(problem(StatusCode::FORBIDDEN, "unauthorized", detail).1)
            }
            Err(why) => Proof::Failed(why.1),
        };
        let mut kept = self.kept();
        if matches!(proof, Proof::Failed(_)) {
            *kept.failures.entry(order.name).or_default() += 1;
        }
        kept.orders[number].proof = proof;
    }

    async fn look(&self, order: &Order) -> Result<String, Problem> {
        let name = &order.name;
        let Some(address) = self.kept().names.get(name).copied() else {
            let detail = format!("DNS problem: NXDOMAIN looking up A for {name}");
            return Err(problem(StatusCode::BAD_REQUEST, "dns", detail));
        };
        let away = |error: reqwest::Error| problem(StatusCode::BAD_REQUEST, "connection", format!("Fetching: {error}"));
        let client = reqwest::Client::builder().resolve(name, address).timeout(PATIENCE).build().map_err(away)?;
        let place = format!("http://{name}:{}/.well-known/acme-challenge/{}", address.port(), order.token);
        let answer = client.get(place).send().await.map_err(away)?;
        if answer.status() != StatusCode::OK {
            let detail = format!("Invalid response: {}", answer.status().as_u16());
            return Err(problem(StatusCode::FORBIDDEN, "unauthorized", detail));
        }
        answer.text().await.map_err(away)
    }

    async fn finalize(&self, number: usize, order: &Order, payload: &Value) -> Result<Response, Problem> {
        if order.certificate.is_some() || !matches!(order.proof, Proof::Good) {
            return Err(problem(StatusCode::FORBIDDEN, "orderNotReady", "its name is not proved, or it is done"));
        }
        let bad = |detail: String| problem(StatusCode::BAD_REQUEST, "badCSR", detail);
        let request = payload["csr"].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let request = request.ok_or_else(|| bad("no CSR".to_owned()))?;
        let signed = async {
            std::fs::write(self.dir.join(&format!("{number}.csr")), request)?;
            let text = self.openssl(&format!("req -inform DER -in {number}.csr -verify -noout -text")).await?;
            let names: Vec<&str> =
                text.split("DNS:").skip(1).filter_map(|rest| rest.split([',', '\n']).next()).collect();
            ensure!(names == [&order.name], "the names are {names:?}");
            let sign = "x509 -req -inform DER -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -copy_extensions copy";
            let signed = self.openssl(&format!("{sign} -in {number}.csr")).await?;
            Ok(signed + &std::fs::read_to_string(self.dir.join("ca.pem"))?)
        };
        let signed: anyhow::Result<String> = signed.await;
        let signed = signed.map_err(|error| bad(error.to_string()))?;
        let order = {
            let mut kept = self.kept();
            kept.orders[number].certificate = Some(signed);
            kept.orders[number].clone()
        };
        Ok(axum::Json(self.order(number, &order)).into_response())
    }
}
