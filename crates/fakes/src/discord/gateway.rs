//! The gateway: JSON frames, sessions that can be resumed, and the limits on what a client may send.

use super::starts::{Start, Starts};
use super::{Inner, show};
use axum::extract::State as Shared;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Between heartbeats.
const BEAT: Duration = Duration::from_millis(41_250);
/// A client may send so many events in a minute, each of at most so many bytes.
const MOST_EVENTS: usize = 120;
const LONGEST_EVENT: usize = 4096;
/// `GUILD_MEMBERS`, `GUILD_PRESENCES` and `MESSAGE_CONTENT`.
const PRIVILEGED: u64 = (1 << 1) | (1 << 8) | (1 << 15);

/// Op 9: there is no session, and none to resume.
pub(crate) const INVALID: &str = r#"{"op":9,"d":false,"s":null,"t":null}"#;

/// What is sent on a connection.
#[derive(Debug)]
pub(crate) enum Out {
    Text(String),
    Close(u16),
}

#[derive(Debug)]
struct Session {
    id: String,
    intents: u64,
    sequence: u64,
    /// Every event since the session began, for a resume.
    events: Vec<(u64, String)>,
}

/// The bot's session (it has one shard) and the connection that serves it.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    connections: u64,
    pub(crate) connection: Option<u64>,
    pub(crate) zombie: Option<u64>,
    out: Option<UnboundedSender<Out>>,
    session: Option<Session>,
    pub(crate) identifies: u32,
    pub(crate) starts: Starts,
    pub(crate) resumes: u32,
    pub(crate) presences: Vec<(i64, String)>,
    /// What the session shows of itself, as it was sent.
    shown: Value,
    /// Between the heartbeats of new connections, if it is not the usual.
    pub(crate) beat: Option<Duration>,
    /// So many interactions to come are sent twice.
    pub(crate) doubled: u32,
    /// Events that are kept back: intent, name and data.
    pub(crate) held: Option<Vec<(u64, String, Value)>>,
}

impl Sessions {
    pub(crate) fn push(&mut self, out: Out) {
        if self.zombie.is_none() || self.zombie != self.connection {
            // A connection that is gone misses the event; a resume brings it.
            let _ = self.out.as_ref().map(|to| to.send(out));
        }
    }

    pub(crate) fn send_raw(&mut self, text: &str) {
        self.push(Out::Text(text.to_owned()));
    }

    /// The session can't be resumed any more.
    pub(crate) fn forget(&mut self) {
        self.session = None;
    }

    /// What the bot shows of itself, while it is connected.
    pub(crate) fn presence(&self) -> Option<&Value> {
        self.connection.map(|_| &self.shown)
    }

    /// Those of the session that there is.
    pub(crate) fn intents(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.intents)
    }

    /// An event, if the session holds the intent; 0 for those that need none.
    pub(crate) fn dispatch(&mut self, intent: u64, name: &str, data: &Value) {
        let is_about_session = matches!(name, "READY" | "RESUMED");
        if let Some(held) = self.held.as_mut().filter(|_| !is_about_session) {
            held.push((intent, name.to_owned(), data.clone()));
            return;
        }
        if name == "INTERACTION_CREATE" && self.doubled > 0 {
            self.doubled -= 1;
            self.send(intent, name, data);
        }
        self.send(intent, name, data);
    }

    fn send(&mut self, intent: u64, name: &str, data: &Value) {
        let Some(session) = self.session.as_mut().filter(|session| intent == 0 || session.intents & intent != 0) else {
            return;
        };
        session.sequence += 1;
        let text = json!({ "op": 0, "t": name, "s": session.sequence, "d": data }).to_string();
        session.events.push((session.sequence, text.clone()));
        self.push(Out::Text(text));
    }
}

/// The websocket, at any path but the API's.
pub(crate) async fn connect(Shared(inner): Shared<Arc<Inner>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(move |socket| serve(inner, socket))
}

async fn serve(inner: Arc<Inner>, mut socket: WebSocket) {
    let (sender, mut outgoing) = unbounded_channel();
    let (number, beat) = {
        let mut state = inner.lock();
        state.gateway.connections += 1;
        (state.gateway.connections, state.gateway.beat.unwrap_or(BEAT))
    };
    let milliseconds = u64::try_from(beat.as_millis()).unwrap_or(u64::MAX);
    let hello = json!({ "op": 10, "d": { "heartbeat_interval": milliseconds }, "s": null, "t": null });
    if socket.send(Message::Text(hello.to_string().into())).await.is_err() {
        return;
    }
    let mut client = Client { number, beat, beats: 0, sender, sent: Vec::new() };
    pump(&inner, &mut socket, &mut client, &mut outgoing).await;
    let mut state = inner.lock();
    if state.gateway.connection == Some(number) {
        state.gateway.connection = None;
        state.gateway.out = None;
    }
}

struct Client {
    number: u64,
    /// Between its heartbeats, and how many it has sent.
    beat: Duration,
    beats: u64,
    sender: UnboundedSender<Out>,
    /// When it sent its events of the last minute.
    sent: Vec<i64>,
}

async fn pump(inner: &Inner, socket: &mut WebSocket, client: &mut Client, outgoing: &mut UnboundedReceiver<Out>) {
    // A client beats by its own clock, which a test's does not move.
    let mut patience = Box::pin(tokio::time::sleep(client.beat * 2));
    let mut heard = 0;
    loop {
        if client.beats > heard {
            heard = client.beats;
            patience = Box::pin(tokio::time::sleep(client.beat * 2));
        }
        tokio::select! {
            () = patience.as_mut() => {
                inner.lock().violation("the gateway heard no heartbeat for two intervals");
                return close(socket, 4009).await;
            }
            Some(out) = outgoing.recv() => match out {
                Out::Text(text) => if socket.send(Message::Text(text.into())).await.is_err() { return },
                Out::Close(code) => return close(socket, code).await,
            },
            got = socket.recv() => match got {
                Some(Ok(Message::Text(text))) => if let Err(code) = hear(inner, client, &text) {
                    return close(socket, code).await;
                },
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| frame.code);
                    let mut state = inner.lock();
                    // By these two the client says that it does not come back.
                    if matches!(code, 1000 | 1001) && state.gateway.connection == Some(client.number) {
                        state.gateway.forget();
                    }
                    // The next look for a message says goodbye as well, and finds the end.
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return,
            },
        }
    }
}

async fn close(socket: &mut WebSocket, code: u16) {
    let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: "".into() }))).await;
}

/// One event of the client; the code to close with if it must not be so.
fn hear(inner: &Inner, client: &mut Client, text: &str) -> Result<(), u16> {
    let now = inner.now();
    let mut state = inner.lock();
    client.sent.retain(|at| *at > now - 60_000);
    client.sent.push(now);
    if client.sent.len() > MOST_EVENTS {
        state.violation("the gateway was sent more than 120 events in a minute");
        return Err(4008);
    }
    if text.len() > LONGEST_EVENT {
        state.violation("the gateway was sent an event of more than 4096 bytes");
        return Err(4002);
    }
    let event: Value = serde_json::from_str(text).map_err(|_| 4002_u16)?;
    let op = event["op"].as_u64().ok_or(4001_u16)?;
    client.beats += u64::from(op == 1);
    if state.gateway.zombie == Some(client.number) {
        return Ok(());
    }
    let data = &event["d"];
    drop(state);
    match op {
        1 => client.sender.send(Out::Text(r#"{"op":11,"d":null,"s":null,"t":null}"#.to_owned())).map_err(|_| 4000),
        2 => identify(inner, client, data),
        3 if inner.lock().gateway.connection == Some(client.number) => {
            presence(inner, now, data);
            Ok(())
        }
        3 => Err(4003),
        6 => resume(inner, client, data),
        _ => Err(4001),
    }
}

fn presence(inner: &Inner, now: i64, data: &Value) {
    let activity = &data["activities"][0];
    let text = activity["state"].as_str().or(activity["name"].as_str()).unwrap_or_default().to_owned();
    let mut state = inner.lock();
    state.gateway.presences.push((now, text));
    state.gateway.shown.clone_from(data);
}

fn identify(inner: &Inner, client: &Client, data: &Value) -> Result<(), u16> {
    if data["token"].as_str().map(|token| token.trim_start_matches("Bot ")) != Some(inner.token.as_str()) {
        return Err(4004);
    }
    let intents = data["intents"].as_u64().ok_or(4013_u16)?;
    if intents & PRIVILEGED & !inner.privileged != 0 {
        return Err(4014);
    }
    let mut state = inner.lock();
    if state.gateway.connection == Some(client.number) {
        return Err(4005);
    }
    if !state.limits.lifted() {
        match state.gateway.starts.count(inner.now()) {
            Start::Begins => {}
            Start::TooSoon => {
                state.violation("the gateway was sent two identifies within five seconds");
                return client.sender.send(Out::Text(INVALID.to_owned())).map_err(|_| 4000);
            }
            Start::TooOften => {
                state.violation("the gateway was sent more than 1000 identifies in a day: the token is reset");
                return Err(4004);
            }
        }
    }
    state.gateway.identifies += 1;
    let id = format!("session-{}", state.gateway.identifies);
    state.gateway.session = Some(Session { id: id.clone(), intents, sequence: 0, events: Vec::new() });
    state.gateway.connection = Some(client.number);
    state.gateway.shown = Value::Null;
    state.gateway.out = Some(client.sender.clone());
    let guilds: Vec<u64> = state.guilds.keys().copied().collect();
    let unavailable: Vec<Value> =
        guilds.iter().map(|guild| json!({ "id": guild.to_string(), "unavailable": true })).collect();
    let ready = json!({
        "v": 10, "user": show::myself(&state, inner), "guilds": unavailable, "session_id": id, "shard": [0, 1],
        "resume_gateway_url": format!("ws://{}", inner.address),
        "application": { "id": inner.bot.to_string(), "flags": 0, "flags_new": "0" },
    });
    state.gateway.dispatch(0, "READY", &ready);
    for guild in guilds {
        let shown = show::guild(&state, inner, guild);
        state.gateway.dispatch(1, "GUILD_CREATE", &shown);
    }
    if !data["presence"].is_null() {
        drop(state);
        presence(inner, inner.now(), &data["presence"]);
    }
    Ok(())
}

fn resume(inner: &Inner, client: &Client, data: &Value) -> Result<(), u16> {
    if data["token"].as_str().map(|token| token.trim_start_matches("Bot ")) != Some(inner.token.as_str()) {
        return Err(4004);
    }
    let mut state = inner.lock();
    let seen = data["seq"].as_u64().ok_or(4007_u16)?;
    let Some(session) = state.gateway.session.as_ref().filter(|session| data["session_id"] == session.id.as_str())
    else {
        return client.sender.send(Out::Text(INVALID.to_owned())).map_err(|_| 4000);
    };
    if seen > session.sequence {
        return Err(4007);
    }
    let missed: Vec<String> =
        session.events.iter().filter(|(sequence, _)| *sequence > seen).map(|(_, text)| text.clone()).collect();
    state.gateway.resumes += 1;
    state.gateway.connection = Some(client.number);
    state.gateway.out = Some(client.sender.clone());
    missed.into_iter().for_each(|text| state.gateway.push(Out::Text(text)));
    state.gateway.dispatch(0, "RESUMED", &json!({}));
    Ok(())
}
