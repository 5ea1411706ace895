//! The rules in English.

use carbex_rules::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, SaleRules, TierRules,
};
use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, QuantityG, Rationing, Resale};

use super::{Sheet, signed};
use crate::{Allotment, Language, Rulebook, Schedule, Trajectory, numbers};

fn points(quantity_g: u64) -> String {
    numbers::points(signed(quantity_g), Language::English)
}

/// A price per point, and per tonne, as people know it from carbon markets.
fn price(price_ueur: u64) -> String {
    format!(
        "{} ({})",
        numbers::price(signed(price_ueur), Language::English),
        numbers::price_per_tonne(signed(price_ueur), Language::English)
    )
}

fn percent(share_bp: u32) -> String {
    numbers::percent(share_bp, Language::English)
}

fn count(number: u32) -> String {
    numbers::count(u64::from(number), Language::English)
}

pub(super) fn explain(rulebook: &Rulebook) -> String {
    let Rulebook { rules, allotment, trajectory } = rulebook;
    let mut sheet = Sheet::new(&format!("The rules “{}”", rules.version.as_str()));
    budget(&mut sheet, trajectory);
    arrival(&mut sheet, allotment);
    market(&mut sheet, &rules.market, &rules.band, rules.tiers.as_ref());
    orders(&mut sheet, &rules.orders);
    sale(&mut sheet, &rules.sale);
    purchase(&mut sheet, &rules.purchase);
    overdraft(&mut sheet, &rules.overdraft);
    carry_over(&mut sheet, &rules.carry_over);
    sheet.text
}

fn budget(sheet: &mut Sheet, trajectory: &Trajectory) {
    let (first, last) = (trajectory.first_year(), trajectory.last_year());
    sheet.heading("The yearly budget");
    let endowment = |year| points(trajectory.endowment(year).map_or(0, QuantityG::g));
    sheet.line(&format!(
        "One endowment is {} in {first}. One point is one kilogram of CO2 equivalent.",
        endowment(first)
    ));
    sheet.line(&format!(
        "Each year it is {} lower, until {last}: {} in {last}. Then it stays.",
        percent(trajectory.rate_bp()),
        endowment(last)
    ));
}

fn arrival(sheet: &mut Sheet, allotment: &Allotment) {
    sheet.line(&match allotment.schedule() {
        Schedule::Yearly => "It arrives whole, on the first day of the budget year.".to_owned(),
        Schedule::Monthly => "It arrives in twelve equal parts, on the first of each month.".to_owned(),
        Schedule::Listed(instalments) => {
            let parts: Vec<String> = instalments
                .iter()
                .map(|instalment| format!("{} on day {}", percent(instalment.fraction.bp()), count(instalment.day + 1)))
                .collect();
            format!("It arrives in instalments: {}.", parts.join(", "))
        }
    });
    let age = count(allotment.child_age());
    sheet.line(&match allotment.child_bp() {
        0 => format!("Below the age of {age} a person has no endowment."),
        10_000 => format!("Everyone has the same, children below the age of {age} included."),
        share_bp => format!("Below the age of {age} a person has {} of an adult's share.", percent(share_bp)),
    });
    sheet.line(if allotment.conserve_envelope() {
        "What children do not get is shared among all: the national envelope is one endowment per resident."
    } else {
        "An adult has one endowment, whatever children get."
    });
}

fn market(sheet: &mut Sheet, market: &MarketRules, band: &BandRules, tiers: Option<&TierRules>) {
    let MarketRules { lot_g, tick_ueur, spread_ueur, collar_bp, posted_sales, rationing } = *market;
    sheet.heading("The market");
    sheet.line("The regulator is the counterparty of every trade: citizens never trade with each other.");
    sheet.line(&format!(
        "Points are traded in whole lots of {}, at prices in steps of {}.",
        points(lot_g),
        price(tick_ueur)
    ));
    sheet.line(&format!(
        "Prices start between {} and {}; the regulator can move these limits.",
        price(band.floor_ueur),
        price(band.ceiling_ueur)
    ));
    sheet.line(match posted_sales {
        PostedSales::Batched => {
            "When the regulator sells at a posted price, buyers wait and share what is on sale at one price: being first \
             wins nothing."
        }
        PostedSales::Immediate => "When the regulator sells at a posted price, buyers are served as they come.",
    });
    sheet.line(match rationing {
        Rationing::Equal => {
            "When there is not enough for all, everyone gets the same, up to what they asked for: asking for more wins \
             nothing."
        }
        Rationing::ProRata => "When there is not enough for all, everyone gets the same share of what they asked for.",
        Rationing::Time => "When there is not enough for all, the oldest orders are served first.",
    });
    sheet.line(&match spread_ueur {
        0 => "When orders of citizens cross in the continuous phase, the treasury keeps nothing.".to_owned(),
        1.. => {
            format!("When orders of citizens cross in the continuous phase, the treasury keeps {}.", price(spread_ueur))
        }
    });
    sheet.line(&match collar_bp {
        0 => "In the continuous phase no trade is stopped for being far from the reference price.".to_owned(),
        1.. => format!(
            "In the continuous phase a trade more than {} from the reference price does not happen.",
            percent(collar_bp)
        ),
    });
    sheet.line(&match tiers {
        None => "No volume leaves the reserve by itself when prices rise.".to_owned(),
        Some(TierRules { price_1_ueur, volume_1_g, price_2_ueur, volume_2_g }) => format!(
            "When points are sold at {} or more, {} leave the reserve and go on sale; at {} or more, {}. Once a year each.",
            price(*price_1_ueur),
            points(*volume_1_g),
            price(*price_2_ueur),
            points(*volume_2_g)
        ),
    });
}

fn orders(sheet: &mut Sheet, orders: &OrderRules) {
    let OrderRules { max_order_g, max_open_orders, max_orders_per_day, opposite_orders } = *orders;
    sheet.heading("Your orders");
    sheet.line(&format!("One order is for at most {}.", points(max_order_g)));
    sheet.line(&format!(
        "You may have {} orders open at a time, and place or change {} a day.",
        count(max_open_orders),
        count(max_orders_per_day)
    ));
    sheet.line(match opposite_orders {
        OppositeOrders::Refused => "You cannot have sales and purchases open at the same time.",
        OppositeOrders::Allowed => "You can have sales and purchases open at the same time.",
    });
}

fn sale(sheet: &mut Sheet, sale: &SaleRules) {
    let SaleRules { earned_surplus_only, subsistence_bp, sale_cap_bp, resale, resale_after_days } = *sale;
    sheet.heading("When you sell");
    sheet.line(if earned_surplus_only {
        "You can sell what you have saved so far: your endowment of the days gone by, less what you consumed and sold."
    } else {
        "You can sell points before you have saved them."
    });
    sheet.line(&match subsistence_bp {
        0 => "No points have to be kept to live on.".to_owned(),
        1.. => {
            format!("You keep at least {} of your endowment of the days to come, to live on.", percent(subsistence_bp))
        }
    });
    sheet.line(&format!("In a year you can sell at most {} of your endowment.", percent(sale_cap_bp)));
    let days = count(resale_after_days);
    let idle = match resale_after_days {
        0 => String::new(),
        1.. => format!(" (The delay of {days} days in the rules has no effect.)"),
    };
    sheet.line(&match resale {
        Resale::Never => format!("Points you bought cannot be sold again.{idle}"),
        Resale::Allowed => format!("Points you bought can be sold again at any time.{idle}"),
        Resale::AfterDays => format!("Points you bought can be sold again {days} days after your last purchase."),
    });
}

fn purchase(sheet: &mut Sheet, purchase: &PurchaseRules) {
    let PurchaseRules { holding_margin_bp, purchase_cap_bp, caps_per } = *purchase;
    sheet.heading("When you buy");
    sheet.line(&format!(
        "You may hold your endowment of the days to come, {} of a year's endowment more, and what you already have to pay \
         later.",
        percent(holding_margin_bp)
    ));
    sheet.line(&format!("In a year you can buy at most {} of your endowment.", percent(purchase_cap_bp)));
    sheet.line(match caps_per {
        CapsPer::Account => "Both limits count for each account alone.",
        CapsPer::Household => "Both limits add up over all accounts of a household.",
    });
}

fn overdraft(sheet: &mut Sheet, overdraft: &OverdraftRules) {
    let OverdraftRules { overdraft_bp, penalty_ueur, repay_bp } = *overdraft;
    sheet.heading("When points run out");
    sheet.line(&match overdraft_bp {
        0 => "No payment may take your account below zero.".to_owned(),
        1.. => format!(
            "A payment may take your account below zero, by at most {} of your endowment.",
            percent(overdraft_bp)
        ),
    });
    sheet.line(&format!("At the end of the year, what is missing costs {}.", price(penalty_ueur)));
    sheet.line(&match repay_bp {
        0 => "It is not taken from later allotments.".to_owned(),
        1.. => format!("{} of what is missing is also taken from later allotments.", percent(repay_bp)),
    });
}

fn carry_over(sheet: &mut Sheet, carry_over: &CarryOverRules) {
    let CarryOverRules { fraction_bp, cap_bp } = *carry_over;
    sheet.heading("At the end of the year");
    sheet.line(&format!(
        "{} of the allotted points you have left is carried over, at most {} of your endowment; what you bought is not.",
        percent(fraction_bp),
        percent(cap_bp)
    ));
    sheet.line(if fraction_bp == 0 || cap_bp == 0 {
        "So nothing is carried over: all points left expire."
    } else {
        "All other points left expire."
    });
}
