//! Every preset changes something: the same commands under the charter and under the preset end differently.

use carbex_core::{Capacities, Command, Market};
use carbex_rulebook::{PRESETS, Residents, Rulebook, preset};
use carbex_vocabulary::{
    AccountId, AmountUeur, DAY_NS, DebitMode, Event, HouseholdId, Phase, PriceUeur, QuantityG, RejectCode, Sequence,
    Side, TimeInForce, TimestampNs,
};

const FRANCE: Residents = Residents { adults: 54_200_000, children: 14_200_000 };
const ADULT: AccountId = AccountId::new(1);
const CHILD: AccountId = AccountId::new(2);
const RESERVE_POINTS: u64 = 5000;

/// A country of one adult and one child of 12 in one household, its calendar kept as the rulebook says.
struct Country {
    rulebook: Rulebook,
    market: Market,
    sequence: u64,
    year: u32,
    year_start_ns: u64,
    day: u64,
    instalments_allotted: usize,
}

impl Country {
    /// The first day of the first year: accounts open, what is due that day allotted, €10,000 on each account.
    fn new(rulebook: Rulebook) -> Self {
        let market = Market::new(Capacities { accounts: 8, orders: 64, slice_accounts: u32::MAX }, rulebook.rules);
        let year = rulebook.trajectory.first_year();
        let mut country =
            Self { rulebook, market, sequence: 0, year, year_start_ns: DAY_NS, day: 0, instalments_allotted: 0 };
        let shares = country.rulebook.allotment.shares(FRANCE).unwrap();
        country.open_year();
        for (account, age) in [(ADULT, 40), (CHILD, 12)] {
            let household = HouseholdId::new(7);
            country.does(Command::OpenAccount { account, share: shares.of_age(age), household });
            country.does(Command::Deposit { account, amount: AmountUeur::new(10_000_000_000) });
        }
        country.allot_what_is_due();
        country
    }

    fn open_year(&mut self) {
        let endowment = self.rulebook.trajectory.endowment(self.year).unwrap();
        let reserve = QuantityG::new(RESERVE_POINTS * 1000);
        self.does(Command::OpenPeriod { year: self.year, endowment, reserve, cap: None });
    }

    fn allot_what_is_due(&mut self) {
        let instalments = self.rulebook.allotment.instalments(self.year);
        let due = instalments.iter().filter(|instalment| u64::from(instalment.day) <= self.day).count();
        for instalment in &instalments[self.instalments_allotted..due] {
            let events = self.does(Command::AllotAll { fraction: instalment.fraction });
            assert!(matches!(events[0], Event::AllottedAll { .. }), "{events:?}");
        }
        self.instalments_allotted = due;
    }

    /// Lets the days pass until that day of the year; instalments arrive on the way.
    fn reaches_day(&mut self, day: u64) {
        self.day = day;
        self.allot_what_is_due();
    }

    /// The events of one command.
    fn does(&mut self, command: Command) -> Vec<Event> {
        self.sequence += 1;
        let mut events = Vec::new();
        let time = TimestampNs::new(self.year_start_ns + self.day * DAY_NS);
        self.market.apply(Sequence::new(self.sequence), time, &command, &mut events);
        events
    }

    fn debits(&mut self, account: AccountId, points: u64) -> Vec<Event> {
        self.does(Command::Debit { account, quantity: QuantityG::new(points * 1000), mode: DebitMode::Authorise })
    }

    fn places(&mut self, account: AccountId, side: Side, points: u64, price_ueur: u64) -> Vec<Event> {
        let (quantity, price) = (QuantityG::new(points * 1000), PriceUeur::new(price_ueur));
        self.does(Command::Place { account, client_order_id: None, side, quantity, price, tif: TimeInForce::Gtc })
    }

    /// The regulator releases points from the reserve and offers them in the posted phase.
    fn offers(&mut self, points: u64, price_ueur: u64) {
        let quantity = QuantityG::new(points * 1000);
        self.does(Command::ReleaseReserve { quantity });
        self.does(Command::SetPhase { phase: Phase::Posted });
        self.does(Command::SetSale { price: PriceUeur::new(price_ueur), volume: quantity });
    }

    fn closes_the_year(&mut self) -> Vec<Event> {
        self.day = 365;
        let events = self.does(Command::ClosePeriod);
        self.year += 1;
        self.year_start_ns += 365 * DAY_NS;
        self.day = 0;
        self.instalments_allotted = 0;
        events
    }
}

/// Commands whose last events matter.
type Scenario = fn(&mut Country) -> Vec<Event>;

/// One scenario for every preset but the charter.
const SCENARIOS: &[(&str, Scenario)] = &[
    ("regional", limited_repurchase),
    ("monthly", a_large_payment_in_february),
    ("adults-only", a_large_payment_of_the_adult),
    ("half-share-children", a_large_payment_of_the_adult),
    ("carry-over-decay", a_year_with_points_left),
    ("half-purchase-cap", buying_more_than_half_an_endowment),
    ("household-caps", buying_for_the_family),
    ("continuous", buying_from_the_regulator),
    ("price-tiers", a_sale_at_a_high_price),
];

/// What the scenario of that preset ends with, under the charter and under the preset.
fn outcomes(name: &str, scenario: Scenario) -> (Vec<Event>, Vec<Event>) {
    let under = |name| scenario(&mut Country::new(preset(name).unwrap().rulebook()));
    (under("charter"), under(name))
}

fn code(events: &[Event]) -> Option<RejectCode> {
    events.iter().find_map(|event| if let Event::Rejected(reject) = event { Some(reject.code) } else { None })
}

/// Code, limit and actual of the rejection, the numbers in whole points.
fn rejection_in_points(events: &[Event]) -> Option<(RejectCode, i64, i64)> {
    events.iter().find_map(|event| {
        if let Event::Rejected(reject) = event {
            Some((reject.code, reject.limit / 1000, reject.actual / 1000))
        } else {
            None
        }
    })
}

#[test]
fn every_preset_has_a_scenario_that_ends_otherwise_than_under_the_charter() {
    for preset in PRESETS.iter().filter(|preset| preset.name != "charter") {
        let (_, scenario) = SCENARIOS
            .iter()
            .find(|(name, _)| *name == preset.name)
            .unwrap_or_else(|| panic!("the preset {} has no scenario", preset.name));
        let (charter, changed) = outcomes(preset.name, *scenario);
        assert!(!charter.is_empty() && charter != changed, "{}: {charter:?}", preset.name);
    }
}

fn limited_repurchase(country: &mut Country) -> Vec<Event> {
    country.does(Command::SetPhase { phase: Phase::Posted });
    country.debits(ADULT, 2000);
    country.places(ADULT, Side::Buy, 2251, 100_000)
}

#[test]
fn regional_limits_repurchase_to_a_quarter_of_the_endowment() {
    let (charter, regional) = outcomes("regional", limited_repurchase);
    assert!(matches!(charter[0], Event::Accepted { .. }), "{charter:?}");
    assert_eq!(rejection_in_points(&regional), Some((RejectCode::PurchaseCap, 2250, 2251)));
}

#[test]
fn regional_takes_a_price_beyond_the_charters_band() {
    let (charter, regional) = outcomes("regional", |country| {
        country.does(Command::SetPhase { phase: Phase::Posted });
        country.places(ADULT, Side::Buy, 100, 600_000)
    });
    assert_eq!(code(&charter), Some(RejectCode::PriceOutOfBand));
    assert!(matches!(regional[0], Event::Accepted { .. }), "{regional:?}");
}

#[test]
fn regional_gives_a_child_half_a_share() {
    let (charter, regional) = outcomes("regional", |country| country.debits(CHILD, 6000));
    assert!(matches!(charter[0], Event::Debited { .. }), "{charter:?}");
    // 4500 points and an overdraft of 450; 6000 would leave the account 1500 below zero.
    assert_eq!(rejection_in_points(&regional), Some((RejectCode::OverdraftLimit, 450, 1500)));
}

fn a_large_payment_in_february(country: &mut Country) -> Vec<Event> {
    country.reaches_day(31);
    country.debits(ADULT, 5000)
}

#[test]
fn monthly_lets_nobody_spend_in_february_what_comes_in_autumn() {
    let (charter, monthly) = outcomes("monthly", a_large_payment_in_february);
    assert!(matches!(charter[0], Event::Debited { .. }), "{charter:?}");
    // Two instalments of 8.33 % are there, 1499.4 points, and the overdraft is 900.
    assert_eq!(rejection_in_points(&monthly), Some((RejectCode::OverdraftLimit, 900, 3500)));
}

#[test]
fn monthly_has_given_the_whole_endowment_by_december() {
    let (charter, monthly) = outcomes("monthly", |country| {
        for day in 0..365 {
            country.reaches_day(day);
        }
        country.debits(ADULT, 9000)
    });
    assert!(matches!(charter[0], Event::Debited { .. }), "{charter:?}");
    assert_eq!(charter, monthly);
}

fn a_large_payment_of_the_adult(country: &mut Country) -> Vec<Event> {
    country.debits(ADULT, 10_000)
}

#[test]
fn adults_only_gives_adults_the_childrens_share() {
    let (charter, adults_only) = outcomes("adults-only", a_large_payment_of_the_adult);
    assert_eq!(rejection_in_points(&charter), Some((RejectCode::OverdraftLimit, 900, 1000)));
    assert!(matches!(adults_only[0], Event::Debited { .. }), "{adults_only:?}");
    let (charter, adults_only) = outcomes("adults-only", |country| country.debits(CHILD, 1));
    assert!(matches!(charter[0], Event::Debited { .. }), "{charter:?}");
    assert_eq!(rejection_in_points(&adults_only), Some((RejectCode::OverdraftLimit, 0, 1)));
}

#[test]
fn half_share_children_raises_the_adults_share_and_lowers_the_childs() {
    let (charter, half) = outcomes("half-share-children", a_large_payment_of_the_adult);
    assert_eq!(code(&charter), Some(RejectCode::OverdraftLimit));
    assert!(matches!(half[0], Event::Debited { .. }), "{half:?}");
    let (charter, half) = outcomes("half-share-children", |country| country.debits(CHILD, 6000));
    assert!(matches!(charter[0], Event::Debited { .. }), "{charter:?}");
    // 5021.1 points and an overdraft of 502.1.
    assert_eq!(rejection_in_points(&half), Some((RejectCode::OverdraftLimit, 502, 978)));
}

fn carried_points(events: &[Event], of: AccountId) -> Option<u64> {
    events.iter().find_map(|event| {
        let Event::CarriedOver { account, quantity } = event else { return None };
        (*account == of).then_some(quantity.g() / 1000)
    })
}

fn a_year_with_points_left(country: &mut Country) -> Vec<Event> {
    country.debits(ADULT, 8500);
    country.closes_the_year()
}

#[test]
fn carry_over_decay_keeps_four_fifths_of_what_is_left_up_to_a_tenth_of_an_endowment() {
    let (charter, decay) = outcomes("carry-over-decay", a_year_with_points_left);
    assert_eq!((carried_points(&charter, ADULT), carried_points(&charter, CHILD)), (None, None));
    // 80 % of 500; 80 % of 9000 would be 7200, the cap is 900.
    assert_eq!((carried_points(&decay, ADULT), carried_points(&decay, CHILD)), (Some(400), Some(900)));
}

#[test]
fn carry_over_decay_takes_a_fifth_again_from_what_is_carried_twice() {
    let mut country = Country::new(preset("carry-over-decay").unwrap().rulebook());
    a_year_with_points_left(&mut country);
    country.open_year();
    let decay = country.closes_the_year();
    assert_eq!((carried_points(&decay, ADULT), carried_points(&decay, CHILD)), (Some(320), Some(720)));
}

fn buying_more_than_half_an_endowment(country: &mut Country) -> Vec<Event> {
    country.does(Command::SetPhase { phase: Phase::Posted });
    country.debits(ADULT, 5000);
    country.places(ADULT, Side::Buy, 4501, 100_000)
}

#[test]
fn half_purchase_cap_stops_at_half_an_endowment() {
    let (charter, half) = outcomes("half-purchase-cap", buying_more_than_half_an_endowment);
    assert!(matches!(charter[0], Event::Accepted { .. }), "{charter:?}");
    assert_eq!(rejection_in_points(&half), Some((RejectCode::PurchaseCap, 4500, 4501)));
}

fn buying_for_the_family(country: &mut Country) -> Vec<Event> {
    country.does(Command::SetPhase { phase: Phase::Posted });
    country.debits(CHILD, 3000);
    country.places(ADULT, Side::Buy, 3000, 100_000)
}

#[test]
fn household_caps_let_one_member_hold_what_another_does_not() {
    let (charter, household) = outcomes("household-caps", buying_for_the_family);
    assert_eq!(rejection_in_points(&charter), Some((RejectCode::HoldingCap, 11_250, 12_000)));
    assert!(matches!(household[0], Event::Accepted { .. }), "{household:?}");
}

fn traded_points(events: &[Event]) -> u64 {
    let legs =
        events.iter().map(|event| if let Event::Trade { quantity, .. } = event { quantity.g() / 1000 } else { 0 });
    legs.sum()
}

fn buying_from_the_regulator(country: &mut Country) -> Vec<Event> {
    country.offers(1000, 100_000);
    country.places(ADULT, Side::Buy, 600, 100_000)
}

#[test]
fn continuous_serves_buyers_as_they_come() {
    let (charter, continuous) = outcomes("continuous", buying_from_the_regulator);
    assert_eq!((traded_points(&charter), traded_points(&continuous)), (0, 600));
}

#[test]
fn continuous_keeps_a_spread_between_citizens() {
    fn crossing(country: &mut Country, bid_ueur: u64) -> Vec<Event> {
        country.reaches_day(100);
        country.debits(ADULT, 2000);
        country.does(Command::SetPhase { phase: Phase::Continuous });
        country.places(CHILD, Side::Sell, 200, 100_000);
        country.places(ADULT, Side::Buy, 200, bid_ueur)
    }
    let (charter, continuous) = outcomes("continuous", |country| crossing(country, 100_000));
    // Two legs of 200 points; with a spread of 100 µ€ equal prices do not cross, and 100 µ€ more just do.
    assert_eq!((traded_points(&charter), traded_points(&continuous)), (400, 0));
    let (_, continuous) = outcomes("continuous", |country| crossing(country, 100_100));
    assert_eq!(traded_points(&continuous), 400);
}

fn a_sale_at_a_high_price(country: &mut Country) -> Vec<Event> {
    country.offers(1000, 120_000);
    country.places(ADULT, Side::Buy, 600, 120_000);
    country.does(Command::Distribute)
}

#[test]
fn price_tiers_release_the_reserve_when_points_are_dear() {
    let (charter, tiers) = outcomes("price-tiers", a_sale_at_a_high_price);
    let released = |events: &[Event]| -> Option<(u64, u8)> {
        events.iter().find_map(|event| {
            let Event::ReserveReleased { quantity, tier } = event else { return None };
            Some((quantity.g() / 1000, *tier))
        })
    };
    assert_eq!((traded_points(&charter), traded_points(&tiers)), (600, 600));
    // The tier asks for far more than the 4000 points this small reserve still has.
    assert_eq!((released(&charter), released(&tiers)), (None, Some((RESERVE_POINTS - 1000, 1))));
}
