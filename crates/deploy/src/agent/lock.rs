//! One change at a time. The lock is the system's own (`flock`), so that it ends with whoever held it, however that died.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use super::AgentError;
use crate::layout::Layout;

const PAUSE: Duration = Duration::from_millis(200);
/// What the guard calls itself.
pub(super) const GUARD: &str = "the guard of this host";
/// So long anybody waits for the guard: at most it takes a switch back, which starts one release and ends another.
const FOR_GUARD: Duration = Duration::from_secs(200);

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

fn open(layout: &Layout) -> Result<File, AgentError> {
    let path = layout.lock();
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    file.map_err(|error| AgentError::File(path.display().to_string(), error))
}

/// Takes the lock for `who`, or says who has it.
pub(super) fn take(layout: &Layout, who: &str, wait: Duration) -> Result<Result<Lock, String>, AgentError> {
    let mut file = open(layout)?;
    let began = Instant::now();
    while file.try_lock().is_err() {
        if began.elapsed() >= wait {
            let who = read(&mut file);
            if who != GUARD || began.elapsed() >= FOR_GUARD {
                return Ok(Err(who));
            }
        }
        std::thread::sleep(PAUSE);
    }
    // Who it is helps whoever waits; without room on the disk the lock holds all the same.
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(who.as_bytes()));
    Ok(Ok(Lock(file)))
}

/// Who holds the lock.
pub(super) fn holder(layout: &Layout) -> Option<String> {
    let mut file = open(layout).ok()?;
    file.try_lock().is_err().then(|| read(&mut file))
}

fn read(file: &mut File) -> String {
    let mut who = String::new();
    let _ = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(200).read_to_string(&mut who));
    if who.is_empty() { "somebody".to_owned() } else { who }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_and_the_other_learns_who() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        assert_eq!(holder(&layout), None);
        let held = take(&layout, "mika@laptop", Duration::ZERO).unwrap().unwrap();
        assert_eq!(take(&layout, "yuki@desk", Duration::ZERO).unwrap().unwrap_err(), "mika@laptop");
        assert_eq!(holder(&layout).as_deref(), Some("mika@laptop"));
        drop(held);
        // The guard is waited for; and whoever has waited is named as plainly as who came at once.
        let guard = take(&layout, GUARD, Duration::ZERO).unwrap().unwrap();
        let waiting = std::thread::spawn({
            let layout = layout.clone();
            move || take(&layout, "yuki@desk", Duration::ZERO).unwrap().unwrap()
        });
        std::thread::sleep(2 * PAUSE);
        drop(guard);
        let _held = waiting.join().unwrap();
        assert_eq!(holder(&layout).as_deref(), Some("yuki@desk"));
    }
}
