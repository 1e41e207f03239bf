//! A line on the terminal while a run takes long. Writes to standard error only, and only when that is a terminal.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Shows what is being done from half a second on; the line is removed when this goes away.
pub struct Progress {
    say: Option<(Sender<String>, JoinHandle<()>)>,
}

impl Progress {
    /// Nothing is shown when `wanted` is false or nobody watches.
    pub fn start(wanted: bool) -> Self {
        let watched = wanted && std::io::stderr().is_terminal();
        let say = watched.then(|| {
            let (sender, receiver) = channel();
            (sender, std::thread::spawn(move || show(&receiver)))
        });
        Progress { say }
    }
    /// What is done now.
    pub fn now(&self, what: impl Into<String>) {
        if let Some((sender, _)) = &self.say {
            let _ = sender.send(what.into());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.say.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

fn show(receiver: &Receiver<String>) {
    let (started, mut what, mut shown) = (Instant::now(), String::new(), false);
    loop {
        match receiver.recv_timeout(Duration::from_millis(if shown { 200 } else { 500 })) {
            Ok(new) => what = new,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if started.elapsed() >= Duration::from_millis(500) {
            shown = true;
            let _ = write!(std::io::stderr(), "\r\x1b[K{what} … {} s", started.elapsed().as_secs());
        }
    }
    if shown {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}
