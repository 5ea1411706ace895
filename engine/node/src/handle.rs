//! The handle: how the gateway, the simulator and tests reach the core. Cheap to clone.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use carbex_core::{Command, Market};
use carbex_journal::{DiskDirectory, Storage};
use carbex_vocabulary::{AccountId, Event, PriceUeur, Sequence, Side, TimestampNs};

use crate::{
    AccountView, Answers, Batch, DepthView, Follower, MarketView, Metrics, NodeOptions, OpenOrder, Pending, Receipt,
    RecoveryProgress, Refusal, RefusedBatch, ReplayFault, StartFault, StopFault, Submission, SubscribeRefusal,
    Subscription, fault::stop_the_process, handed_between::Shared, recovery::recover, snapshots_thread,
};

/// The node: see [`Node::start`].
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Founds or recovers the data directory, then starts the core's thread (and the snapshots').
    pub fn start(options: NodeOptions, progress: &dyn RecoveryProgress) -> Result<NodeHandle, StartFault> {
        let disk = Arc::new(DiskDirectory::new(options.journal_directory()));
        Self::start_on(disk, options, progress)
    }

    /// As [`Node::start`], writing the journal through `storage`, a view of the same directory (a test's failing disk).
    pub fn start_on(
        storage: Arc<dyn Storage>,
        options: NodeOptions,
        progress: &dyn RecoveryProgress,
    ) -> Result<NodeHandle, StartFault> {
        let (core, shared) = recover(storage, options.clone(), progress)?;
        let core = std::thread::Builder::new()
            .name("carbex-core".into())
            .spawn(move || {
                // A panic in the core is our bug: what it left half done must not be journaled, answered or shown.
                catch_unwind(AssertUnwindSafe(|| core.run()))
                    .unwrap_or_else(|_| stop_the_process("the core failed", &"it panicked; see above"))
            })
            .map_err(StartFault::Thread)?;
        let snapshots = if options.snapshot_every_commands == 0 {
            None
        } else {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name("carbex-snapshots".into());
            let run = move || {
                catch_unwind(AssertUnwindSafe(|| snapshots_thread::run(&shared, &options)))
                    .unwrap_or_else(|_| stop_the_process("the follower failed", &"it panicked; see above"));
            };
            Some(thread.spawn(run).map_err(StartFault::Thread)?)
        };
        let threads = Mutex::new(Threads::Running { core, snapshots });
        Ok(NodeHandle { running: Arc::new(Running { shared, threads }) })
    }
}

enum Threads {
    Running { core: JoinHandle<Result<(), StopFault>>, snapshots: Option<JoinHandle<()>> },
    Stopped(Result<(), StopFault>),
}

/// The node as its handles hold it; the last one to let go stops it.
struct Running {
    shared: Arc<Shared>,
    threads: Mutex<Threads>,
}

impl Running {
    fn stop(&self) -> Result<(), StopFault> {
        self.shared.begin_stop();
        // The lock is held while joining, so that a second caller returns only when all is on disk too.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = match std::mem::replace(&mut *threads, Threads::Stopped(Ok(()))) {
            Threads::Stopped(stopped) => stopped,
            Threads::Running { core, snapshots } => {
                // Both threads end the process when they panic, so a join that fails has nobody left to tell.
                if let Some(snapshots) = snapshots {
                    snapshots.thread().unpark();
                    let _ = snapshots.join();
                }
                core.join().unwrap_or(Ok(()))
            }
        };
        *threads = Threads::Stopped(stopped.clone());
        stopped
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let threads = self.threads.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A question may have held the last handle: neither the core nor the journal's thread can wait for its own end.
        if matches!(threads, Threads::Running { .. }) && self.shared.is_own_thread() {
            self.shared.begin_stop();
            return;
        }
        // Whoever wants to know how it went calls `stop`.
        let _ = self.stop();
    }
}

/// A way to the running node. When the last one is dropped the node stops cleanly.
#[derive(Clone)]
pub struct NodeHandle {
    running: Arc<Running>,
}

impl core::fmt::Debug for NodeHandle {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NodeHandle").field("durable", &self.running.shared.durable()).finish_non_exhaustive()
    }
}

impl NodeHandle {
    /// Puts a command in the queue. The receipt comes after the group holding it is on disk.
    pub fn submit(&self, submission: Submission) -> Result<Pending<Receipt>, Refusal> {
        self.running.shared.submit(&submission)
    }

    /// An empty batch, to be filled and given to [`NodeHandle::submit_batch`].
    pub fn batch(&self) -> Batch {
        self.running.shared.new_batch()
    }

    /// Puts a batch in the queue, whole or not at all: it is refused when not all of its commands find a place. The answers
    /// come together, one per command in their order, after the last of them is on disk. The commands follow each other,
    /// but they are not one: some may be refused or rejected, others are not, and only halts and freezes, or another group's
    /// beginning, come between them.
    pub fn submit_batch(&self, batch: Batch) -> Result<Pending<Answers>, Box<RefusedBatch>> {
        self.running.shared.submit_batch(batch)
    }

    /// Puts many commands in the queue, in order; each has its own answer.
    pub fn submit_many(&self, submissions: &[Submission]) -> Vec<Result<Pending<Receipt>, Refusal>> {
        submissions.iter().map(|submission| self.submit(*submission)).collect()
    }

    /// Asks for an account's exact state, in a lane of its own, not journaled; `None` = no such account.
    pub fn account(&self, account: AccountId) -> Result<Pending<Option<AccountView>>, Refusal> {
        self.ask(move |market| account_view(market, account))
    }

    /// Asks for the book, at most `levels_max` levels a side.
    pub fn depth(&self, levels_max: usize) -> Result<Pending<DepthView>, Refusal> {
        self.ask(move |market| DepthView {
            sequence: market.sequence(),
            sells: market.depth(Side::Sell).take(levels_max).collect(),
            buys: market.depth(Side::Buy).take(levels_max).collect(),
        })
    }

    /// Asks any question of the exact state. It runs on the core's thread: keep it short. The state may be ahead of the disk by
    /// the commands under way; the answer is given only when everything that the question saw is durable.
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Market) -> T + Send + 'static,
    ) -> Result<Pending<T>, Refusal> {
        let (reply, pending) = Pending::new();
        self.running.shared.ask(Box::new(move |market: &Market| {
            let answer = question(market);
            Box::new(move || {
                // An asker who no longer waits needs no answer.
                let _ = reply.send(Ok(answer));
            })
        }))?;
        Ok(pending)
    }

    /// What `commands` would cause now, one after the other, by the core's own `apply` on a copy that is then thrown away.
    ///
    /// The copy is replayed from disk on the caller's thread, so trade does not wait; it needs as much memory as the
    /// market itself and some time. For an official's proposal, not for every citizen's order.
    pub fn simulate(&self, commands: &[Command]) -> Result<Vec<Vec<Event>>, ReplayFault> {
        let shared = &self.running.shared;
        let mut follower = Follower::open(&shared.journal, None, &mut |_| {})?;
        follower.advance(shared.durable(), &mut ())?;
        Ok(follower.simulate(shared.clock.now(), commands))
    }

    /// The market after the last durable group. Never waits.
    pub fn market(&self) -> Arc<MarketView> {
        self.running.shared.view.load_full()
    }

    /// The last command on disk.
    pub fn durable(&self) -> Sequence {
        self.running.shared.durable()
    }

    /// Market time now.
    pub fn now(&self) -> TimestampNs {
        self.running.shared.clock.now()
    }

    /// Every durable group from the one holding `from` on, as long as the ring still holds it.
    pub fn subscribe(&self, from: Sequence) -> Result<Subscription, SubscribeRefusal> {
        self.running.shared.publication.subscribe(from)
    }

    /// Counters and latencies, at most a quarter of a second old.
    pub fn metrics(&self) -> Arc<Metrics> {
        self.running.shared.metrics.load_full()
    }

    /// Stops cleanly: what is queued is journaled and answered, new submissions are refused; returns when all is on disk.
    pub fn stop(&self) -> Result<(), StopFault> {
        self.running.stop()
    }
}

fn account_view(market: &Market, account: AccountId) -> Option<AccountView> {
    let fields = market.account(account)?;
    let orders = market
        .orders_of(account)
        .map(|order| OpenOrder {
            order: order.order,
            side: order.side,
            quantity_g: order.quantity_g,
            price: PriceUeur::new(order.price_ueur),
            tif: order.tif,
        })
        .collect();
    Some(AccountView { account, sequence: market.sequence(), fields, status: fields.status, orders })
}
