//! Answers on their way: awaited by async callers, waited for by threads.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{Answers, Receipt, Refusal};

/// The sending end of a [`Pending`].
pub(crate) type Answering<T> = oneshot::Sender<Result<T, Refusal>>;

/// Who waits for a batch.
pub(crate) enum Reply {
    /// The submitter of one command.
    One(Answering<Receipt>),
    /// The submitter of a batch.
    All(Answering<Answers>),
    /// The exchange itself.
    Nobody,
}

/// An answer that is on its way. It needs no runtime: `.await` it anywhere, or `wait` on a thread of your own.
///
/// Dropping it forgets the answer, not the question: a command that was submitted stays submitted.
#[derive(Debug)]
pub struct Pending<T> {
    receiver: oneshot::Receiver<Result<T, Refusal>>,
}

impl<T> Pending<T> {
    /// Both ends.
    pub(crate) fn new() -> (Answering<T>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self { receiver })
    }

    /// Blocks this thread until the answer is there. Not for async callers.
    pub fn wait(self) -> Result<T, Refusal> {
        self.receiver.recv().unwrap_or(Err(Refusal::Stopping))
    }

    /// Blocks this thread for at most `timeout`; `None` = no answer yet, and it may still come.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<T, Refusal>> {
        match self.receiver.recv_timeout(timeout) {
            Ok(answer) => Some(answer),
            Err(oneshot::RecvTimeoutError::Timeout) => None,
            Err(oneshot::RecvTimeoutError::Disconnected) => Some(Err(Refusal::Stopping)),
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver).poll(context).map(|answer| answer.unwrap_or(Err(Refusal::Stopping)))
    }
}
