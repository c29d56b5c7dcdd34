//! What the agent says to the control plane and hears from it, each in a task of its own: an answer that hangs must not
//! hold up the device.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::gateway::{Ack, Follow, Frame, Report, Reported, Rotate};
use domain::token;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::control::{Control, ControlError};

/// Pauses before the control plane is tried again: doubling from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// The pause after a refusal, which only an operator can change.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);
/// Frames that wait to be applied.
const WAITING: usize = 4;

/// What the control plane says.
pub(crate) enum Heard {
    /// On the stream.
    Frame(Frame),
    /// To a report.
    Reported(Reported),
    /// It knows the next credential.
    Rotated(String),
    /// Nothing any more, and why.
    Lost(ControlError),
}

/// The tasks, and what they hear.
pub(crate) struct Talk {
    control: Control,
    credential: Shown,
    tell: mpsc::Sender<Heard>,
    heard: mpsc::Receiver<Heard>,
    acks: mpsc::UnboundedSender<Ack>,
    reports: mpsc::Sender<Report>,
    others: [JoinHandle<()>; 2],
    rotating: Option<JoinHandle<()>>,
    following: Option<JoinHandle<()>>,
    again_at: Instant,
    pause: Duration,
    /// Whether the stream was asked for all peers.
    pub(crate) is_for_all: bool,
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.others.iter().chain(&self.following).chain(&self.rotating).for_each(JoinHandle::abort);
    }
}

impl Talk {
    pub(crate) fn begin(control: Control, credential: &str) -> Talk {
        let credential = Shown(Arc::new(Mutex::new(credential.to_owned())));
        let (tell, heard) = mpsc::channel(WAITING);
        let (acks, ack_task) = acknowledging(control.clone(), credential.clone(), tell.clone());
        let (reports, report_task) = reporting(control.clone(), credential.clone(), tell.clone());
        let others = [ack_task, report_task];
        let rotating = None;
        let (following, again_at, pause, is_for_all) = (None, Instant::now(), PAUSES.0, false);
        Talk {
            control,
            credential,
            tell,
            heard,
            acks,
            reports,
            others,
            rotating,
            following,
            again_at,
            pause,
            is_for_all,
        }
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    pub(crate) fn ack(&self, ack: Ack) {
        // The receiver lives as long as this.
        let _ = self.acks.send(ack);
    }

    /// Says how the gateway is; not, if the last report is still on its way.
    pub(crate) fn report(&self, report: Report) {
        let _ = self.reports.try_send(report);
    }

    /// Tells the control plane of a credential that is to replace the present one; not, if that is on its way.
    pub(crate) fn rotate(&mut self, next: String) {
        if self.rotating.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (control, credential, tell) = (self.control.clone(), self.credential.clone(), self.tell.clone());
        let asked = Rotate { credential_hash: hex::encode(token::hash(&next)) };
        self.rotating = Some(tokio::spawn(async move {
            match control.rotate(&credential.get(), &asked).await {
                Ok(()) => drop(tell.send(Heard::Rotated(next)).await),
                Err(error) => tracing::debug!(%error, "the credential was not replaced; it is tried again"),
            }
        }));
    }

    /// Shows this credential from now on.
    pub(crate) fn show(&self, credential: &str) {
        credential.clone_into(&mut self.credential.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The credential as it is shown, also once it is replaced.
    pub(crate) fn credential(&self) -> Shown {
        self.credential.clone()
    }

    /// Whether a stream is there or on its way.
    pub(crate) fn is_following(&self) -> bool {
        self.following.is_some()
    }

    /// Whether it is time to ask for the stream.
    pub(crate) fn may_follow(&self) -> bool {
        self.following.is_none() && Instant::now() >= self.again_at
    }

    /// Asks for the stream.
    pub(crate) fn follow(&mut self, follow: Follow) {
        self.is_for_all = follow.after.is_none();
        let (control, credential, tell) = (self.control.clone(), self.credential.clone(), self.tell.clone());
        self.following = Some(tokio::spawn(async move {
            let lost = match control.stream(&credential.get(), &follow).await {
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
        }));
    }

    /// Something came: the next loss is a first one.
    pub(crate) fn is_well(&mut self) {
        self.pause = PAUSES.0;
    }

    /// Ends the stream; it may be asked for at once.
    pub(crate) fn restart(&mut self) {
        if let Some(task) = self.following.take() {
            task.abort();
        }
        self.again_at = Instant::now();
    }

    /// The stream is lost; it may be asked for after a pause.
    pub(crate) fn lost(&mut self, error: &ControlError) {
        let pause = match error {
            ControlError::Refused { .. } => AFTER_REFUSAL,
            ControlError::Away(_) | ControlError::Nonsense(_) | ControlError::Address(_) => self.pause,
        };
        self.pause = (self.pause * 2).min(PAUSES.1);
        self.restart();
        self.again_at += pause;
    }
}

/// The credential, the same for all tasks.
#[derive(Clone)]
pub(crate) struct Shown(Arc<Mutex<String>>);

impl Shown {
    pub(crate) fn get(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Says what was applied. Of several that wait the last revision counts, and all failures.
fn acknowledging(
    control: Control,
    credential: Shown,
    tell: mpsc::Sender<Heard>,
) -> (mpsc::UnboundedSender<Ack>, JoinHandle<()>) {
    let (send, mut waiting) = mpsc::unbounded_channel::<Ack>();
    let task = tokio::spawn(async move {
        while let Some(mut ack) = waiting.recv().await {
            while let Ok(later) = waiting.try_recv() {
                ack.revision = later.revision;
                ack.failures.extend(later.failures);
            }
            match control.ack(&credential.get(), &ack).await {
                Ok(()) => {}
                Err(error) if error.is_superseded() => {
                    let _ = tell.send(Heard::Lost(error)).await;
                }
                // The next report says it too; and the stream tells whether the control plane is there.
                Err(error) => tracing::debug!(%error, "an acknowledgement was not taken"),
            }
        }
    });
    (send, task)
}

fn reporting(control: Control, credential: Shown, tell: mpsc::Sender<Heard>) -> (mpsc::Sender<Report>, JoinHandle<()>) {
    let (send, mut waiting) = mpsc::channel::<Report>(1);
    let task = tokio::spawn(async move {
        while let Some(report) = waiting.recv().await {
            let heard = match control.report(&credential.get(), &report).await {
                Ok(reported) => Heard::Reported(reported),
                Err(error) if error.is_superseded() => Heard::Lost(error),
                Err(error) => {
                    tracing::debug!(%error, "a report was not taken; the next one has it all again");
                    continue;
                }
            };
            let _ = tell.send(heard).await;
        }
    });
    (send, task)
}
