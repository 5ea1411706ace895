//! The handle: how the gateway, the simulator and tests reach the core. Cheap to clone.

use std::sync::Arc;

use carbex_core::Market;
use carbex_vocabulary::{AccountId, Sequence, TimestampNs};

use crate::{
    AccountView, DepthView, MarketView, Metrics, NodeOptions, Pending, Receipt, RecoveryProgress, Refusal, StartFault,
    StopFault, Submission, SubscribeRefusal, Subscription,
};

/// The node: see [`Node::start`].
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Founds or recovers the data directory, then starts the core's thread.
    pub fn start(options: NodeOptions, progress: &dyn RecoveryProgress) -> Result<NodeHandle, StartFault> {
        let _ = (options, progress);
        unimplemented!()
    }
}

/// A way to the running node. When the last one is dropped the node stops cleanly.
#[derive(Clone, Debug)]
pub struct NodeHandle {}

impl NodeHandle {
    /// Puts a command in the queue. The receipt comes after the group holding it is on disk.
    pub fn submit(&self, submission: Submission) -> Result<Pending<Receipt>, Refusal> {
        let _ = submission;
        unimplemented!()
    }

    /// Puts many commands in the queue, in order; each has its own answer.
    pub fn submit_many(&self, submissions: &[Submission]) -> Vec<Result<Pending<Receipt>, Refusal>> {
        submissions.iter().map(|submission| self.submit(*submission)).collect()
    }

    /// Asks for an account's exact state, in a lane of its own, not journaled; `None` = no such account.
    pub fn account(&self, account: AccountId) -> Result<Pending<Option<AccountView>>, Refusal> {
        let _ = account;
        unimplemented!()
    }

    /// Asks for the book, at most `levels_max` levels a side.
    pub fn depth(&self, levels_max: usize) -> Result<Pending<DepthView>, Refusal> {
        let _ = levels_max;
        unimplemented!()
    }

    /// Asks any question of the exact, durable state. It runs on the core's thread between two groups: keep it short.
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Market) -> T + Send + 'static,
    ) -> Result<Pending<T>, Refusal> {
        let _ = question;
        unimplemented!()
    }

    /// The market after the last durable group. Never waits.
    pub fn market(&self) -> Arc<MarketView> {
        unimplemented!()
    }

    /// Market time now.
    pub fn now(&self) -> TimestampNs {
        unimplemented!()
    }

    /// Every durable group from the one holding `from` on, as long as the ring still holds it.
    pub fn subscribe(&self, from: Sequence) -> Result<Subscription, SubscribeRefusal> {
        let _ = from;
        unimplemented!()
    }

    /// Counters and latencies, at most a quarter of a second old.
    pub fn metrics(&self) -> Arc<Metrics> {
        unimplemented!()
    }

    /// Stops cleanly: what is queued is journaled and answered, new submissions are refused; returns when all is on disk.
    pub fn stop(&self) -> Result<(), StopFault> {
        unimplemented!()
    }
}
