//! Places at which a test kills the process, to see what is left. A release build has none.

/// The places from sign-up to a device, in the order of a customer's life. Each kills the process as `kill -9` would:
/// nothing is closed, flushed or answered.
pub const BEGINNING: &[&str] = &[
    "register.saved",
    "register.committed",
    "mail.taken",
    "verify.saved",
    "verify.committed",
    "login.saved",
    "login.committed",
    "checkout.intended",
    "checkout.asked",
    "checkout.opened",
    "event.stored",
    "event.committed",
    "job.claimed",
    "event.read",
    "event.saved",
    "event.applied",
    "job.done",
    "device.saved",
    "device.committed",
];

/// The places of what an owner does later, up to the end of the account.
pub const LATER: &[&str] = &[
    "refresh.saved",
    "refresh.committed",
    "forgot.saved",
    "forgot.committed",
    "reset.saved",
    "reset.committed",
    "address.asked",
    "address.announced",
    "address.saved",
    "address.committed",
    "address.told",
    "period.saved",
    "period.committed",
    "gift.saved",
    "gift.committed",
    "credit.moved",
    "credit.told",
    "refund.asked",
    "plan.scheduled",
    "plan.released",
    "plan.asked",
    "plan.synced",
    "ticket.saved",
    "ticket.committed",
    "cancel.asked",
    "cancel.synced",
    "delete.saved",
    "delete.committed",
    "close.expired",
    "close.ended",
    "close.synced",
    "close.forgotten",
];

/// The places of a ticket that is opened on Discord, after it is written down.
pub const ON_DISCORD: &[&str] =
    &["thread.made", "thread.placed", "thread.posted", "thread.introduced", "thread.told", "post.begun", "post.sent"];

/// The places of counting what gateways report.
pub const COUNTING: &[&str] = &["count.saved", "count.committed"];

/// The places of telling subscribers of the status page.
pub const TELLING: &[&str] = &["tell.saved", "tell.committed", "hook.answered"];

/// The places of a backup that is made.
pub const BACKING_UP: &[&str] = &["backup.copied", "backup.packed", "backup.named"];

#[cfg(debug_assertions)]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::{BACKING_UP, BEGINNING, COUNTING, LATER, ON_DISCORD, TELLING};

    fn all() -> impl Iterator<Item = &'static &'static str> {
        BEGINNING.iter().chain(LATER).chain(ON_DISCORD).chain(COUNTING).chain(TELLING).chain(BACKING_UP)
    }

    static ARMED: OnceLock<Armed> = OnceLock::new();

    struct Armed {
        place: &'static str,
        times: AtomicI64,
        how: How,
    }

    enum How {
        Die,
        Panic,
    }

    /// Arms one place, from `name` or `name:n`: the process dies the first or the `n`th time that it comes there. With
    /// `name:panic` the task that comes there first panics, and the process lives.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn arm(setting: &str) -> Result<(), String> {
        let (name, rest) = setting.split_once(':').unwrap_or((setting, "1"));
        let place = all().find(|place| **place == name);
        let known = || all().copied().collect::<Vec<_>>().join(", ");
        let place = place.ok_or_else(|| format!("FAILPOINT: there is no {name:?}; choose one of {}", known()))?;
        let (times, how) = match rest {
            "panic" => (1, How::Panic),
            times => (times.parse().map_err(|_| format!("FAILPOINT: {times:?} is no number"))?, How::Die),
        };
        let armed = Armed { place, times: AtomicI64::new(times), how };
        ARMED.set(armed).map_err(|_| "FAILPOINT is armed already".to_owned())
    }

    pub(crate) fn pass(name: &'static str) {
        debug_assert!(all().any(|place| *place == name), "{name} is not in the list");
        if let Some(armed) = ARMED.get()
            && armed.place == name
            && armed.times.fetch_sub(1, Ordering::SeqCst) == 1
        {
            match armed.how {
                How::Die => std::process::abort(),
                How::Panic => panic!("a test wants a panic at {name}"),
            }
        }
    }
}

#[cfg(debug_assertions)]
pub use armed::arm;
#[cfg(debug_assertions)]
pub(crate) use armed::pass;

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
pub(crate) fn pass(_: &'static str) {}
