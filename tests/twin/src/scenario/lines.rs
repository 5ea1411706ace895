//! The words of a scenario line, read as a command.

use carbex_core::{Capacities, Command};
use carbex_vocabulary::{
    AccountId, AmountUeur, BasisPoints, ClientOrderId, DAY_NS, DebitMode, HouseholdId, Phase, PriceUeur, QuantityG,
    Side, TimeInForce,
};

use super::{Names, numbers::parse_unsigned};

fn points(text: &str) -> Result<QuantityG, String> {
    parse_unsigned(text, 3).map(QuantityG::new)
}

fn price(text: &str) -> Result<PriceUeur, String> {
    parse_unsigned(text, 6).map(PriceUeur::new)
}

fn euros(text: &str) -> Result<AmountUeur, String> {
    parse_unsigned(text, 6).map(AmountUeur::new)
}

fn whole(text: &str) -> Result<u64, String> {
    parse_unsigned(text, 0)
}

fn basis_points(text: &str) -> Result<BasisPoints, String> {
    text.parse().map(BasisPoints::new).map_err(|_| format!("{text} is not a share in basis points"))
}

/// `key=value` words by key; an unknown key is an error.
struct Options<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Options<'a> {
    fn read(words: &[&'a str], keys: &[&str]) -> Result<Self, String> {
        let mut options = Vec::new();
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("{word} is not key=value"))?;
            if !keys.contains(&key) {
                return Err(format!("{key} is not one of {keys:?}"));
            }
            options.push((key, value));
        }
        Ok(Self(options))
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|option| option.0 == key).map(|option| option.1)
    }
}

/// `capacity accounts=3 orders=2 slice=1`
pub(super) fn capacity(words: &[&str], capacities: &mut Capacities) -> Result<(), String> {
    let options = Options::read(words, &["accounts", "orders", "slice"])?;
    let number = |text: &str| text.parse().map_err(|_| format!("{text} is not a number"));
    if let Some(accounts) = options.get("accounts") {
        capacities.accounts = number(accounts)?;
    }
    if let Some(orders) = options.get("orders") {
        capacities.orders = number(orders)?;
    }
    if let Some(slice) = options.get("slice") {
        capacities.slice_accounts = number(slice)?;
    }
    Ok(())
}

/// Nanoseconds of that many days.
pub(super) fn days(text: &str) -> Result<u64, String> {
    whole(text).map(|days| days * DAY_NS)
}

/// `59s`, `24h`, `1ns`, `3d`
pub(super) fn span_ns(text: &str) -> Result<u64, String> {
    for (unit, unit_ns) in [("ns", 1), ("s", 1_000_000_000), ("h", DAY_NS / 24), ("d", DAY_NS)] {
        if let Some(number) = text.strip_suffix(unit) {
            return whole(number).map(|number| number * unit_ns);
        }
    }
    Err(format!("{text} is no span of time: ns, s, h or d"))
}

/// `account A share=10000 household=0 cash=1000.00 allotted=9000`: opens it, then brings in money and points.
pub(super) fn account(words: &[&str], names: &mut Names) -> Result<Vec<Command>, String> {
    let [_, name, rest @ ..] = words else { return Err("account NAME …".to_owned()) };
    let options = Options::read(rest, &["share", "household", "cash", "allotted"])?;
    let account = names.account(name);
    let share = options.get("share").map_or(Ok(BasisPoints::new(10_000)), basis_points)?;
    let household = options.get("household").map_or(Ok(0), whole)?;
    let mut commands = vec![Command::OpenAccount { account, share, household: HouseholdId::new(household) }];
    if let Some(cash) = options.get("cash") {
        commands.push(Command::Deposit { account, amount: euros(cash)? });
    }
    if let Some(allotted) = options.get("allotted") {
        commands.push(Command::Allot { account, quantity: points(allotted)? });
    }
    Ok(commands)
}

/// Any other command; an order may be given a name with `as`.
pub(super) fn command(words: &[&str], names: &mut Names) -> Result<(Command, Option<String>), String> {
    let command = match words {
        ["sell", rest @ ..] => return order(Side::Sell, rest, names),
        ["buy", rest @ ..] => return order(Side::Buy, rest, names),
        ["cancel", account, order] => Command::Cancel { account: names.account(account), order: names.order(order)? },
        ["replace", account, order, quantity, "@", at] => Command::Replace {
            account: names.account(account),
            order: names.order(order)?,
            quantity: points(quantity)?,
            price: price(at)?,
        },
        ["allot_all", fraction] => Command::AllotAll { fraction: basis_points(fraction)? },
        ["allot", account, quantity] => Command::Allot { account: names.account(account), quantity: points(quantity)? },
        ["debit", account, quantity] => debit(names.account(account), quantity, DebitMode::Authorise)?,
        ["debit", account, quantity, "record"] => debit(names.account(account), quantity, DebitMode::Record)?,
        ["refund", account, quantity] => {
            Command::Refund { account: names.account(account), quantity: points(quantity)? }
        }
        ["deposit", account, amount] => Command::Deposit { account: names.account(account), amount: euros(amount)? },
        ["withdraw", account, amount] => Command::Withdraw { account: names.account(account), amount: euros(amount)? },
        ["close", account] => Command::CloseAccount { account: names.account(account) },
        ["freeze", account] => Command::Freeze { account: names.account(account) },
        ["unfreeze", account] => Command::Unfreeze { account: names.account(account) },
        ["share", account, share] => Command::SetShare { account: names.account(account), share: basis_points(share)? },
        ["household", account, household] => {
            Command::SetHousehold { account: names.account(account), household: HouseholdId::new(whole(household)?) }
        }
        ["obligation", account, quantity] => {
            Command::SetObligation { account: names.account(account), quantity: points(quantity)? }
        }
        _ => return regulator(words).map(|command| (command, None)),
    };
    Ok((command, None))
}

fn debit(account: AccountId, quantity: &str, mode: DebitMode) -> Result<Command, String> {
    Ok(Command::Debit { account, quantity: points(quantity)?, mode })
}

/// `A 120 @ 0.085 fok name=7 as s1`
fn order(side: Side, words: &[&str], names: &mut Names) -> Result<(Command, Option<String>), String> {
    let [account, quantity, "@", at, rest @ ..] = words else {
        return Err("an order reads: sell NAME QUANTITY @ PRICE [tif] [name=N] [as LABEL]".to_owned());
    };
    let (mut tif, mut client_order_id, mut label) = (TimeInForce::Gtc, None, None);
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match word.strip_prefix("name=") {
            Some(number) => client_order_id = Some(ClientOrderId::new(whole(number)?)),
            None if *word == "as" => label = rest.next().map(|name| (*name).to_owned()),
            None => tif = TimeInForce::from_name(word).ok_or_else(|| format!("{word} is no time in force"))?,
        }
    }
    let account = names.account(account);
    let command =
        Command::Place { account, client_order_id, side, quantity: points(quantity)?, price: price(at)?, tif };
    Ok((command, label))
}

fn regulator(words: &[&str]) -> Result<Command, String> {
    Ok(match words {
        ["year", year, rest @ ..] => {
            let options = Options::read(rest, &["endowment", "reserve", "cap"])?;
            Command::OpenPeriod {
                year: u32::try_from(whole(year)?).map_err(|_| format!("{year} is no year"))?,
                endowment: points(options.get("endowment").ok_or("a year has an endowment")?)?,
                reserve: options.get("reserve").map_or(Ok(QuantityG::ZERO), points)?,
                cap: options.get("cap").map(points).transpose()?,
            }
        }
        ["close_year"] => Command::ClosePeriod,
        ["phase", phase] => {
            Command::SetPhase { phase: Phase::from_name(phase).ok_or_else(|| format!("{phase} is no phase"))? }
        }
        ["band", floor, "..", ceiling] => Command::SetBand { floor: price(floor)?, ceiling: price(ceiling)? },
        ["buyback", at, rest @ ..] => {
            let options = Options::read(rest, &["volume", "budget"])?;
            Command::SetBuyback {
                price: price(at)?,
                volume: points(options.get("volume").ok_or("a quote has a volume")?)?,
                budget: euros(options.get("budget").ok_or("a buyback has a budget")?)?,
            }
        }
        ["sale", at, rest @ ..] => {
            let options = Options::read(rest, &["volume"])?;
            let volume = points(options.get("volume").ok_or("a quote has a volume")?)?;
            Command::SetSale { price: price(at)?, volume }
        }
        ["fund", amount] => Command::FundTreasury { amount: euros(amount)? },
        ["draw", amount] => Command::DrawTreasury { amount: euros(amount)? },
        ["release", quantity] => Command::ReleaseReserve { quantity: points(quantity)? },
        ["uncross"] => Command::Uncross,
        ["distribute"] => Command::Distribute,
        ["tick"] => Command::Tick,
        _ => return Err("not a command of scenarios".to_owned()),
    })
}
