//! An order as it is asked, singly or in a batch: texts borrowed from the request, read into what the market counts in.

use std::borrow::Cow;

use carbex_core::Command;
use carbex_vocabulary::{AccountId, ClientOrderId, PriceUeur, QuantityG, Side, TimeInForce};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use crate::{
    decimal::{self, DecimalFault},
    problem::DoorRefusal,
};

/// A text of the request, borrowed unless it has escapes (serde borrows no `Cow` inside an `Option`).
#[derive(Clone, Debug)]
pub struct Text<'a>(Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

/// A single order's body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest<'a> {
    #[serde(borrow)]
    side: Text<'a>,
    #[serde(borrow)]
    quantity: Text<'a>,
    #[serde(borrow)]
    price: Text<'a>,
    #[serde(borrow, default)]
    tif: Option<Text<'a>>,
    #[serde(borrow, default)]
    client_order_id: Option<Text<'a>>,
}

/// A batch's line: the same with its account and its key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLine<'a> {
    /// Whose order; a citizen may leave it out.
    #[serde(borrow, default)]
    pub account: Option<Text<'a>>,
    /// The line's own key.
    #[serde(borrow, default)]
    pub idempotency_key: Option<Text<'a>>,
    #[serde(borrow)]
    side: Text<'a>,
    #[serde(borrow)]
    quantity: Text<'a>,
    #[serde(borrow)]
    price: Text<'a>,
    #[serde(borrow, default)]
    tif: Option<Text<'a>>,
    #[serde(borrow, default)]
    client_order_id: Option<Text<'a>>,
}

/// An order in the market's units.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Sell or buy.
    pub side: Side,
    /// How much.
    pub quantity: QuantityG,
    /// The limit.
    pub price: PriceUeur,
    /// How long it stays.
    pub tif: TimeInForce,
    /// The citizen's own number.
    pub client_order_id: Option<ClientOrderId>,
}

impl OrderRequest<'_> {
    /// What is asked.
    pub fn read(&self) -> Result<Asked, DoorRefusal> {
        read(&self.side, &self.quantity, &self.price, self.tif.as_deref(), self.client_order_id.as_deref())
    }
}

impl OrderLine<'_> {
    /// What is asked.
    pub fn read(&self) -> Result<Asked, DoorRefusal> {
        read(&self.side, &self.quantity, &self.price, self.tif.as_deref(), self.client_order_id.as_deref())
    }
}

impl Asked {
    /// The command that enters it for `account`.
    pub const fn command(self, account: AccountId) -> Command {
        let Self { side, quantity, price, tif, client_order_id } = self;
        Command::Place { account, client_order_id, side, quantity, price, tif }
    }
}

fn read(
    side: &str,
    quantity: &str,
    price: &str,
    tif: Option<&str>,
    client_order_id: Option<&str>,
) -> Result<Asked, DoorRefusal> {
    Ok(Asked {
        side: Side::from_name(side)
            .ok_or(DoorRefusal::InvalidField { field: "side", expected: "\"sell\", \"buy\"" })?,
        quantity: decimal::points_from(quantity).map_err(|fault| of_field("quantity", fault))?,
        price: decimal::price_from(price).map_err(|fault| of_field("price", fault))?,
        tif: match tif {
            None => TimeInForce::Gtc,
            Some(name) => TimeInForce::from_name(name)
                .ok_or(DoorRefusal::InvalidField { field: "tif", expected: "\"gtc\", \"day\", \"ioc\", \"fok\"" })?,
        },
        client_order_id: match client_order_id {
            None => None,
            Some(text) => Some(whole_number(text).map(ClientOrderId::new).ok_or(DoorRefusal::InvalidField {
                field: "client_order_id",
                expected: "\"0\" … \"18446744073709551615\"",
            })?),
        },
    })
}

fn of_field(field: &'static str, fault: DecimalFault) -> DoorRefusal {
    match fault {
        DecimalFault::NotADecimal => DoorRefusal::InvalidDecimal { field },
        DecimalFault::TooManyDecimals { allowed } => DoorRefusal::TooManyDecimals { field, allowed },
        DecimalFault::TooLarge => DoorRefusal::NumberTooLarge { field },
    }
}

/// Digits only: Rust's own reader would also take a sign.
pub fn whole_number(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
