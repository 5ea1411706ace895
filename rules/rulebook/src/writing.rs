//! A rule set written out as a file: every key, with what it means.

use core::fmt::Write;

use carbex_rules::RuleSet;

use crate::{Allotment, Rulebook, Schedule, Trajectory};

/// The tables that the core applies, as a TOML file; reading it gives these rules again.
pub fn to_toml(rules: &RuleSet) -> String {
    let version = rules.version;
    let version = toml::Value::from(version.as_str());
    let (market, orders, sale, purchase) = (&rules.market, &rules.orders, &rules.sale, &rules.purchase);
    let (overdraft, carry_over, band) = (&rules.overdraft, &rules.carry_over, &rules.band);
    let mut text = format!(
        "\
# A rule set of the exchange. Units: _g grams CO2e (1000 = one point), _ueur µ€ per point (1000 = one euro per tonne),
# _bp basis points (10000 = the whole).
version = {version}

[market]
# The smallest tradable quantity.
lot_g = {lot_g}
# The price step.
tick_ueur = {tick_ueur}
# What the public treasury keeps of a crossing between citizens in the continuous phase.
spread_ueur = {spread_ueur}
# How far from the reference price a buyer's price may be in the continuous phase; 0 = no collar.
collar_bp = {collar_bp}
# batched: buys wait and share what is on sale; immediate: first come, first served.
posted_sales = \"{posted_sales}\"
# How the long side is shared: equal | pro_rata | time.
rationing = \"{rationing}\"

[orders]
# The largest order.
max_order_g = {max_order_g}
# Open orders an account may have at once.
max_open_orders = {max_open_orders}
# Orders placed or replaced per account and day.
max_orders_per_day = {max_orders_per_day}
# Whether an account may sell and buy at once: refused | allowed (plain books and benchmarks only).
opposite_orders = \"{opposite_orders}\"

[sale]
# Only what was not consumed so far can be sold.
earned_surplus_only = {earned_surplus_only}
# The share of the endowment of the days to come that cannot be sold.
subsistence_bp = {subsistence_bp}
# The share of the year's endowment that can be sold.
sale_cap_bp = {sale_cap_bp}
# Whether purchased points can be sold: never | allowed | after_days.
resale = \"{resale}\"
# With after_days: days since the account's last purchase.
resale_after_days = {resale_after_days}

[purchase]
# What may be held beyond the endowment of the days to come, as a share of the year's endowment.
holding_margin_bp = {holding_margin_bp}
# What may be bought in a year, as a share of the year's endowment.
purchase_cap_bp = {purchase_cap_bp}
# Over whom both caps add up: account | household.
caps_per = \"{caps_per}\"

[overdraft]
# How far below zero a payment may go, as a share of the year's endowment.
overdraft_bp = {overdraft_bp}
# What a point of deficit costs when the year closes; at least the ceiling while an overdraft is possible.
penalty_ueur = {penalty_ueur}
# The share of the deficit that is also taken from later allotments.
repay_bp = {repay_bp}

[carry_over]
# The share of the points left that survives the year.
fraction_bp = {fraction_bp}
# The most that survives, as a share of the year's endowment.
cap_bp = {cap_bp}

[band]
# Where the price band starts; the regulator moves it later.
floor_ueur = {floor_ueur}
ceiling_ueur = {ceiling_ueur}
",
        lot_g = market.lot_g,
        tick_ueur = market.tick_ueur,
        spread_ueur = market.spread_ueur,
        collar_bp = market.collar_bp,
        posted_sales = market.posted_sales.name(),
        rationing = market.rationing.name(),
        max_order_g = orders.max_order_g,
        max_open_orders = orders.max_open_orders,
        max_orders_per_day = orders.max_orders_per_day,
        opposite_orders = orders.opposite_orders.name(),
        earned_surplus_only = sale.earned_surplus_only,
        subsistence_bp = sale.subsistence_bp,
        sale_cap_bp = sale.sale_cap_bp,
        resale = sale.resale.name(),
        resale_after_days = sale.resale_after_days,
        holding_margin_bp = purchase.holding_margin_bp,
        purchase_cap_bp = purchase.purchase_cap_bp,
        caps_per = purchase.caps_per.name(),
        overdraft_bp = overdraft.overdraft_bp,
        penalty_ueur = overdraft.penalty_ueur,
        repay_bp = overdraft.repay_bp,
        fraction_bp = carry_over.fraction_bp,
        cap_bp = carry_over.cap_bp,
        floor_ueur = band.floor_ueur,
        ceiling_ueur = band.ceiling_ueur,
    );
    if let Some(tiers) = &rules.tiers {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "
[tiers]
# Volumes that leave the reserve, once a year each, when points are sold at these prices.
price_1_ueur = {}
volume_1_g = {}
price_2_ueur = {}
volume_2_g = {}
",
            tiers.price_1_ueur, tiers.volume_1_g, tiers.price_2_ueur, tiers.volume_2_g
        );
    }
    text
}

/// The whole file: the core's tables, then the allotment and the trajectory.
pub(crate) fn rulebook(rulebook: &Rulebook) -> String {
    let Rulebook { rules, allotment, trajectory } = rulebook;
    format!("{}\n{}\n{}", to_toml(rules), allotment_table(allotment), trajectory_table(trajectory))
}

fn allotment_table(allotment: &Allotment) -> String {
    let schedule = match allotment.schedule() {
        Schedule::Yearly => "\"yearly\"".to_owned(),
        Schedule::Monthly => "\"monthly\"".to_owned(),
        Schedule::Listed(instalments) => {
            let lines: Vec<String> = instalments
                .iter()
                .map(|instalment| {
                    format!("    {{ day = {}, fraction_bp = {} }},\n", instalment.day, instalment.fraction.bp())
                })
                .collect();
            format!("[\n{}]", lines.concat())
        }
    };
    format!(
        "\
[allotment]
# When the year's endowment arrives: yearly | monthly | a list of {{ day, fraction_bp }} that sums to 10000.
schedule = {schedule}
# Below this age a person is a child.
child_age = {child_age}
# A child's share of an adult's endowment.
child_bp = {child_bp}
# Whether what children do not get is shared among all, so that the national envelope stays.
conserve_envelope = {conserve_envelope}
",
        child_age = allotment.child_age(),
        child_bp = allotment.child_bp(),
        conserve_envelope = allotment.conserve_envelope(),
    )
}

fn trajectory_table(trajectory: &Trajectory) -> String {
    format!(
        "\
[trajectory]
# The calendar years of the first endowment and of the last reduction.
first_year = {first_year}
last_year = {last_year}
# One endowment of the first year, in points.
first_endowment_points = {first_endowment_points}
# How much less each year.
rate_bp = {rate_bp}
",
        first_year = trajectory.first_year(),
        last_year = trajectory.last_year(),
        first_endowment_points = trajectory.first_endowment_points(),
        rate_bp = trajectory.rate_bp(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_toml;

    #[test]
    fn what_is_written_reads_the_same() {
        for (table, part) in [
            ("", "posted_sales = \"batched\""),
            ("[tiers]\nprice_1_ueur = 1\nvolume_1_g = 2\nprice_2_ueur = 3\nvolume_2_g = 4", "volume_2_g = 4"),
            ("[allotment]\nschedule = \"monthly\"", "schedule = \"monthly\""),
            (
                "[allotment]\nschedule = [{ day = 0, fraction_bp = 4000 }, { day = 90, fraction_bp = 6000 }]",
                "{ day = 90, fraction_bp = 6000 },",
            ),
        ] {
            let text = format!("version = \"quote \\\" and back\\\\slash\"\n{table}\n");
            let rulebook = Rulebook::from_toml(&text).unwrap();
            let written = rulebook.to_toml();
            assert!(written.contains(part), "{written}");
            assert_eq!(Rulebook::from_toml(&written), Ok(rulebook.clone()));
            assert_eq!(parse_toml(&to_toml(&rulebook.rules)), Ok(rulebook.rules));
        }
    }
}
