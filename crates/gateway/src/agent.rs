//! The agent: hears, applies, says what it has applied, and keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use api::gateway::{Ack, Failure, Follow, Frame, Start};
use domain::time::UnixMs;
use domain::vpn::key::{KeyError, PrivateKey, PublicKey};
use domain::vpn::peer_diff::{PeerOp, diff};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Clock;
use crate::control::{Control, ControlError};
use crate::device::{Device, DeviceError};
use crate::enrol::{EnrolError, random};
use crate::state::{Identity, Place, StateError};
use crate::wanted::{Outcome, Wanted};

/// How often leases are looked at: one that has ended is off the network within this time.
const TICK: Duration = Duration::from_millis(250);
/// How often the device is compared with what it should be, as a whole, and by how much each time may be later.
const RECONCILE: Duration = Duration::from_secs(60);
const JITTER: Duration = Duration::from_secs(10);
/// The same after a step that could not be taken.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);
/// How long what has changed may be unsaved: a crash asks for it again.
const SAVE: Duration = Duration::from_secs(1);
/// Pauses before the control plane is tried again: doubling from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// The pause after a refusal, which only an operator can change.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);
/// Frames that wait to be applied.
const WAITING: usize = 4;

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
    /// Whether the control plane is heard.
    pub is_connected: bool,
    /// The revision that the device is at.
    pub revision: Option<i64>,
    /// Peers that are served.
    pub peers: usize,
    /// When the control plane was last heard, in Unix milliseconds.
    pub heard_at: Option<UnixMs>,
    /// What is wrong, if something is.
    pub trouble: Option<String>,
    /// Peers that are not served as they should be, and why; tried again with each comparison.
    pub refused: BTreeMap<String, String>,
}

/// The agent of a gateway.
pub struct Agent {
    place: Place,
    identity: Identity,
    start: Start,
    control: Control,
    device: Device,
    clock: Clock,
    wanted: Wanted,
    status: watch::Sender<Status>,
    is_saved: bool,
    compare_at: Instant,
}

/// What the follower tells.
enum Heard {
    Frame(Frame),
    Lost(ControlError),
}

/// The one who follows the stream, and since when it is tried.
struct Following {
    task: Option<JoinHandle<()>>,
    again_at: Instant,
    pause: Duration,
    /// Whether it was asked for all peers.
    is_for_all: bool,
}

impl Agent {
    /// The gateway of this folder, on this device: counts its start, and serves what was kept.
    pub async fn start(place: Place, device: Device, port: u16, clock: Clock) -> Result<Agent, AgentError> {
        let identity = place.start()?;
        let control = Control::new(&identity.control)?;
        let start = Start { generation: identity.generation, instance: hex::encode(&random()?[..16]) };
        device.set_up(&PrivateKey::parse(&identity.private_key)?, port).await?;
        let mut wanted = place.kept()?.map(Wanted::of).unwrap_or_default();
        wanted.expire(clock());
        let status = watch::Sender::new(Status::default());
        let (is_saved, compare_at) = (true, Instant::now());
        let mut agent = Agent { place, identity, start, control, device, clock, wanted, status, is_saved, compare_at };
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
        let (tell, mut heard) = mpsc::channel(WAITING);
        let (acks, lost) = self.acknowledging(&tell);
        let mut following = Following { task: None, again_at: Instant::now(), pause: PAUSES.0, is_for_all: false };
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stopped = std::pin::pin!(async move {
            // An error is a sender that is gone: nobody can stop this agent any more, and nobody is there to want it.
            let _ = stop.wait_for(|stop| *stop).await;
        });
        let (mut save_at, mut show_at) = (Instant::now(), Instant::now());
        let mut shown = self.status.subscribe();
        shown.mark_changed();
        let ended = loop {
            tokio::select! {
                biased;
                () = &mut stopped => break Ok(()),
                event = heard.recv() => match event {
                    Some(Heard::Frame(frame)) => {
                        following.pause = PAUSES.0;
                        if let Err(error) = self.hear(&frame, &acks, &mut following).await {
                            self.trouble(&error);
                        }
                    }
                    Some(Heard::Lost(error)) if error.is_superseded() => break Err(error.into()),
                    Some(Heard::Lost(error)) => self.lost(&error, &mut following),
                    None => break Ok(()),
                },
                _ = tick.tick() => {
                    match self.look_after().await {
                        Err(error @ AgentError::Device(DeviceError::Stopped(_))) => break Err(error),
                        Err(error) => self.trouble(&error),
                        Ok(()) => {}
                    }
                    let is_due = self.wanted.is_due((self.clock)());
                    if is_due && following.task.is_some() && !following.is_for_all {
                        following.restart();
                    }
                    if following.task.is_none() && Instant::now() >= following.again_at {
                        let after = self.wanted.revision().filter(|_| !is_due);
                        following.is_for_all = after.is_none();
                        following.task = Some(self.follow(after, tell.clone()));
                    }
                    if !self.is_saved && Instant::now() >= save_at {
                        self.save();
                        save_at = Instant::now() + SAVE;
                    }
                    if Instant::now() >= show_at && shown.has_changed().unwrap_or(false) {
                        self.write_down(&shown.borrow_and_update());
                        show_at = Instant::now() + SAVE;
                    }
                }
            }
        };
        if let Some(task) = following.task {
            task.abort();
        }
        lost.abort();
        self.save();
        self.show(|status| status.is_connected = false);
        self.write_down(&self.status.borrow());
        ended
    }

    async fn hear(
        &mut self,
        frame: &Frame,
        acks: &mpsc::UnboundedSender<Ack>,
        following: &mut Following,
    ) -> Result<(), AgentError> {
        let now = (self.clock)();
        let before = self.wanted.revision();
        let Ok(mut outcome) = self.wanted.hear(frame, now) else {
            tracing::warn!("something is missing in what the control plane says: asking for the whole list");
            following.restart();
            self.wanted.forget_revision();
            return Ok(());
        };
        following.is_for_all &= !outcome.is_whole;
        // Also where no peer differs: its leases are newer.
        self.is_saved &= !outcome.is_whole;
        let mut failures = if outcome.is_whole { self.reconcile().await? } else { self.apply(&outcome).await? };
        failures.append(&mut outcome.failures);
        if let Some(revision) = self.wanted.revision()
            && (before != Some(revision) || !failures.is_empty())
        {
            self.is_saved = false;
            // The receiver lives as long as this agent.
            let _ = acks.send(Ack { start: self.start.clone(), revision, failures: failures.clone() });
        }
        self.show(|status| {
            status.is_connected = true;
            status.heard_at = Some(now);
            status.trouble = None;
            if outcome.is_whole {
                status.refused.clear();
            }
            status.refused.extend(by_peer(failures));
        });
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
        if Instant::now() >= self.compare_at {
            let failures = self.reconcile().await?;
            self.compare_at = Instant::now() + RECONCILE + jitter();
            self.show(|status| status.refused = by_peer(failures).collect());
        }
        Ok(())
    }

    /// Does to the device what has changed, and returns the peers that it refused.
    async fn apply(&mut self, outcome: &Outcome) -> Result<Vec<Failure>, AgentError> {
        if !outcome.removed.is_empty() || !outcome.touched.is_empty() {
            self.is_saved = false;
        }
        let steps = self.wanted.steps(outcome);
        apply(&self.device, &steps).await
    }

    /// Compares the device as a whole with what it should be, and mends what differs.
    async fn reconcile(&mut self) -> Result<Vec<Failure>, AgentError> {
        let found = self.device.dump().await?;
        let steps = diff(self.wanted.peers(), &found);
        apply(&self.device, &steps).await
    }

    /// For `mirai gateway status`.
    fn write_down(&self, status: &Status) {
        if let Err(error) = self.place.show(status) {
            tracing::debug!(%error, "the status could not be written down");
        }
    }

    fn show(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            status.revision = self.wanted.revision();
            status.peers = self.wanted.len();
            *status != before
        });
    }

    /// A step was not taken, and it may be a revocation: all is compared again soon.
    fn trouble(&mut self, error: &AgentError) {
        self.compare_at = Instant::now() + AFTER_TROUBLE;
        tracing::error!(%error, "the device is not as it should be; it is compared again in a second");
        self.show(|status| status.trouble = Some(error.to_string()));
    }

    fn lost(&self, error: &ControlError, following: &mut Following) {
        let pause = match error {
            ControlError::Refused { .. } => AFTER_REFUSAL,
            ControlError::Away(_) | ControlError::Nonsense(_) | ControlError::Address(_) => following.pause,
        };
        following.pause = (following.pause * 2).min(PAUSES.1);
        following.restart();
        following.again_at += pause;
        let words = error.to_string();
        if self.status.borrow().trouble.as_ref() != Some(&words) {
            tracing::warn!(error = words, "serving on without the control plane, each peer until its lease ends");
        }
        self.show(|status| {
            status.is_connected = false;
            status.trouble = Some(words);
        });
    }

    fn save(&mut self) {
        // Before the first list is whole, what was kept before is better.
        if self.wanted.revision().is_none() {
            return;
        }
        match self.place.keep(&self.wanted.to_keep()) {
            Ok(()) => self.is_saved = true,
            Err(error) => {
                tracing::error!(%error, "what is served could not be saved: a restart now would begin from an older list");
                self.show(|status| status.trouble = Some(error.to_string()));
            }
        }
    }

    /// Follows the stream from a revision, or from all peers, in a task of its own.
    fn follow(&mut self, after: Option<i64>, tell: mpsc::Sender<Heard>) -> JoinHandle<()> {
        self.wanted.forget_snapshot();
        let (control, credential) = (self.control.clone(), self.identity.credential.clone());
        let Start { generation, instance } = self.start.clone();
        let follow = Follow { generation, instance, after };
        tokio::spawn(async move {
            let lost = match control.stream(&credential, &follow).await {
                Ok(mut stream) => loop {
                    match stream.next().await {
                        Ok(frame) => {
                            if tell.send(Heard::Frame(frame)).await.is_err() {
                                return;
                            }
                        }
                        Err(error) => break error,
                    }
                },
                Err(error) => error,
            };
            // Nobody listens any more: the agent has stopped.
            let _ = tell.send(Heard::Lost(lost)).await;
        })
    }

    /// Says what was applied, in a task of its own: an answer that hangs must not hold up the device. Of several that
    /// wait the last revision counts, and all failures.
    fn acknowledging(&self, tell: &mpsc::Sender<Heard>) -> (mpsc::UnboundedSender<Ack>, JoinHandle<()>) {
        let (send, mut waiting) = mpsc::unbounded_channel::<Ack>();
        let (control, credential, tell) = (self.control.clone(), self.identity.credential.clone(), tell.clone());
        let task = tokio::spawn(async move {
            while let Some(mut ack) = waiting.recv().await {
                while let Ok(later) = waiting.try_recv() {
                    ack.revision = later.revision;
                    ack.failures.extend(later.failures);
                }
                match control.ack(&credential, &ack).await {
                    Ok(()) => {}
                    Err(error) if error.is_superseded() => {
                        let _ = tell.send(Heard::Lost(error)).await;
                    }
                    // The next one says it too; and the stream tells whether the control plane is there.
                    Err(error) => tracing::debug!(%error, "an acknowledgement was not taken"),
                }
            }
        });
        (send, task)
    }
}

impl Following {
    fn restart(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        self.again_at = Instant::now();
    }
}

async fn apply(device: &Device, steps: &[PeerOp<'_>]) -> Result<Vec<Failure>, AgentError> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let failed = device.apply(steps).await?;
    let failure = |(key, error): ([u8; 32], DeviceError)| Failure {
        public_key: PublicKey::from_bytes(key).map_or_else(|_| hex::encode(key), |key| key.to_string()),
        reason: error.to_string(),
    };
    Ok(failed.into_iter().map(failure).collect())
}

fn by_peer(failures: Vec<Failure>) -> impl Iterator<Item = (String, String)> {
    failures.into_iter().map(|failure| (failure.public_key, failure.reason))
}

/// So that not all gateways look at the same moment.
fn jitter() -> Duration {
    let random = random().map_or(0, |bytes| u32::from(bytes[0]));
    JITTER * random / 256
}
