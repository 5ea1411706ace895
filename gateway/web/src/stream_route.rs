//! Streams: the market for everybody, and a citizen's own account. Both resume with Last-Event-ID and end with the server.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use carbex_rulebook::Language;
use carbex_vocabulary::AccountId;
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::{
    account_route::{self, AccountBody, from_index},
    history::{Line, Listener, Position, Status},
    language::Answering,
    line_body,
    principal::Citizen,
    problem::{DoorRefusal, Problem},
    pulse::{NewestCandles, Picture},
    site::Site,
};

/// Silence is broken after this long, so that proxies and browsers know the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After how long a browser should come back.
const RETRY: Duration = Duration::from_secs(2);
/// Missed lines read from the index at once.
const MISSED_LINES_MAX: usize = 500;

fn place(site: &Site, language: Language) -> Result<OwnedSemaphorePermit, Problem> {
    Arc::clone(&site.streams).try_acquire_owned().map_err(|_| Problem::door(DoorRefusal::TooManyStreams, language))
}

fn streamed(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let mut answer = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    answer.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
    answer
}

struct MarketWatch {
    picture: watch::Receiver<Arc<Picture>>,
    candles: watch::Receiver<NewestCandles>,
    stop: watch::Receiver<bool>,
    first: bool,
    _place: OwnedSemaphorePermit,
}

/// `GET /v1/market/stream`: the current picture at once, then every new one, at most five a second. Pictures are whole: whoever
/// missed some needs only the last, so resuming and starting are the same.
pub async fn market(State(site): State<Site>, Answering(language): Answering) -> Result<Response, Problem> {
    let watch = MarketWatch {
        picture: site.pulse.picture.clone(),
        candles: site.pulse.candles.clone(),
        stop: site.stop.clone(),
        first: true,
        _place: place(&site, language)?,
    };
    Ok(streamed(stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    })))
}

impl MarketWatch {
    async fn next(&mut self) -> Option<Event> {
        if std::mem::take(&mut self.first) {
            self.candles.mark_changed();
            return Some(picture_event(&self.picture.borrow_and_update()).retry(RETRY));
        }
        loop {
            if *self.stop.borrow() {
                return None;
            }
            tokio::select! {
                changed = self.picture.changed() => {
                    changed.ok()?;
                    return Some(picture_event(&self.picture.borrow_and_update()));
                }
                changed = self.candles.changed() => {
                    changed.ok()?;
                    let newest = self.candles.borrow_and_update().json.clone();
                    if !newest.is_empty() {
                        return Some(Event::default().event("candles").data(text(&newest)));
                    }
                }
                changed = self.stop.changed() => changed.ok()?,
            }
        }
    }
}

fn picture_event(picture: &Picture) -> Event {
    Event::default().event("market").id(picture.sequence.to_string()).data(text(&picture.json))
}

/// JSON that this program wrote is UTF-8.
fn text(json: &[u8]) -> &str {
    std::str::from_utf8(json).unwrap_or_default()
}

struct OwnWatch {
    site: Site,
    account: AccountId,
    listener: Listener,
    /// The last line told; lines at or before it are not told again.
    told: Position,
    /// Lines read from the index, not yet told.
    missed: VecDeque<Line>,
    /// Whether the index may hold more missed lines.
    behind: bool,
    /// The account as it stands, told first unless the stream resumes.
    opening: Option<String>,
    expires: tokio::time::Instant,
    stop: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

/// `GET /v1/accounts/me/stream`: the account as it stands, then its own events; with Last-Event-ID only what was missed and what
/// comes. Ends when the token does, or when the reader is too slow: the browser comes back and resumes.
pub async fn own(
    State(site): State<Site>,
    citizen: Citizen,
    Answering(language): Answering,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = place(&site, language)?;
    let account = citizen.account;
    let listener = site.index.hub.listen(account);
    let (sequence, fields, _) = account_route::exact(&site, account, language).await?;
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(Position::parse);
    let told = resumed.unwrap_or(Position { sequence: sequence.number(), index: u32::MAX });
    let opening = match resumed {
        Some(_) => None,
        None => serde_json::to_string(&AccountBody::new(account, sequence, &fields)).ok(),
    };
    if !matches!(site.index.status(), Status::Following | Status::CatchingUp { .. }) {
        return Err(Problem::door(DoorRefusal::HistoryRebuilding, language));
    }
    let left = Duration::from_secs(citizen.expires_s).saturating_sub(since_epoch());
    let watch = OwnWatch {
        stop: site.stop.clone(),
        site,
        account,
        listener,
        told,
        missed: VecDeque::new(),
        behind: resumed.is_some(),
        opening,
        expires: tokio::time::Instant::now() + left,
        _place: place,
    };
    Ok(streamed(stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    })))
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl OwnWatch {
    async fn next(&mut self) -> Option<Event> {
        if let Some(opening) = self.opening.take() {
            let id = Position { sequence: self.told.sequence, index: self.told.index }.text();
            return Some(Event::default().event("account").id(id).data(opening).retry(RETRY));
        }
        loop {
            if let Some(line) = self.missed.pop_front() {
                self.told = line.position;
                return Some(line_event(&line));
            }
            if self.behind {
                let (account, after) = (self.account, self.told);
                let page = from_index(&self.site, Language::French, move |store| {
                    store.lines_after(account, after, MISSED_LINES_MAX)
                });
                let page = page.await.ok()?;
                self.behind = page.len() == MISSED_LINES_MAX;
                self.missed = page.into();
                continue;
            }
            if *self.stop.borrow() {
                return None;
            }
            tokio::select! {
                line = self.listener.recv() => {
                    let line = line?;
                    if line.position > self.told {
                        self.told = line.position;
                        return Some(line_event(&line));
                    }
                }
                () = tokio::time::sleep_until(self.expires) => return None,
                changed = self.stop.changed() => changed.ok()?,
            }
        }
    }
}

fn line_event(line: &Line) -> Event {
    Event::default().event("line").id(line.position.text()).data(line_body::line(line).to_string())
}
