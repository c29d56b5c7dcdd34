//! The agent: hears, applies, says what it has applied, and keeps it.

mod keep;
mod look;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use api::gateway::{Ack, Failure, Follow, Frame, Health, Report, Reported, Start};
use domain::time::{DAY_MS, UnixMs};
use domain::token::Token;
use domain::vpn::key::{KeyError, PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Clock;
use crate::control::{Control, ControlError};
use crate::device::{Device, DeviceError};
use crate::enrol::{EnrolError, random};
use crate::health::Gauge;
use crate::limits::Limits;
use crate::meters::Meters;
use crate::state::{Identity, Place, StateError};
use crate::talk::{Heard, Talk};
use crate::vantage::Vantage;
use crate::wanted::{Outcome, Wanted};

/// How often leases are looked at: one that has ended is off the network within this time.
const TICK: Duration = Duration::from_millis(250);
/// How soon the device is looked at again after a step that could not be taken, and after a peer was silenced that is to be taken off the device.
const SOON: Duration = Duration::from_secs(1);
/// How long a credential is shown.
const CREDENTIAL_MS: i64 = 30 * DAY_MS;
/// How long what has changed may be unsaved: a crash asks for it again.
const SAVE: Duration = Duration::from_secs(1);

/// Why an agent stopped.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The folder.
    #[error(transparent)]
    State(#[from] StateError),
    /// The device.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The key in the folder.
    #[error("the private key in the state folder can't be read: {0}")]
    Key(#[from] KeyError),
    /// The control plane.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] EnrolError),
}

/// What the agent is doing, for `mirai gateway status`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Status {
    /// What carries the traffic.
    #[serde(default)]
    pub device: String,
    /// Whether the control plane is heard.
    pub is_connected: bool,
    /// The revision that the device is at.
    pub revision: Option<i64>,
    /// Peers that are served.
    pub peers: usize,
    /// Peers in use: with a handshake within three minutes.
    #[serde(default)]
    pub active_peers: u32,
    /// When the control plane was last heard, in Unix milliseconds.
    pub heard_at: Option<UnixMs>,
    /// What is wrong, if something is.
    pub trouble: Option<String>,
    /// Peers that are not served as they should be, and why; tried again with each comparison.
    pub refused: BTreeMap<String, String>,
}

/// Where something may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Device,
    Rules,
    Disk,
    Control,
}

/// How often the agent does what it does now and then.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The device is read and compared with what it should be, as a whole; up to a tenth later.
    pub look: Duration,
    /// The control plane is told how the gateway is; it takes three misses for an outage.
    pub report: Duration,
    /// Other gateways are looked at through their tunnels; none, not at all.
    pub vantage: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { look: Duration::from_secs(10), report: Duration::from_secs(5), vantage: Some(Duration::from_secs(60)) }
    }
}

/// What an agent needs to know of the machine that it is on.
pub struct Setting {
    /// UDP port of the device.
    pub port: u16,
    /// The interfaces whose dropped packets are reported.
    pub interfaces: Vec<String>,
    /// Tells the time.
    pub clock: Clock,
    /// How often it looks and reports.
    pub pace: Pace,
    /// Where single peers are bounded.
    pub limits: Limits,
}

/// The agent of a gateway.
pub struct Agent {
    place: Place,
    identity: Identity,
    start: Start,
    control: Control,
    device: Device,
    clock: Clock,
    pace: Pace,
    limits: Limits,
    wanted: Wanted,
    meters: Meters,
    gauge: Gauge,
    health: Health,
    status: watch::Sender<Status>,
    troubles: BTreeMap<At, String>,
    is_saved: bool,
    are_meters_saved: bool,
    /// Whether the counters were read since they were last reported.
    is_counted: bool,
    looked_at: Instant,
    look_at: Instant,
    /// Since when peers have an address of a client and no handshake: someone began one and never ended it.
    unshaken: HashMap<[u8; 32], UnixMs>,
}

impl Agent {
    /// The gateway of this folder, on this device: counts its start, and serves what was kept.
    pub async fn start(place: Place, device: Device, setting: Setting) -> Result<Agent, AgentError> {
        let Setting { port, interfaces, clock, pace, limits } = setting;
        let identity = place.start()?;
        let control = Control::new(&identity.control)?;
        let start = Start { generation: identity.generation, instance: hex::encode(&random()?[..16]) };
        device.set_up(&PrivateKey::parse(&identity.private_key)?, port).await?;
        let mut wanted = place.kept_as()?.map(Wanted::of).unwrap_or_default();
        wanted.expire(clock());
        let meters = Meters::of(place.kept_meters()?.unwrap_or_default(), identity.generation);
        let driver = device.driver().to_owned();
        let mut agent = Agent {
            place,
            identity,
            start,
            control,
            device,
            clock,
            pace,
            limits,
            wanted,
            meters,
            gauge: Gauge::new(interfaces),
            health: Health::default(),
            status: watch::Sender::new(Status { device: driver, ..Status::default() }),
            troubles: BTreeMap::new(),
            is_saved: true,
            are_meters_saved: true,
            is_counted: false,
            looked_at: Instant::now(),
            look_at: Instant::now(),
            unshaken: HashMap::new(),
        };
        agent.look_after().await?;
        Ok(agent)
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What it is doing, as it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Serves until `stop` turns true; the device stays as it is then. An error if another agent has taken the place.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), AgentError> {
        let mut talk = Talk::begin(self.control.clone(), &self.identity.credential);
        let mut vantage: Option<Vantage> = None;
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stopped = std::pin::pin!(async move {
            // An error is a sender that is gone: nobody can stop this agent any more, and nobody is there to want it.
            let _ = stop.wait_for(|stop| *stop).await;
        });
        let (mut save_at, mut show_at, mut report_at) = (Instant::now(), Instant::now(), Instant::now());
        let mut shown = self.status.subscribe();
        shown.mark_changed();
        let ended = loop {
            tokio::select! {
                biased;
                () = &mut stopped => break Ok(()),
                event = talk.next() => {
                    let done = match event {
                        Some(Heard::Frame(frame)) => {
                            talk.is_well();
                            self.hear(&frame, &mut talk).await
                        }
                        Some(Heard::Reported(reported)) => self.take(reported).await,
                        Some(Heard::Rotated(credential)) => self.rotated(credential, &talk),
                        Some(Heard::Lost(error)) if error.is_superseded() => break Err(error.into()),
                        Some(Heard::Lost(error)) => {
                            talk.lost(&error);
                            self.lost(&error);
                            Ok(())
                        }
                        None => break Ok(()),
                    };
                    self.note(done);
                }
                _ = tick.tick() => {
                    match self.look_after().await {
                        Err(error @ AgentError::Device(DeviceError::Stopped(_))) => break Err(error),
                        done => self.note(done),
                    }
                    self.go_on_following(&mut talk);
                    if !self.is_saved && Instant::now() >= save_at {
                        self.save();
                        save_at = Instant::now() + SAVE;
                    }
                    // The stream tells the control plane which start this is; before that no report counts.
                    if Instant::now() >= report_at && self.status.borrow().heard_at.is_some() {
                        if let Some(every) = self.pace.vantage
                            && vantage.as_ref().is_none_or(Vantage::has_ended)
                        {
                            let (control, start) = (self.control.clone(), self.start.clone());
                            // Without random numbers it is tried again with the next report.
                            vantage = Vantage::begin(control, talk.credential(), start, every).ok();
                        }
                        self.report(&talk);
                        let rotated = self.rotate(&mut talk);
                        self.note(rotated);
                        report_at = Instant::now() + self.pace.report;
                    }
                    if Instant::now() >= show_at && shown.has_changed().unwrap_or(false) {
                        self.write_down(&shown.borrow_and_update());
                        show_at = Instant::now() + SAVE;
                    }
                }
            }
        };
        drop(talk);
        // What peers have carried up to now is counted after the next start.
        if let Ok(found) = self.device.dump((self.clock)()).await {
            self.meters.see(&found);
        }
        self.save();
        self.save_meters();
        self.show(|status| status.is_connected = false);
        self.write_down(&self.status.borrow());
        ended
    }

    fn go_on_following(&mut self, talk: &mut Talk) {
        let is_due = self.wanted.is_due((self.clock)());
        if is_due && talk.is_following() && !talk.is_for_all {
            talk.restart();
        }
        if talk.may_follow() {
            let after = self.wanted.revision().filter(|_| !is_due);
            self.wanted.forget_snapshot();
            let Start { generation, instance } = self.start.clone();
            talk.follow(Follow { generation, instance, after });
        }
    }

    async fn hear(&mut self, frame: &Frame, talk: &mut Talk) -> Result<(), AgentError> {
        let now = (self.clock)();
        let before = self.wanted.revision();
        let Ok(mut outcome) = self.wanted.hear(frame, now) else {
            tracing::warn!("something is missing in what the control plane says: asking for the whole list");
            talk.restart();
            self.wanted.forget_revision();
            return Ok(());
        };
        talk.is_for_all &= !outcome.is_whole;
        // Also where no peer differs: its leases are newer.
        self.is_saved &= !outcome.is_whole;
        for (key, grant) in outcome.grants.drain(..) {
            self.meters.grant(key, grant);
            self.wanted.rest(key, self.meters.is_used_up(&key));
        }
        let mut failures = if outcome.is_whole { self.look().await? } else { self.apply(&outcome).await? };
        failures.append(&mut outcome.failures);
        if let Some(revision) = self.wanted.revision()
            && (before != Some(revision) || !failures.is_empty())
        {
            self.is_saved = false;
            talk.ack(Ack { start: self.start.clone(), revision, failures: failures.clone() });
        }
        // After the word of it: a moment of more speed is nothing, and a program that runs takes its time.
        if !outcome.is_whole {
            self.bound([outcome.removed, outcome.touched].concat()).await;
        }
        self.mend(At::Control);
        self.show(|status| {
            status.is_connected = true;
            status.heard_at = Some(now);
            if outcome.is_whole {
                status.refused.clear();
            }
            status.refused.extend(by_peer(failures));
        });
        Ok(())
    }

    /// Takes over what is counted and granted.
    async fn take(&mut self, reported: Reported) -> Result<(), AgentError> {
        let mut changed = Outcome::default();
        let mut granted = Vec::new();
        for (key, grant) in reported.grants {
            let Ok(key) = PublicKey::parse(&key).map(|key| key.bytes()) else { continue };
            self.meters.grant(key, Some(grant));
            if self.wanted.rest(key, self.meters.is_used_up(&key)) {
                changed.touched.push(key);
            }
            granted.push(key);
        }
        self.are_meters_saved = false;
        self.apply(&changed).await?;
        self.bound(granted).await;
        Ok(())
    }

    /// What nobody tells: leases that end, and now and then a device that is not as it should be.
    async fn look_after(&mut self) -> Result<(), AgentError> {
        self.device.check()?;
        let ended = self.wanted.expire((self.clock)());
        if !ended.removed.is_empty() {
            self.apply(&ended).await?;
            self.show(|_| {});
        }
        if Instant::now() >= self.look_at {
            let failures = self.look().await?;
            self.show(|status| status.refused = by_peer(failures).collect());
        }
        Ok(())
    }

    /// Replaces the credential once it is old: the next one is kept before it is told.
    fn rotate(&mut self, talk: &mut Talk) -> Result<(), AgentError> {
        if (self.clock)() - self.identity.credential_since < CREDENTIAL_MS {
            return Ok(());
        }
        let next = match &self.identity.next_credential {
            Some(next) => next.clone(),
            None => {
                let next = Token::from_random(random()?).text().to_owned();
                self.identity.next_credential = Some(next.clone());
                self.place.save(&self.identity)?;
                next
            }
        };
        talk.rotate(next);
        Ok(())
    }

    /// The control plane knows the next credential: once it is saved it is shown, which voids the one before.
    fn rotated(&mut self, credential: String, talk: &Talk) -> Result<(), AgentError> {
        let identity =
            Identity { credential, credential_since: (self.clock)(), next_credential: None, ..self.identity.clone() };
        self.place.save(&identity)?;
        talk.show(&identity.credential);
        self.identity = identity;
        Ok(())
    }

    /// Says how the gateway is, and what its peers have carried if that was read since.
    fn report(&mut self, talk: &Talk) {
        // What is reported must be known after a crash, or it would be taken for new and counted again.
        self.save_meters();
        let is_counted = std::mem::take(&mut self.is_counted);
        let counters = if is_counted { self.meters.report(|key| self.wanted.is_resting(key)) } else { Vec::new() };
        let Health { active_peers, rx_rate, tx_rate, .. } = self.health;
        let trouble = self.status.borrow().trouble.clone();
        self.health = Health { active_peers, rx_rate, tx_rate, trouble, ..self.gauge.read() };
        self.show(|status| status.active_peers = active_peers);
        let (start, now, revision) = (self.start.clone(), (self.clock)(), self.wanted.revision());
        talk.report(Report { start, now, revision, health: self.health.clone(), counters });
    }
}

fn by_peer(failures: Vec<Failure>) -> impl Iterator<Item = (String, String)> {
    failures.into_iter().map(|failure| (failure.public_key, failure.reason))
}
