//! What must hold of any exchange after every command: conservation, and reservations that match the book.

use carbex_vocabulary::Side;

use crate::Exchange;

/// Points and euros are conserved, nothing public is below zero, and what is open equals the open orders.
pub(super) fn check(exchange: &impl Exchange) -> Result<(), String> {
    let fields = exchange.fields();
    let public = exchange.public_as_settled();
    let (mut points, mut cash, mut open_orders) = (0, 0, 0);
    for (id, account) in exchange.accounts() {
        points += i128::from(account.allotted_g) + i128::from(account.purchased_g);
        cash += i128::from(account.cash_ueur);
        let (mut sell, mut buy, mut reserved) = (0, 0, 0);
        for order in exchange.orders_of(id) {
            open_orders += 1;
            let quantity = i128::from(order.quantity_g);
            match order.side {
                Side::Sell => sell += quantity,
                Side::Buy => {
                    buy += quantity;
                    reserved += quantity * i128::from(order.price_ueur) / 1000;
                }
            }
        }
        let open = (account.open_sell_g.into(), account.open_buy_g.into(), account.cash_reserved_ueur.into());
        if open != (sell, buy, reserved) {
            return Err(format!(
                "account {id}: open orders add up to {:?}, its fields say {open:?}",
                (sell, buy, reserved)
            ));
        }
        if account.purchased_g < 0 || account.cash_ueur < account.cash_reserved_ueur {
            return Err(format!("account {id} has sold or spent what it does not have: {account:?}"));
        }
        if sell > 0 && i128::from(account.allotted_g) + i128::from(account.purchased_g) < sell {
            return Err(format!("account {id} offers points that are gone: {account:?}"));
        }
    }
    if open_orders != fields.open_orders {
        return Err(format!("the book counts {} orders, the accounts {open_orders}", fields.open_orders));
    }
    let held = [
        public.inventory_g,
        public.reserve_g,
        public.retired_g,
        public.expired_g,
        public.deficit_g,
        public.in_settlement_g,
    ];
    let all_points = points + held.iter().map(|&grams| i128::from(grams)).sum::<i128>();
    if all_points != i128::from(public.issued_g) {
        return Err(format!("points are not conserved: {all_points} held, {} issued", public.issued_g));
    }
    let all_money = cash + i128::from(public.treasury_ueur);
    if all_money != i128::from(public.deposited_ueur) - i128::from(public.withdrawn_ueur) {
        return Err(format!("euros are not conserved: {all_money} held, {public:?}"));
    }
    if public.inventory_g < 0 || public.reserve_g < 0 || public.treasury_ueur < 0 {
        return Err(format!("a public account is below zero: {public:?}"));
    }
    Ok(())
}
