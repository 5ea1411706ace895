//! Single orders on their way to the queue: those that arrive together go together, and their answers come back together.
//!
//! Waking one task from the core's thread costs more than the core's work on an order. So the orders that the runtime's
//! workers have at hand share one place in the queue and one wake-up; handing the answers out stays inside the runtime.
//! Nothing waits to be gathered: what is there when the workers have run out of ready requests is submitted.

use carbex_node::{Batch, BatchFull, NodeHandle, Receipt, Refusal, Submission};
use tokio::sync::{mpsc, oneshot};

/// Orders not submitted yet at most; beyond it callers are told `Overloaded`. The door's connections are fewer.
const WAITING_MAX: usize = 8_192;

struct Waiting {
    submission: Submission,
    answer: oneshot::Sender<Result<Receipt, Refusal>>,
}

/// The way in for single orders. Cheap to clone; the gathering ends when the last is dropped.
#[derive(Clone, Debug)]
pub struct Gathering {
    waiting: mpsc::Sender<Waiting>,
}

impl Gathering {
    /// Starts gathering on the current runtime.
    pub fn start(node: NodeHandle) -> Self {
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(gather(node, waiting));
        Self { waiting: sender }
    }

    /// Submits an order; answers when it is on disk. A caller who no longer waits leaves it submitted.
    pub async fn submit(&self, submission: Submission) -> Result<Receipt, Refusal> {
        let (answer, answered) = oneshot::channel();
        self.waiting.try_send(Waiting { submission, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Refusal::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Refusal::Stopping,
        })?;
        answered.await.unwrap_or(Err(Refusal::Stopping))
    }
}

async fn gather(node: NodeHandle, mut waiting: mpsc::Receiver<Waiting>) {
    let mut carried = None;
    loop {
        let first = match carried.take() {
            Some(carried) => carried,
            None => match waiting.recv().await {
                Some(first) => first,
                None => return,
            },
        };
        // Behind every request that is ready now: their orders go along.
        tokio::task::yield_now().await;
        let (mut batch, mut answers) = (node.batch(), Vec::new());
        let mut next = Some(first);
        while let Some(Waiting { submission, answer }) = next {
            if let Err(BatchFull) = batch.push(&submission) {
                carried = Some(Waiting { submission, answer });
                break;
            }
            answers.push(answer);
            next = waiting.try_recv().ok();
        }
        submit(&node, batch, answers);
    }
}

fn submit(node: &NodeHandle, batch: Batch, waiting: Vec<oneshot::Sender<Result<Receipt, Refusal>>>) {
    match node.submit_batch(batch) {
        Ok(pending) => {
            tokio::spawn(async move {
                match pending.await {
                    Ok(answers) => {
                        waiting.into_iter().zip(answers).for_each(|(waiting, answer)| drop(waiting.send(answer)))
                    }
                    Err(refusal) => waiting.into_iter().for_each(|waiting| drop(waiting.send(Err(refusal)))),
                }
            });
        }
        Err(refused) => waiting.into_iter().for_each(|waiting| drop(waiting.send(Err(refused.refusal)))),
    }
}
