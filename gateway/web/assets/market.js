// Keeps the public page live: one EventSource, one redraw at most per picture, and a button that stops both.
// The page is complete without it; it changes text and SVG only, never markup from the network.

const main = document.querySelector('main');
const language = document.documentElement.lang === 'fr' ? 'fr-FR' : 'en-GB';
const words = main.dataset;
const phases = JSON.parse(words.phases);

const live = new Map();
for (const node of document.querySelectorAll('[data-live]')) live.set(node.dataset.live, node);

// ---- Numbers as the server writes them ----------------------------------------------------------------------------

const narrow = '\u202f';
const tidy = (text) => text.replace(/[\u00a0\u202f]/g, narrow);
const format = (least, most, more = {}) =>
  new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: most, ...more });
const money = { style: 'currency', currency: 'EUR' };
const pointPrice = format(2, 6, money);
const tonneWhole = format(0, 0, money);
const tonneCents = format(2, 3, money);
const cents = format(2, 2, { ...money, roundingMode: 'trunc' });
const whole = format(0, 0, { roundingMode: 'trunc' });
const date = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'Europe/Paris' });

const perPoint = (text) => tidy(pointPrice.format(Number(text)));
const perTonne = (text) => tidy((Number(text) % 1 === 0 ? tonneWhole : tonneCents).format(Number(text)));
const points = (text) => tidy(whole.format(Number(text)));
const day = (instant) => date.format(new Date(instant)).replace(/^1 /, language === 'fr-FR' ? '1er ' : '1 ');

const set = (name, text) => {
  const node = live.get(name);
  if (node && node.textContent !== text) node.textContent = text;
};

// ---- The figures --------------------------------------------------------------------------------------------------

let market = null;
// Until the year's candles have come, the server's drawing stands.
let candles = null;

function showQuote(name, quote) {
  const detail = live.get(`${name}-detail`);
  set(`${name}-tonne`, quote ? perTonne(quote.price_per_tonne) : '–');
  if (!detail) return;
  const { none, perPoint: unit, left } = detail.dataset;
  set(`${name}-detail`, quote ? `${perPoint(quote.price)} ${unit} · ${points(quote.volume)} ${left}` : none);
}

function showMarket(picture) {
  const { band, last, budget_year: year, traded } = picture;
  const [name, sentence] = phases[picture.phase] ?? [picture.phase, ''];
  set('phase', name);
  live.get('phase').dataset.phase = picture.phase;
  set('sentence', sentence);
  set('date', day(picture.time));
  if (last) {
    set('tonne', perTonne(last.price_per_tonne));
    set('price', perPoint(last.price));
    live.get('per-point').hidden = false;
    const floor = Number(band.floor.price);
    const share = (Number(last.price) - floor) / (Number(band.ceiling.price) - floor || 1);
    live.get('band-at').setAttribute('x', (Math.min(Math.max(share, 0), 1) * 100).toFixed(1));
  }
  set('floor', perTonne(band.floor.price_per_tonne));
  set('ceiling', perTonne(band.ceiling.price_per_tonne));
  set('available', points(picture.available_volume));
  showQuote('buyback', picture.buyback);
  showQuote('sale', picture.sale);
  set('sold', points(traded.sold));
  set('bought', points(traded.bought));
  set('turnover', tidy(cents.format(Number(traded.turnover))));
  set('consumed', points(picture.consumed));
  set('accounts', tidy(whole.format(picture.accounts)));
  if (year) {
    const today = Math.min(year.day, year.days);
    set('day', String(today));
    set('days', String(year.days));
    set('endowment', points(year.endowment));
    const progress = live.get('progress');
    if (progress) Object.assign(progress, { max: year.days, value: today });
  }
}

// ---- The chart: the same shapes as the server's ---------------------------------------------------------------------

const svgNode = (name, attributes, text) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};

function axisOf(prices) {
  if (prices.length === 0) return { low: 0, high: 100, step: 20 };
  let lowest = Math.min(...prices);
  let highest = Math.max(...prices);
  const margin = Math.max((highest - lowest) * 0.1, highest * 0.02, 0.5);
  lowest = Math.max(lowest - margin, 0);
  highest += margin;
  const rough = (highest - lowest) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((round) => round * power).find((candidate) => candidate >= rough) ?? rough;
  return { low: Math.floor(lowest / step) * step, high: Math.ceil(highest / step) * step, step };
}

/// 850, 8 500, 85 k, 1 200 k, 12 M: short enough for a margin.
function compact(amount) {
  if (amount < 10_000) return points(amount);
  return amount < 10_000_000 ? `${points(amount / 1000)}${narrow}k` : `${points(amount / 1_000_000)}${narrow}M`;
}

const dayMs = 86_400_000;
const tick = { 0: format(0, 0), 2: format(2, 2) };

function draw(svg) {
  const layer = svg.querySelector('.live');
  const { width, height } = svg.viewBox.baseVal;
  const [left, rightRoom, top, bottomRoom, volume, start, end] = ['left', 'right', 'top', 'bottom', 'volume', 'start', 'end'].map(
    (name) => Number(svg.dataset[name]),
  );
  const right = width - rightRoom;
  const bottom = height - bottomRoom;
  const priceBottom = bottom - (bottom - top) * (volume + 0.04);
  const quotes = [
    ['buyback', market?.buyback, words.buybackWord, 11],
    ['sale', market?.sale, words.saleWord, -2],
  ].filter(([, quote]) => quote);
  const tonnes = (price) => Number(price) * 1000;
  const axis = axisOf([
    ...candles.flatMap((candle) => [tonnes(candle.low), tonnes(candle.high)]),
    ...quotes.map(([, quote]) => Number(quote.price_per_tonne)),
  ]);
  const x = (ms) => left + Math.min((ms - start) / Math.max(end - start, 1), 1) * (right - left);
  const y = (price) => priceBottom - ((price - axis.low) / (axis.high - axis.low)) * (priceBottom - top);
  const at = (number) => number.toFixed(1);
  const out = [];

  const decimals = tick[axis.step < 1 ? 2 : 0];
  for (let step = 0; step <= Math.round((axis.high - axis.low) / axis.step); step += 1) {
    const price = axis.low + step * axis.step;
    out.push(svgNode('line', { class: 'grid', x1: left, x2: right, y1: at(y(price)), y2: at(y(price)) }));
    out.push(svgNode('text', { class: 'tick price', x: left - 8, y: at(y(price) + 4) }, tidy(decimals.format(price))));
  }
  for (const [name, quote, word, offset] of quotes) {
    const level = y(Number(quote.price_per_tonne));
    out.push(svgNode('line', { class: `quote ${name}`, x1: left, x2: right, y1: at(level), y2: at(level) }));
    out.push(svgNode('text', { class: `quote ${name}`, x: right + 6, y: at(level + offset) }, word));
  }
  if (candles.length === 0) {
    out.push(svgNode('text', { class: 'empty', x: at((left + right) / 2), y: at((top + priceBottom) / 2) }, words.empty));
    layer.replaceChildren(...out);
    return;
  }
  const spans = candles.map((candle) => ({ candle, from: Date.parse(candle.from), to: Date.parse(candle.to) }));
  const path = (field) => spans.map(({ candle, from, to }) => `${at(x((from + to) / 2))},${at(y(tonnes(candle[field])))}`);
  const close = path('close');
  out.push(svgNode('polygon', { class: 'range', points: [...path('high'), ...path('low').reverse()].join(' ') }));
  out.push(svgNode('polyline', { class: 'price', points: close.join(' ') }));
  const [cx, cy] = close.at(-1).split(',');
  out.push(svgNode('circle', { class: 'now', cx, cy, r: 4 }));

  const perDay = ({ candle, from, to }) => {
    const days = Math.max((to - from) / dayMs, 1);
    return [Number(candle.bought) / days, Number(candle.sold) / days];
  };
  const bars = spans.map((span) => ({ ...span, sides: perDay(span) }));
  const most = Math.max(1, ...bars.map(({ sides: [bought, sold] }) => bought + sold));
  const volumeTop = bottom - (bottom - top) * volume;
  out.push(svgNode('text', { class: 'tick most', x: right + 6, y: at(volumeTop + 10) }, `${compact(most)} ${words.perDay}`));
  for (const { from, to, sides } of bars) {
    const barWidth = Math.max(x(to) - x(from), 0.8) * 0.8;
    let base = bottom;
    for (const [index, amount] of sides.entries()) {
      const tall = (amount / most) * (bottom - top) * volume;
      base -= tall;
      out.push(
        svgNode('rect', { class: index === 0 ? 'bought' : 'sold', x: at(x(from)), y: at(base), width: at(barWidth), height: at(tall) }),
      );
    }
  }
  layer.replaceChildren(...out);
}

const rows = [...document.querySelectorAll('[data-months] tr')].map((row) => ({
  start: Number(row.dataset.start),
  cells: [...row.querySelectorAll('td')],
}));

function fillTable() {
  rows.forEach(({ start, cells }, index) => {
    const end = rows[index + 1]?.start ?? Infinity;
    const own = candles.filter((candle) => Date.parse(candle.from) >= start && Date.parse(candle.from) < end);
    if (own.length === 0) return;
    const sum = (field) => own.reduce((total, candle) => total + Number(candle[field]), 0);
    const [sold, bought] = [sum('sold'), sum('bought')];
    const euros = (perPointPrice) => tidy(cents.format(perPointPrice * 1000)).replace(/[.,]00(?=\D*$)/, '');
    const texts = [
      euros(sum('turnover') / (sold + bought || 1)),
      euros(Math.min(...own.map((candle) => Number(candle.low)))),
      euros(Math.max(...own.map((candle) => Number(candle.high)))),
      points(sold),
      points(bought),
    ];
    texts.forEach((text, column) => {
      cells[column].textContent = text;
    });
  });
}

let drawing = false;
function drawSoon() {
  if (drawing || candles === null) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    for (const svg of document.querySelectorAll('svg.chart')) if (svg.getClientRects().length > 0) draw(svg);
    if (document.querySelector('details').open) fillTable();
  });
}

// ---- The stream -----------------------------------------------------------------------------------------------------

const link = document.querySelector('[data-link]');
const linkWord = document.querySelector('[data-link-word]');
const pause = document.querySelector('[data-pause]');
const pauseWord = pause.textContent;
const announcement = document.querySelector('[data-announce]');

function tellLink(state, word) {
  link.dataset.state = state;
  link.hidden = false;
  linkWord.textContent = word;
}

// Spoken at most every ten seconds, and only what changed: a live page must not talk over its reader.
let spoken = '';
setInterval(() => {
  if (!market?.last || !source) return;
  const price = live.get('tonne').parentElement.textContent.trim();
  const volume = live.get('available').parentElement.textContent.trim();
  const text = `${price}, ${volume}`;
  if (text !== spoken) announcement.textContent = spoken = text;
}, 10_000);

async function fetchCandles() {
  const answer = await fetch('/v1/market/candles?interval=1d');
  if (!answer.ok) return;
  ({ candles } = await answer.json());
  drawSoon();
}

/// Puts the newest candles over the ones they replace: whatever begins at or after the first of them.
function takeCandles(newest) {
  if (candles === null) return;
  const first = Date.parse(newest[0].from);
  const kept = candles.filter((candle) => Date.parse(candle.from) < first);
  const last = kept.at(-1) ?? null;
  const gap = last !== null && Date.parse(last.to) < first - 7 * dayMs;
  candles = [...kept, ...newest];
  if (gap) fetchCandles();
  drawSoon();
}

let source = null;

function listen() {
  source = new EventSource('/v1/market/stream');
  source.addEventListener('open', () => {
    tellLink('live', words.liveWord);
    fetchCandles();
  });
  source.addEventListener('error', () => tellLink('lost', words.lost));
  source.addEventListener('market', ({ data }) => {
    const picture = JSON.parse(data);
    const newYear = market?.budget_year?.start !== picture.budget_year?.start;
    if (market && newYear) {
      location.reload();
      return;
    }
    market = picture;
    showMarket(picture);
    drawSoon();
  });
  source.addEventListener('candles', ({ data }) => takeCandles(JSON.parse(data)));
}

function stop() {
  source?.close();
  source = null;
}

pause.hidden = false;
pause.addEventListener('click', () => {
  if (source) {
    stop();
    tellLink('paused', words.paused);
    pause.textContent = pause.dataset.resumeWord;
  } else {
    pause.textContent = pauseWord;
    listen();
  }
});
addEventListener('resize', drawSoon);
document.querySelector('details').addEventListener('toggle', drawSoon);
addEventListener('pagehide', stop);
addEventListener('pageshow', (event) => {
  if (event.persisted && !source && pause.textContent === pauseWord) listen();
});

listen();
