//! The regulator of the demonstration: opens and closes budget years, moves the quotes by the published rule, shares the
//! available volume, holds the monthly auction.

use carbex_core::Command;
use carbex_vocabulary::{AmountUeur, BasisPoints, DAY_NS, Event, Phase, PriceUeur, QuantityG, Side};

use super::{Life, LifeFault, calendar::Appointment, outbox::by_regulator, pricing::Quotes};

/// What is held back when a year opens, as a share of the issue: 2 % (domain report, section 1d).
const RESERVE_BP: u64 = 200;
/// Of the reserve, what becomes available at the opening and then with each clearing at which demand exceeds the offer:
/// a quarter. Our choice.
const RELEASE_PARTS: u64 = 4;
/// What the treasury holds at a year's opening, as a share of what the issue is worth at the price of the day; and below
/// which share it is filled again. Our choice: the surplus of FIT-W is 23 % of the issue and is bought and sold over a year.
const TREASURY_BP: u64 = 1_000;
const TREASURY_LOW_BP: u64 = 300;
/// The most that is bought back in a week, as a share of the issue: 3 %, so that a dump at the year's end is staggered
/// (domain report, rule R23).
const BUYBACK_WEEK_BP: u64 = 300;
/// Of the treasury, what is put into a buyback quote: not all of it, since sells at the old quote may be on their way and
/// take some before the new one stands.
const BUDGET_PERCENT: u64 = 80;
/// The available volume that the price rule does not count as offered, as a share of the issue: 1 %, a week and a half of
/// what is traded in a year, so that there is something to buy in thin weeks. Our choice.
const BUFFER_BP: u64 = 100;
/// Of the available volume, what is offered each time it is shared: half, so that something is left for those who come
/// next. An auction offers all of it.
const OFFERED_PERCENT: u64 = 50;

impl Life {
    /// Keeps every appointment whose time has come; answers whether there was one.
    pub(super) fn keep_appointments(&mut self) -> Result<bool, LifeFault> {
        let now_ns = self.node.now().ns();
        if self.year.is_none() {
            let opens = now_ns >= self.options.opens_at.ns();
            if opens {
                self.open_year()?;
            }
            return Ok(opens);
        }
        let settled = self.year_is_settled();
        let Some(year) = self.year.as_mut() else { return Ok(false) };
        if year.closes_next() && !settled {
            // The last visits first: daily life is booked before the year closes, however late that makes it.
            return Ok(false);
        }
        let Some(appointment) = year.take_due(now_ns) else { return Ok(false) };
        match appointment {
            Appointment::Quote => {
                self.quote()?;
                self.share()?;
            }
            Appointment::AuctionOpens => {
                self.offer_volume(100)?;
                self.set_phase(Phase::Auction)?;
            }
            Appointment::AuctionFreezes => self.set_phase(Phase::AuctionFreeze)?,
            Appointment::AuctionClears => self.clear()?,
            Appointment::YearCloses => {
                self.close_year()?;
                self.open_year()?;
            }
        }
        Ok(true)
    }

    fn act(&mut self, command: Command) -> Result<Option<Event>, LifeFault> {
        Ok(self.outbox.call(by_regulator(command))?.outcome)
    }

    fn set_phase(&mut self, phase: Phase) -> Result<(), LifeFault> {
        self.act(Command::SetPhase { phase }).map(drop)
    }

    /// One endowment for each resident, in grams.
    fn issue_g(&self) -> u64 {
        let endowment_g = self.year.as_ref().map_or(0, |year| year.endowment_g.unsigned_abs());
        endowment_g * self.options.population.len() as u64
    }

    fn whole_lots(&self, quantity_g: u64) -> QuantityG {
        let lot_g = self.options.rules.market.lot_g;
        QuantityG::new(quantity_g / lot_g * lot_g)
    }

    /// Opens the next budget year: endowment from the path, reserve, allotment for all, treasury, first quotes.
    fn open_year(&mut self) -> Result<(), LifeFault> {
        let trajectory = self.options.trajectory;
        let year = self.next_year();
        let endowment = trajectory.endowment(year).ok_or(LifeFault::NoEndowment(year))?;
        let issue_g = endowment.g() * self.options.population.len() as u64;
        let reserve = self.whole_lots(issue_g / 10_000 * RESERVE_BP);
        self.act(Command::OpenPeriod { year, endowment, reserve, cap: None })?;
        let Some(period) = self.node.market().market.period else {
            // Somebody closed it again in the same instant: next turn.
            return Ok(());
        };
        self.begin_year(&period);
        self.act(Command::AllotAll { fraction: BasisPoints::new(10_000) })?;
        self.follow()?;
        self.release_reserve()?;
        self.set_phase(Phase::Posted)?;
        self.post_quotes()
    }

    /// The year after the one that closed; for a market found between two years, the calendar year whose beginning is
    /// nearest, but none before the rules begin.
    fn next_year(&self) -> u32 {
        const MEAN_YEAR_DAYS: f64 = 365.2425;
        let first_year = self.options.trajectory.first_year();
        self.last_year.map_or_else(
            || {
                let days = self.node.now().ns() as f64 / DAY_NS as f64;
                (1970 + (days / MEAN_YEAR_DAYS).round() as u32).max(first_year)
            },
            |year| year + 1,
        )
    }

    fn close_year(&mut self) -> Result<(), LifeFault> {
        // Whatever is still on its way belongs to this year.
        self.outbox.empty()?;
        self.act(Command::ClosePeriod)?;
        self.follow()?;
        self.last_year = self.year.take().map(|year| year.number);
        self.counts.years_closed += 1;
        Ok(())
    }

    /// The price follows what was demanded and offered since the last quote, and both quotes are renewed.
    fn quote(&mut self) -> Result<(), LifeFault> {
        let market = self.node.market().market;
        let waiting_g = self.waiting_g(market.sale.price_ueur)?;
        let turnover = std::mem::take(&mut self.knowledge.since_quote);
        let available_g = u64::try_from(market.public.inventory_g).unwrap_or(0);
        let demanded_g = turnover.bought_g + waiting_g;
        let buffer_g = self.issue_g() / 10_000 * BUFFER_BP;
        let offered_g = turnover.sold_g + available_g.saturating_sub(buffer_g);
        self.mid = self.mid.after(demanded_g, offered_g, market.band);
        self.post_quotes()
    }

    /// What citizens wait to buy at `price_ueur` or more, in grams.
    fn waiting_g(&mut self, price_ueur: u64) -> Result<u64, LifeFault> {
        let question = move |market: &carbex_core::Market| {
            let worth_it = market.depth(Side::Buy).take_while(|level| level.price_ueur >= price_ueur);
            worth_it.map(|level| level.quantity_g).sum()
        };
        match self.node.ask(question).and_then(|pending| pending.wait()) {
            Ok(waiting_g) => Ok(waiting_g),
            Err(carbex_node::Refusal::Stopping) => Err(LifeFault::Stopping),
            // Too many questions at once: this week's price goes by what was traded.
            Err(_busy) => Ok(0),
        }
    }

    /// Sets both quotes round the price, the one that moves away first so that they never cross.
    fn post_quotes(&mut self) -> Result<(), LifeFault> {
        self.fill_treasury()?;
        let market = self.node.market().market;
        let quotes = self.mid.quotes(market.band, self.options.rules.market.tick_ueur);
        let rising = quotes.buyback.ueur() > market.buyback.price_ueur;
        if rising {
            self.post_sale(quotes, OFFERED_PERCENT)?;
        }
        let volume = self.whole_lots(self.issue_g() / 10_000 * BUYBACK_WEEK_BP);
        let treasury_ueur = u64::try_from(self.node.market().market.public.treasury_ueur).unwrap_or(0);
        let budget = AmountUeur::new(treasury_ueur / 100 * BUDGET_PERCENT);
        self.act(Command::SetBuyback { price: quotes.buyback, volume, budget })?;
        if !rising {
            self.post_sale(quotes, OFFERED_PERCENT)?;
        }
        Ok(())
    }

    fn post_sale(&mut self, quotes: Quotes, percent: u64) -> Result<(), LifeFault> {
        let available_g = u64::try_from(self.node.market().market.public.inventory_g).unwrap_or(0);
        let volume = self.whole_lots(available_g * percent / 100);
        self.act(Command::SetSale { price: quotes.sale, volume }).map(drop)
    }

    /// Offers that much of the available volume at the sale price that stands.
    fn offer_volume(&mut self, percent: u64) -> Result<(), LifeFault> {
        let market = self.node.market().market;
        let quotes = self.mid.quotes(market.band, self.options.rules.market.tick_ueur);
        let sale = quotes.sale.max(PriceUeur::new(market.buyback.price_ueur));
        self.post_sale(Quotes { sale, ..quotes }, percent)
    }

    /// Shares what is offered among all who wait.
    fn share(&mut self) -> Result<(), LifeFault> {
        self.offer_volume(OFFERED_PERCENT)?;
        if self.node.market().market.sale.volume_g > 0 {
            self.act(Command::Distribute)?;
        }
        Ok(())
    }

    /// One price for all; the quotes are drawn towards it, and the reserve helps if demand was left.
    fn clear(&mut self) -> Result<(), LifeFault> {
        let outcome = self.act(Command::Uncross)?;
        if let Some(Event::AuctionResult { price, imbalance_g, .. }) = outcome {
            if let Some(price) = price {
                self.mid = self.mid.towards(price, self.node.market().market.band);
            }
            if imbalance_g > 0 {
                self.release_reserve()?;
            }
        }
        self.set_phase(Phase::Posted)?;
        self.post_quotes()
    }

    /// Another part of the year's reserve becomes available, as long as there is some.
    fn release_reserve(&mut self) -> Result<(), LifeFault> {
        let part_g = self.issue_g() / 10_000 * RESERVE_BP / RELEASE_PARTS;
        let reserve_g = u64::try_from(self.node.market().market.public.reserve_g).unwrap_or(0);
        let quantity = self.whole_lots(part_g.min(reserve_g));
        if !quantity.is_zero() {
            self.act(Command::ReleaseReserve { quantity })?;
        }
        Ok(())
    }

    /// Public money for buybacks: filled when low.
    fn fill_treasury(&mut self) -> Result<(), LifeFault> {
        let worth_ueur = |bp: u64| {
            let ueur = self.issue_g() as f64 / 1000.0 * self.mid.ueur() * bp as f64 / 10_000.0;
            ueur as u64
        };
        let (low_ueur, full_ueur) = (worth_ueur(TREASURY_LOW_BP), worth_ueur(TREASURY_BP));
        let treasury_ueur = u64::try_from(self.node.market().market.public.treasury_ueur).unwrap_or(0);
        if treasury_ueur < low_ueur {
            self.act(Command::FundTreasury { amount: AmountUeur::new(full_ueur - treasury_ueur) })?;
        }
        Ok(())
    }
}
