//! What a trade moves: every trade is between one citizen and the regulator, through the available volume and the
//! treasury. A crossing of two citizens is two of them; what stays in the treasury is the spread.

use carbex_vocabulary::{Event, OrderId, Side};

use super::{
    Twin,
    answer::{amount, price, quantity, value_ueur},
};

impl Twin {
    /// One citizen's leg: `quantity_g` of the order at `price_ueur`.
    pub(super) fn trade(&mut self, id: OrderId, quantity_g: i128, price_ueur: i128) {
        let order = self.order(id).expect("an open order trades");
        let value = value_ueur(quantity_g, price_ueur);
        let now_ns = self.now_ns;
        self.lessen(id, quantity_g);
        let account = self.account_mut(order.account);
        match order.side {
            Side::Sell => {
                let from_allotted = quantity_g.min(account.allotted_g.max(0));
                account.allotted_g -= from_allotted;
                account.purchased_g -= quantity_g - from_allotted;
                account.sold_g += quantity_g;
                account.cash_ueur += value;
                self.public.inventory_g += quantity_g;
                self.public.treasury_ueur -= value;
            }
            Side::Buy => {
                account.purchased_g += quantity_g;
                account.bought_g += quantity_g;
                account.cash_ueur -= value;
                account.last_purchase_ns = Some(now_ns);
                self.public.inventory_g -= quantity_g;
                self.public.treasury_ueur += value;
            }
        }
        self.answer.trades.push(Event::Trade {
            account: order.account,
            order: id,
            side: order.side,
            quantity: quantity(quantity_g),
            price: price(price_ueur),
            value: amount(value),
        });
    }
}
