//! Everything the demonstration says, in French and English: the one place for its words.

use std::{fmt::Write, net::SocketAddr, path::Path, time::Duration};

use carbex_rulebook::{Language, count};
use carbex_vocabulary::{Phase, TimestampNs};
use jiff::{Timestamp, tz::TimeZone};

use super::logins::{Login, Part};

/// What the status line tells.
pub(super) struct Moment {
    pub(super) time: TimestampNs,
    pub(super) phase: Phase,
    pub(super) buyback_ueur: u64,
    pub(super) sale_ueur: u64,
    pub(super) available_g: i64,
    pub(super) trades: u64,
    pub(super) commands_per_s: u64,
    pub(super) acknowledged_p99_ns: u64,
    pub(super) refused: u64,
    pub(super) merged: u64,
}

/// The words of one language.
pub(super) struct Words {
    language: Language,
}

impl Words {
    /// The language that the environment asks for (LC_ALL, LC_MESSAGES, LANG, in the system's order); English otherwise.
    pub(super) fn of_environment() -> Self {
        let asked = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        let code = asked.as_deref().and_then(|locale| locale.get(..2)).unwrap_or("en");
        Self { language: Language::from_code(code).unwrap_or(Language::English) }
    }

    fn choose(&self, french: &'static str, english: &'static str) -> &'static str {
        match self.language {
            Language::French => french,
            Language::English => english,
        }
    }

    pub(super) fn title(&self, residents: u32, year_seconds: u32) -> String {
        let residents = count(u64::from(residents), self.language);
        match self.language {
            Language::French => {
                format!("carbex · une bourse du compte carbone, {residents} habitants, une année en {year_seconds} s")
            }
            Language::English => {
                format!("carbex · a carbon-point exchange, {residents} residents, a year in {year_seconds} s")
            }
        }
    }

    pub(super) fn enrolling(&self) -> &'static str {
        self.choose("ouverture des comptes", "opening accounts")
    }

    pub(super) fn recovering(&self) -> &'static str {
        self.choose("relecture du journal", "replaying the journal")
    }

    pub(super) fn stopping(&self) -> &'static str {
        self.choose("arrêt…", "stopping…")
    }

    pub(super) fn goodbye(&self, kept: Option<&Path>) -> String {
        match (self.language, kept) {
            (Language::French, Some(path)) => format!("arrêt propre ; le journal reste dans {}", path.display()),
            (Language::English, Some(path)) => format!("stopped cleanly; the journal stays in {}", path.display()),
            (Language::French, None) => "arrêt propre ; le répertoire temporaire est effacé".into(),
            (Language::English, None) => "stopped cleanly; the temporary directory is gone".into(),
        }
    }

    /// Addresses and logins, in a few lines.
    pub(super) fn opening(&self, address: SocketAddr, logins: &[Login], took: Duration) -> String {
        let seconds = took.as_secs_f64();
        let mut text = String::new();
        let (open, page, data, stop) = match self.language {
            Language::French => ("ouverte en", "page    ", "données ", "Ctrl-C pour arrêter"),
            Language::English => ("open after", "page    ", "data    ", "Ctrl-C to stop"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{open} {seconds:.1} s\n");
        let _ = writeln!(text, "  {page} http://{address}/");
        let _ = writeln!(text, "  {data} http://{address}/v1/market   /v1/market/stream   /metrics\n");
        for login in logins {
            let (who, side, quantity, price) = match login.part {
                Part::Seller => (self.choose("vendeur", "seller"), "sell", "20", "0.05"),
                Part::Buyer => (self.choose("acheteur", "buyer"), "buy", "100", "0.3"),
            };
            let _ = writeln!(text, "  {who} {}", login.account);
            let _ = writeln!(
                text,
                "    curl -s http://{address}/v1/orders -H 'Idempotency-Key: '$RANDOM -H 'Content-Type: application/json' \\\n      \
                 -H 'Authorization: Bearer {}' \\\n      -d '{{\"side\":\"{side}\",\"quantity\":\"{quantity}\",\"price\":\"{price}\",\"tif\":\"gtc\"}}'\n",
                login.token
            );
        }
        let _ = writeln!(text, "{stop}\n");
        text
    }

    pub(super) fn moment(&self, moment: &Moment) -> String {
        let points = count(moment.available_g.unsigned_abs() / 1000, self.language);
        let trades = count(moment.trades, self.language);
        let commands = count(moment.commands_per_s, self.language);
        let p99_ms = moment.acknowledged_p99_ns as f64 / 1e6;
        let (buyback, sale) = (self.euros(moment.buyback_ueur), self.euros(moment.sale_ueur));
        let mut text = match self.language {
            Language::French => format!(
                "{} · {:<9} · rachat {buyback} vente {sale} €/pt · disponible {points} pt · {trades} échanges · {commands} cmd/s · p99 {p99_ms:.1} ms",
                date(moment.time),
                self.phase(moment.phase),
            ),
            Language::English => format!(
                "{} · {:<9} · buys {buyback} sells {sale} €/pt · available {points} pt · {trades} trades · {commands} cmd/s · p99 {p99_ms:.1} ms",
                date(moment.time),
                self.phase(moment.phase),
            ),
        };
        if moment.refused > 0 {
            let _ = write!(text, " · {} {}", count(moment.refused, self.language), self.choose("refus", "refused"));
        }
        if moment.merged > 0 {
            let merged = count(moment.merged, self.language);
            let _ = write!(text, " · {merged} {}", self.choose("semaines fusionnées", "weeks merged"));
        }
        text
    }

    /// Four decimals: what moves, and no more.
    fn euros(&self, price_ueur: u64) -> String {
        if price_ueur == 0 {
            return "–".into();
        }
        format!("{}{}{:04}", price_ueur / 1_000_000, self.choose(",", "."), price_ueur % 1_000_000 / 100)
    }

    fn phase(&self, phase: Phase) -> &'static str {
        match phase {
            Phase::Closed => self.choose("fermé", "closed"),
            Phase::Auction => self.choose("enchère", "auction"),
            Phase::AuctionFreeze => self.choose("gel", "freeze"),
            Phase::Posted => self.choose("prix fixe", "posted"),
            Phase::Continuous => self.choose("continu", "continuous"),
            Phase::Halted => self.choose("suspendu", "halted"),
        }
    }
}

/// The day in Paris.
fn date(time: TimestampNs) -> String {
    let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
    let timestamp = Timestamp::from_nanosecond(i128::from(time.ns())).unwrap_or(Timestamp::MAX);
    timestamp.to_zoned(paris).date().to_string()
}
