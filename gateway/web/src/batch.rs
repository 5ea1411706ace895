//! NDJSON batches: lines come in as a stream, go to the queue in pieces, and are answered in their order as they become durable.
//!
//! One task reads lines and submits them, one awaits receipts and writes answers; between them at most [`PIECES_UNDER_WAY_MAX`]
//! pieces. When the queue is full the reader waits, and with it the sender: TCP is the back-pressure. What a line means is
//! its [`BatchKind`]'s; this file knows lines, pieces and the ends that a batch may come to.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use carbex_node::{Answers, Batch, BatchFull, NodeHandle, Pending, Receipt, Refusal, Submission};
use carbex_rulebook::Language;
use carbex_vocabulary::Event;
use futures_util::{StreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};

use crate::{
    batch_lines::{LineSplitter, NextLine},
    problem::{DoorRefusal, Problem},
    site::{Limits, Site},
};

/// Lines submitted and answered together at most.
const PIECE_LINES_MAX: usize = 1_024;
/// Pieces submitted and not yet answered at most: with the size above a quarter of the node's queue.
const PIECES_UNDER_WAY_MAX: usize = 4;
/// The media type of batches and of their answers.
pub const NDJSON: &str = "application/x-ndjson";
/// How long a full queue is left alone before it is asked again: about as long as a group takes.
const FULL_PAUSE: Duration = Duration::from_millis(1);

/// What the lines of a batch are.
pub trait BatchKind: Send + Sync + 'static {
    /// The command that a line asks for. `number` counts from 1.
    fn submission(&self, number: usize, line: &[u8]) -> Result<Submission, DoorRefusal>;
    /// Writes the fields that tell what came of a command (`"order":"7"`); `false` = no event that this kind causes.
    fn tell(&self, outcome: &Event, out: &mut Vec<u8>) -> bool;
}

/// Whether these headers declare a batch.
pub fn is_declared(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case(NDJSON))
}

/// Works through a batch. The status is decided by the first piece: 503 when the queue took nothing of it, else 200 with one
/// line of answer for every line.
pub async fn work_through<K: BatchKind>(
    site: &Site,
    kind: K,
    headers: &HeaderMap,
    body: Body,
    language: Language,
) -> Result<Response, Problem> {
    let refuse = |refusal| Problem::door(refusal, language);
    let limits = site.limits;
    let limit_bytes = limits.batch_bytes_max;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limit_bytes) {
        return Err(refuse(DoorRefusal::BatchTooLarge { limit_bytes }));
    }
    let place = Arc::clone(&site.batches).try_acquire_owned().map_err(|_| refuse(DoorRefusal::TooManyBatches))?;
    let kind = Arc::new(kind);
    let (pieces, submitted) = mpsc::channel(PIECES_UNDER_WAY_MAX);
    // Room for every piece there can be: a caller who first sends everything and then listens must not stop us.
    let (answers, mut answered) = mpsc::channel(limits.batch_lines_max + 2);
    let submitter = Submitter {
        node: site.node.clone(),
        kind: Arc::clone(&kind),
        lines: LineSplitter::new(limits.batch_line_bytes_max, limit_bytes),
        body: body.into_data_stream(),
        limits,
        deadline: Instant::now() + limits.batch_time_max,
        number: 0,
        carried: None,
    };
    tokio::spawn(submitter.run(pieces));
    tokio::spawn(answer_all(kind, submitted, answers, language, place));
    match answered.recv().await {
        Some(Answered::Refused(refusal)) => Err(refuse(refusal)),
        Some(Answered::Lines(first)) => {
            let rest = stream::poll_fn(move |context| answered.poll_recv(context));
            let all = stream::once(async { Answered::Lines(first) }).chain(rest).filter_map(|answered| async {
                match answered {
                    Answered::Lines(lines) => Some(Ok::<Bytes, std::convert::Infallible>(lines)),
                    // Only a first piece is refused whole.
                    Answered::Refused(_) => None,
                }
            });
            let headers = [(header::CONTENT_TYPE, NDJSON), (header::CONTENT_LANGUAGE, language.code())];
            Ok((StatusCode::OK, headers, Body::from_stream(all)).into_response())
        }
        // No line at all: there is nothing to answer.
        None => Err(refuse(DoorRefusal::EmptyBatch)),
    }
}

/// What the writer hands to the answer's body.
enum Answered {
    /// Some lines of answers.
    Lines(Bytes),
    /// Nothing was taken, and nothing will be.
    Refused(DoorRefusal),
}

/// Lines that were handed over together.
struct Piece {
    /// The first line's number.
    first: usize,
    /// What the door says to each line; `None` = it was submitted, and the node answers.
    refused: Vec<Option<DoorRefusal>>,
    /// The node's answers to the lines that were submitted, in their order; `None` = none was.
    pending: Option<Pending<Answers>>,
    /// Why the batch ends with this piece although more lines may follow; they are not taken.
    end: Option<DoorRefusal>,
}

struct Submitter<K> {
    node: NodeHandle,
    kind: Arc<K>,
    lines: LineSplitter,
    body: BodyDataStream,
    limits: Limits,
    deadline: Instant,
    /// The last line read.
    number: usize,
    /// Read, but too much for the piece before.
    carried: Option<Submission>,
}

impl<K: BatchKind> Submitter<K> {
    /// Reads, submits, and hands every piece on, until the body or the batch ends.
    async fn run(mut self, pieces: mpsc::Sender<Piece>) {
        while let Some(piece) = self.next_piece().await {
            let last = piece.end.is_some();
            // Whoever listened is gone when this fails: what was submitted stays submitted.
            if pieces.send(piece).await.is_err() || last {
                return;
            }
        }
    }

    /// Submits the lines that are at hand, up to a piece's size; waits for one at least. `None` = the body has ended.
    async fn next_piece(&mut self) -> Option<Piece> {
        let mut batch = self.node.batch();
        let first = self.number + usize::from(self.carried.is_none());
        let mut piece = Piece { first, refused: Vec::new(), pending: None, end: None };
        if let Some(carried) = self.carried.take() {
            self.add(Ok(carried), &mut batch, &mut piece);
        }
        while piece.refused.len() < PIECE_LINES_MAX && piece.end.is_none() && self.carried.is_none() {
            match self.lines.next() {
                NextLine::Line(_) if self.number == self.limits.batch_lines_max => {
                    piece.end = Some(DoorRefusal::TooManyLines { limit: self.limits.batch_lines_max });
                }
                NextLine::Line(line) => {
                    self.number += 1;
                    let asked = self.kind.submission(self.number, &line);
                    self.add(asked, &mut batch, &mut piece);
                }
                NextLine::TooLong { limit_bytes } => piece.end = Some(DoorRefusal::LineTooLong { limit_bytes }),
                NextLine::TooMuch { limit_bytes } => piece.end = Some(DoorRefusal::BatchTooLarge { limit_bytes }),
                NextLine::End => break,
                // What is at hand goes to the queue while the sender is waited for.
                NextLine::NeedsMore if piece.refused.is_empty() => self.fill(&mut piece.end).await,
                NextLine::NeedsMore => {
                    if !self.fill_at_once(&mut piece.end) {
                        break;
                    }
                }
            }
        }
        if !batch.is_empty() {
            self.submit(batch, &mut piece).await;
        }
        (piece.end.is_some() || !piece.refused.is_empty()).then_some(piece)
    }

    /// Adds a line to the piece; keeps it for the next one when the node takes no more at once.
    fn add(&mut self, asked: Result<Submission, DoorRefusal>, batch: &mut Batch, piece: &mut Piece) {
        match asked {
            Ok(submission) => match batch.push(&submission) {
                Ok(()) => piece.refused.push(None),
                Err(BatchFull) => self.carried = Some(submission),
            },
            Err(refusal) => piece.refused.push(Some(refusal)),
        }
    }

    /// Takes the body's next frame if it is here already.
    fn fill_at_once(&mut self, end: &mut Option<DoorRefusal>) -> bool {
        match self.body.poll_next_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(frame) => {
                self.take(frame, end);
                true
            }
            Poll::Pending => false,
        }
    }

    /// Waits for the body's next frame.
    async fn fill(&mut self, end: &mut Option<DoorRefusal>) {
        let patience = (Instant::now() + self.limits.body_time_max).min(self.deadline);
        match tokio::time::timeout_at(patience, self.body.next()).await {
            Ok(frame) => self.take(frame, end),
            Err(_) => *end = Some(DoorRefusal::BodyTooSlow),
        }
    }

    fn take(&mut self, frame: Option<Result<Bytes, axum::Error>>, end: &mut Option<DoorRefusal>) {
        match frame {
            Some(Ok(bytes)) => self.lines.push(bytes),
            Some(Err(fault)) => *end = Some(DoorRefusal::MalformedBody(fault.to_string())),
            None => self.lines.finish(),
        }
    }

    /// Submits the lines; waits while the queue is full, as long as the batch has time. A piece that the queue does not take
    /// ends the batch before it, so that nothing behind it is taken out of order.
    async fn submit(&mut self, mut batch: Batch, piece: &mut Piece) {
        let patience = (Instant::now() + self.limits.batch_queue_time_max).min(self.deadline);
        loop {
            match self.node.submit_batch(batch) {
                Ok(pending) => {
                    piece.pending = Some(pending);
                    return;
                }
                Err(refused) if refused.refusal == Refusal::Overloaded && Instant::now() < patience => {
                    batch = refused.batch;
                    tokio::time::sleep(FULL_PAUSE).await;
                }
                Err(refused) => {
                    // What the door itself refused up to the first line for the node is still told.
                    let taken = piece.refused.iter().position(Option::is_none).unwrap_or(piece.refused.len());
                    piece.refused.truncate(taken);
                    piece.end = Some(DoorRefusal::Node(refused.refusal));
                    return;
                }
            }
        }
    }
}

/// Awaits and writes, piece after piece. The batch's place is kept until the last line is answered.
async fn answer_all<K: BatchKind>(
    kind: Arc<K>,
    mut pieces: mpsc::Receiver<Piece>,
    answers: mpsc::Sender<Answered>,
    language: Language,
    place: OwnedSemaphorePermit,
) {
    while let Some(piece) = pieces.recv().await {
        let answered = match &piece.end {
            // The status can still say it.
            Some(refusal)
                if piece.first == 1
                    && (piece.pending.is_none() && matches!(refusal, DoorRefusal::Node(_))
                        || piece.refused.is_empty()) =>
            {
                Answered::Refused(refusal.clone())
            }
            Some(_) | None => Answered::Lines(answer(&*kind, piece, language).await),
        };
        // A caller who no longer listens asks again with the same keys.
        if answers.send(answered).await.is_err() {
            break;
        }
    }
    drop(place);
}

/// The answers of one piece: one line each.
async fn answer<K: BatchKind>(kind: &K, piece: Piece, language: Language) -> Bytes {
    let mut out = Vec::with_capacity(piece.refused.len() * 40);
    let mut answers = match piece.pending {
        None => Ok(Vec::new().into_iter()),
        Some(pending) => pending.await.map(Vec::into_iter),
    };
    let mut number = piece.first;
    for refused in piece.refused {
        let receipt = match (refused, &mut answers) {
            (Some(refusal), _) => Err(refusal),
            (None, Err(refusal)) => Err(DoorRefusal::Node(*refusal)),
            (None, Ok(answers)) => match answers.next() {
                Some(answer) => answer.map_err(DoorRefusal::Node),
                // The node answers as many commands as it was given or is our fault.
                None => Err(DoorRefusal::Internal),
            },
        };
        match receipt {
            Ok(receipt) => tell(kind, number, &receipt, language, &mut out),
            Err(refusal) => problem(number, &Problem::door(refusal, language), false, &mut out),
        }
        number += 1;
    }
    if let Some(refusal) = piece.end {
        problem(number, &Problem::door(refusal, language), true, &mut out);
    }
    out.into()
}

fn tell<K: BatchKind>(kind: &K, number: usize, receipt: &Receipt, language: Language, out: &mut Vec<u8>) {
    let start = out.len();
    if let Some(Event::Rejected(reject)) = receipt.outcome {
        return problem(number, &Problem::rule(reject, receipt.sequence, language), false, out);
    }
    begin(number, out);
    if !receipt.outcome.as_ref().is_some_and(|outcome| kind.tell(outcome, out)) {
        out.truncate(start);
        tracing::error!(outcome = ?receipt.outcome, "the core answered a line with an event that it cannot cause");
        return problem(number, &Problem::door(DoorRefusal::Internal, language), false, out);
    }
    if receipt.repeated {
        out.extend_from_slice(b",\"repeated\":true");
    }
    out.extend_from_slice(b"}\n");
}

fn problem(number: usize, problem: &Problem, ends_batch: bool, out: &mut Vec<u8>) {
    begin(number, out);
    out.extend_from_slice(b"\"problem\":");
    problem.write_body(out);
    if ends_batch {
        out.extend_from_slice(b",\"ends_batch\":true");
    }
    out.extend_from_slice(b"}\n");
}

fn begin(number: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"line\":");
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.push(b',');
}
