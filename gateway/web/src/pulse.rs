//! The pulse: at most five times a second, one picture of the market for everybody who watches.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use carbex_node::{MarketView, NodeHandle};
use tokio::sync::watch;

use crate::{
    candle_body::CandleBody,
    history::{Index, Interval, Summary},
    market_body::MarketBody,
};

/// Time between two pictures at least.
const EVERY: Duration = Duration::from_millis(200);
/// Pictures between two looks at the candles.
const PICTURES_PER_CANDLES: u32 = 5;
/// How many of the newest candles a change is told with: the one that changed, and what merging may have changed before it.
const CANDLES_TOLD: usize = 3;

/// The market at one moment, ready to be sent.
#[derive(Clone, Debug)]
pub struct Picture {
    /// As of which command.
    pub sequence: u64,
    /// The market.
    pub view: Arc<MarketView>,
    /// What was traded.
    pub summary: Summary,
    /// `MarketBody` as JSON: made once, sent to all.
    pub json: Bytes,
}

/// The newest daily candles, ready to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewestCandles {
    /// An array of candles as JSON; empty = none yet.
    pub json: Bytes,
}

/// What watchers watch.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// The market.
    pub picture: watch::Receiver<Arc<Picture>>,
    /// The newest daily candles.
    pub candles: watch::Receiver<NewestCandles>,
}

impl Picture {
    fn new(view: Arc<MarketView>, summary: Summary) -> Self {
        // Text and integers always serialise.
        let json = serde_json::to_vec(&MarketBody::new(&view, &summary)).unwrap_or_default();
        Self { sequence: view.sequence.number(), view, summary, json: json.into() }
    }

    /// The picture now; `None` = reading the figures panicked, which was told where it happened.
    async fn take(node: &NodeHandle, index: &Arc<Index>) -> Option<Self> {
        let summary = index.figures(|statistics| statistics.summary.clone()).await.ok()?;
        Some(Self::new(node.market(), summary))
    }
}

impl Pulse {
    /// Starts the pulse on the current runtime; it ends with `stop`.
    pub fn start(node: NodeHandle, index: Arc<Index>, mut stop: watch::Receiver<bool>) -> Self {
        let (pictures, picture) = watch::channel(Arc::new(Picture::new(node.market(), Summary::default())));
        let (newest, candles) = watch::channel(NewestCandles::default());
        tokio::spawn(async move {
            let mut clock = tokio::time::interval(EVERY);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut until_candles = 0;
            loop {
                tokio::select! {
                    _ = clock.tick() => {}
                    _ = stop.changed() => return,
                }
                let Some(current) = Picture::take(&node, &index).await else { continue };
                pictures.send_if_modified(|last| {
                    let changed = last.sequence != current.sequence || last.summary != current.summary;
                    if changed {
                        *last = Arc::new(current);
                    }
                    changed
                });
                if until_candles == 0 {
                    until_candles = PICTURES_PER_CANDLES;
                    let current = newest_candles(&index).await;
                    newest.send_if_modified(|last| {
                        let changed = *last != current;
                        *last = current;
                        changed
                    });
                }
                until_candles -= 1;
            }
        });
        Self { picture, candles }
    }
}

async fn newest_candles(index: &Arc<Index>) -> NewestCandles {
    let read = index.figures(|statistics| {
        let origin_ns = statistics.summary.origin_ns;
        statistics.series(Interval::Day).published_from(origin_ns)
    });
    let shown = read.await.unwrap_or_default();
    let newest: Vec<CandleBody> =
        shown[shown.len().saturating_sub(CANDLES_TOLD)..].iter().map(CandleBody::new).collect();
    if newest.is_empty() {
        return NewestCandles::default();
    }
    NewestCandles { json: serde_json::to_vec(&newest).unwrap_or_default().into() }
}
