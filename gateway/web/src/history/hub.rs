//! The hub: who listens to which account, and their bounded queues.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use carbex_vocabulary::AccountId;
use tokio::sync::mpsc;

use super::Line;

/// Lines waiting for one slow listener; beyond it the listener is let go and resumes from the index with its last id.
const QUEUE_LINES_MAX: usize = 256;

/// Listeners by account.
#[derive(Debug, Default)]
pub struct Hub {
    listeners: Mutex<HashMap<AccountId, Vec<mpsc::Sender<Arc<Line>>>>>,
}

/// One listener's end: ends when it was too slow.
pub type Listener = mpsc::Receiver<Arc<Line>>;

impl Hub {
    /// Everything that happens to `account` from now on.
    pub fn listen(&self, account: AccountId) -> Listener {
        let (sender, receiver) = mpsc::channel(QUEUE_LINES_MAX);
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let own = listeners.entry(account).or_default();
        own.retain(|sender| !sender.is_closed());
        own.push(sender);
        receiver
    }

    /// Tells the account's listeners.
    pub fn tell(&self, account: AccountId, line: impl FnOnce() -> Line) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = listeners.get_mut(&account) else { return };
        let line = Arc::new(line());
        own.retain(|sender| sender.try_send(Arc::clone(&line)).is_ok());
        if own.is_empty() {
            listeners.remove(&account);
        }
    }

    /// Whether nobody listens to anything.
    pub fn is_idle(&self) -> bool {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Lets everybody go.
    pub fn close(&self) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
