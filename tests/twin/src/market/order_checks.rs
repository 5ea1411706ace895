//! What an order must satisfy, in the order of section 5; the first check that fails is the rejection.

use carbex_vocabulary::{
    AccountStatus, CapsPer, DAY_NS, OppositeOrders, Phase, Reject, RejectCode, Resale, Side, TimeInForce,
};

use super::{
    Twin,
    accounts::Account,
    answer::{Outcome, plain, reject, value_ueur},
    orders::Order,
};

/// The two sides of a cap, added up over whom it holds.
struct Cap {
    actual_g: i128,
    limit_g: i128,
}

impl Twin {
    pub(super) fn check_place(&self, order: &Order) -> Outcome {
        self.check_account_and_phase(order)?;
        let named = |other: &&Order| other.account == order.account && other.client_order_id == order.client_order_id;
        if order.client_order_id.is_some() && self.orders.iter().any(|other| named(&other)) {
            return Err(plain(RejectCode::DuplicateClientOrderId));
        }
        self.check_quantity_and_price(order)?;
        let open = self.orders.iter().filter(|other| other.account == order.account).count() as i128;
        let open_max = i128::from(self.rules.orders.max_open_orders);
        if open >= open_max {
            return Err(reject(RejectCode::TooManyOpenOrders, open_max, open + 1));
        }
        self.check_opposite_and_rate(order)?;
        self.check_side(order)?;
        if self.orders.len() >= self.capacities.orders as usize {
            return Err(reject(
                RejectCode::BookFull,
                i128::from(self.capacities.orders),
                self.orders.len() as i128 + 1,
            ));
        }
        Ok(())
    }

    /// As a new order, without the checks on client id and count; what the order held was given back before.
    pub(super) fn check_replacement(&self, order: &Order) -> Outcome {
        self.check_account_and_phase(order)?;
        self.check_quantity_and_price(order)?;
        self.check_opposite_and_rate(order)?;
        self.check_side(order)
    }

    fn check_account_and_phase(&self, order: &Order) -> Outcome {
        let account = self.not_closed(order.account)?;
        match account.status {
            AccountStatus::Frozen => return Err(plain(RejectCode::AccountFrozen)),
            AccountStatus::Active | AccountStatus::Closed => {}
        }
        let collecting = match self.phase {
            Phase::Closed | Phase::Halted => return Err(plain(RejectCode::MarketClosed)),
            Phase::Auction | Phase::AuctionFreeze => true,
            Phase::Posted | Phase::Continuous => false,
        };
        if self.year.is_none() {
            return Err(plain(RejectCode::MarketClosed));
        }
        match order.tif {
            TimeInForce::Ioc | TimeInForce::Fok if collecting => Err(plain(RejectCode::TifNotAllowed)),
            TimeInForce::Ioc | TimeInForce::Fok | TimeInForce::Gtc | TimeInForce::Day => Ok(()),
        }
    }

    fn check_quantity_and_price(&self, order: &Order) -> Outcome {
        self.check_whole_lots(order.quantity_g)?;
        if order.quantity_g == 0 {
            return Err(reject(RejectCode::InvalidQuantity, self.lot_g(), 0));
        }
        let max_g = i128::from(self.rules.orders.max_order_g);
        if order.quantity_g > max_g {
            return Err(reject(RejectCode::InvalidQuantity, max_g, order.quantity_g));
        }
        self.check_price(order.price_ueur)
    }

    /// `INVALID_QUANTITY` unless whole lots (nothing is whole lots).
    pub(super) fn check_whole_lots(&self, quantity_g: i128) -> Outcome {
        if quantity_g % self.lot_g() != 0 {
            return Err(reject(RejectCode::InvalidQuantity, self.lot_g(), quantity_g));
        }
        Ok(())
    }

    /// `INVALID_TICK`, `PRICE_OUT_OF_BAND`.
    pub(super) fn check_price(&self, price_ueur: i128) -> Outcome {
        self.check_tick(price_ueur)?;
        let (floor, ceiling) = (i128::from(self.band.floor_ueur), i128::from(self.band.ceiling_ueur));
        if price_ueur < floor {
            return Err(reject(RejectCode::PriceOutOfBand, floor, price_ueur));
        }
        if price_ueur > ceiling {
            return Err(reject(RejectCode::PriceOutOfBand, ceiling, price_ueur));
        }
        Ok(())
    }

    /// `INVALID_TICK`.
    pub(super) fn check_tick(&self, price_ueur: i128) -> Outcome {
        if price_ueur % self.tick_ueur() != 0 {
            return Err(reject(RejectCode::InvalidTick, self.tick_ueur(), price_ueur));
        }
        Ok(())
    }

    fn check_opposite_and_rate(&self, order: &Order) -> Outcome {
        let opposite = self.orders.iter().any(|other| other.account == order.account && other.side != order.side);
        match self.rules.orders.opposite_orders {
            OppositeOrders::Refused if opposite => return Err(plain(RejectCode::OppositeOrderOpen)),
            OppositeOrders::Refused | OppositeOrders::Allowed => {}
        }
        let account = self.known(order.account)?;
        let count = if account.orders_day == self.day() { i128::from(account.orders_count) } else { 0 };
        let count_max = i128::from(self.rules.orders.max_orders_per_day);
        if count >= count_max {
            return Err(reject(RejectCode::OrderRate, count_max, count + 1));
        }
        Ok(())
    }

    fn check_side(&self, order: &Order) -> Outcome {
        let account = self.known(order.account)?;
        match order.side {
            Side::Sell => self.check_sell(account, order.quantity_g),
            Side::Buy => self.check_buy(account, order.quantity_g, order.price_ueur),
        }
    }

    fn check_sell(&self, account: &Account, quantity_g: i128) -> Outcome {
        let endowment = self.endowment_g(account);
        let free = account.points_g() - account.open_sell_g;
        if quantity_g > free {
            return Err(reject(RejectCode::InsufficientPoints, free, quantity_g));
        }
        if self.rules.sale.earned_surplus_only {
            let earned = self.earned_g(account);
            let surplus = earned - account.consumed_g - account.sold_g - account.open_sell_g;
            if quantity_g > surplus {
                return Err(reject(RejectCode::NotYetEarned, surplus, quantity_g));
            }
        }
        let (numerator, denominator) = self.left(account, endowment * i128::from(self.rules.sale.subsistence_bp));
        let subsistence = ceil_div(numerator, denominator * 10_000);
        if free - quantity_g < subsistence {
            return Err(reject(RejectCode::SubsistenceFloor, subsistence, free - quantity_g));
        }
        let cap = endowment * i128::from(self.rules.sale.sale_cap_bp) / 10_000;
        let after = account.sold_g + account.open_sell_g + quantity_g;
        if after > cap {
            return Err(reject(RejectCode::SaleCap, cap, after));
        }
        let unpurchased = account.allotted_g - account.open_sell_g;
        if !self.resale_is_free(account) && quantity_g > unpurchased {
            return Err(reject(RejectCode::ResaleForbidden, unpurchased, quantity_g));
        }
        Ok(())
    }

    /// `floor(A·(d−o)/(D−o))`; an account opened after the last day has an endowment of 0 and earns nothing.
    fn earned_g(&self, account: &Account) -> i128 {
        let days = self.year.as_ref().map_or(0, |year| year.days);
        if days == account.opened_day {
            return 0;
        }
        self.endowment_g(account) * (self.formula_day() - account.opened_day) / (days - account.opened_day)
    }

    fn resale_is_free(&self, account: &Account) -> bool {
        match self.rules.sale.resale {
            Resale::Allowed => true,
            Resale::Never => false,
            Resale::AfterDays => {
                let wait_ns = i128::from(self.rules.sale.resale_after_days) * i128::from(DAY_NS);
                account.last_purchase_ns.is_none_or(|last| self.now_ns >= last + wait_ns)
            }
        }
    }

    fn check_buy(&self, account: &Account, quantity_g: i128, price_ueur: i128) -> Outcome {
        let value = value_ueur(quantity_g, price_ueur);
        if value > account.free_cash_ueur() {
            return Err(reject(RejectCode::InsufficientFunds, account.free_cash_ueur(), value));
        }
        let over_whom = self.those_who_share_caps_with(account);
        self.check_cap(RejectCode::HoldingCap, self.holding(&over_whom), quantity_g)?;
        self.check_cap(RejectCode::PurchaseCap, self.purchases(&over_whom), quantity_g)
    }

    fn check_cap(&self, code: RejectCode, cap: Cap, quantity_g: i128) -> Result<(), Reject> {
        if cap.actual_g + quantity_g > cap.limit_g {
            return Err(reject(code, cap.limit_g, cap.actual_g + quantity_g));
        }
        Ok(())
    }

    fn those_who_share_caps_with(&self, account: &Account) -> Vec<&Account> {
        match self.rules.purchase.caps_per {
            CapsPer::Household if account.household.number() != 0 => {
                self.accounts.iter().filter(|other| other.household == account.household).collect()
            }
            CapsPer::Household | CapsPer::Account => {
                self.accounts.iter().filter(|other| other.id == account.id).collect()
            }
        }
    }

    fn holding(&self, accounts: &[&Account]) -> Cap {
        let fraction_bp = self.year.as_ref().map_or(0, |year| year.allotted_fraction_bp);
        let margin_bp = i128::from(self.rules.purchase.holding_margin_bp);
        let mut cap = Cap { actual_g: 0, limit_g: 0 };
        for account in accounts {
            let endowment = self.endowment_g(account);
            let to_come = endowment * (10_000 - fraction_bp).max(0) / 10_000;
            let (numerator, denominator) = self.left(account, endowment);
            cap.actual_g += account.points_g() + account.open_buy_g + to_come;
            cap.limit_g += numerator / denominator + endowment * margin_bp / 10_000 + account.obligation_g;
        }
        cap
    }

    fn purchases(&self, accounts: &[&Account]) -> Cap {
        let cap_bp = i128::from(self.rules.purchase.purchase_cap_bp);
        let mut cap = Cap { actual_g: 0, limit_g: 0 };
        for account in accounts {
            cap.actual_g += account.bought_g + account.open_buy_g;
            cap.limit_g += self.endowment_g(account) * cap_bp / 10_000;
        }
        cap
    }
}

fn ceil_div(numerator: i128, denominator: i128) -> i128 {
    (numerator + denominator - 1).div_euclid(denominator)
}
