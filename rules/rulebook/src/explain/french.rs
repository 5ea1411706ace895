//! Les règles en français: the same sheet as the English one, line by line.

use carbex_rules::{
    BandRules, CarryOverRules, MarketRules, OrderRules, OverdraftRules, PurchaseRules, SaleRules, TierRules,
};
use carbex_vocabulary::{CapsPer, OppositeOrders, PostedSales, QuantityG, Rationing, Resale};

use super::{Sheet, signed};
use crate::{Allotment, Language, Rulebook, Schedule, Trajectory, numbers};

fn points(quantity_g: u64) -> String {
    numbers::points(signed(quantity_g), Language::French)
}

/// A price per point, and per tonne, as people know it from carbon markets.
fn price(price_ueur: u64) -> String {
    format!(
        "{} ({})",
        numbers::price(signed(price_ueur), Language::French),
        numbers::price_per_tonne(signed(price_ueur), Language::French)
    )
}

fn percent(share_bp: u32) -> String {
    numbers::percent(share_bp, Language::French)
}

fn count(number: u32) -> String {
    numbers::count(u64::from(number), Language::French)
}

pub(super) fn explain(rulebook: &Rulebook) -> String {
    let Rulebook { rules, allotment, trajectory } = rulebook;
    let mut sheet = Sheet::new(&format!("Les règles « {} »", rules.version.as_str()));
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
    sheet.heading("Le budget de l’année");
    let endowment = |year| points(trajectory.endowment(year).map_or(0, QuantityG::g));
    sheet.line(&format!(
        "Une dotation vaut {} en {first}. Un point est un kilogramme d’équivalent CO2.",
        endowment(first)
    ));
    sheet.line(&format!(
        "Chaque année elle baisse de {}, jusqu’en {last} : {} en {last}. Ensuite elle ne change plus.",
        percent(trajectory.rate_bp()),
        endowment(last)
    ));
}

fn arrival(sheet: &mut Sheet, allotment: &Allotment) {
    sheet.line(&match allotment.schedule() {
        Schedule::Yearly => "Elle arrive en entier, le premier jour de l’année budgétaire.".to_owned(),
        Schedule::Monthly => "Elle arrive en douze parts égales, le premier de chaque mois.".to_owned(),
        Schedule::Listed(instalments) => {
            let parts: Vec<String> = instalments
                .iter()
                .map(|instalment| {
                    format!("{} le jour {}", percent(instalment.fraction.bp()), count(instalment.day + 1))
                })
                .collect();
            format!("Elle arrive en plusieurs versements : {}.", parts.join(", "))
        }
    });
    let age = count(allotment.child_age());
    sheet.line(&match allotment.child_bp() {
        0 => format!("Avant l’âge de {age} ans, on n’a pas de dotation."),
        10_000 => format!("Chacun reçoit la même, y compris les enfants de moins de {age} ans."),
        share_bp => format!("Avant l’âge de {age} ans, on reçoit {} de la part d’un adulte.", percent(share_bp)),
    });
    sheet.line(if allotment.conserve_envelope() {
        "Ce que les enfants ne reçoivent pas est partagé entre tous : l’enveloppe nationale est d’une dotation par habitant."
    } else {
        "Un adulte reçoit une dotation, quoi que reçoivent les enfants."
    });
}

fn market(sheet: &mut Sheet, market: &MarketRules, band: &BandRules, tiers: Option<&TierRules>) {
    let MarketRules { lot_g, tick_ueur, spread_ueur, collar_bp, posted_sales, rationing } = *market;
    sheet.heading("La bourse");
    sheet.line("Le régulateur est la contrepartie de chaque échange : les citoyens n’échangent jamais entre eux.");
    sheet.line(&format!(
        "Les points s’échangent par lots entiers de {}, à des prix par pas de {}.",
        points(lot_g),
        price(tick_ueur)
    ));
    sheet.line(&format!(
        "Les prix commencent entre {} et {} ; le régulateur peut déplacer ces bornes.",
        price(band.floor_ueur),
        price(band.ceiling_ueur)
    ));
    sheet.line(match posted_sales {
        PostedSales::Batched => {
            "Quand le régulateur vend à prix affiché, les acheteurs attendent et se partagent ce qui est en vente, à un \
             même prix : être le premier ne rapporte rien."
        }
        PostedSales::Immediate => "Quand le régulateur vend à prix affiché, les acheteurs sont servis à leur arrivée.",
    });
    sheet.line(match rationing {
        Rationing::Equal => {
            "Quand il n’y en a pas assez pour tous, chacun reçoit autant, jusqu’à ce qu’il a demandé : demander plus ne \
             rapporte rien."
        }
        Rationing::ProRata => {
            "Quand il n’y en a pas assez pour tous, chacun reçoit la même proportion de ce qu’il a demandé."
        }
        Rationing::Time => "Quand il n’y en a pas assez pour tous, les ordres les plus anciens sont servis d’abord.",
    });
    sheet.line(&match spread_ueur {
        0 => "Quand les ordres de citoyens se croisent en continu, la trésorerie ne garde rien.".to_owned(),
        1.. => {
            format!("Quand les ordres de citoyens se croisent en continu, la trésorerie garde {}.", price(spread_ueur))
        }
    });
    sheet.line(&match collar_bp {
        0 => "En continu, aucun échange n’est arrêté parce que son prix est loin de la référence.".to_owned(),
        1.. => format!("En continu, un échange à plus de {} du prix de référence n’a pas lieu.", percent(collar_bp)),
    });
    sheet.line(&match tiers {
        None => "Aucun volume ne sort de lui-même de la réserve quand les prix montent.".to_owned(),
        Some(TierRules { price_1_ueur, volume_1_g, price_2_ueur, volume_2_g }) => format!(
            "Quand des points se vendent à {} ou plus, {} sortent de la réserve et sont mis en vente ; à {} ou plus, {}. Une \
             fois par an chacun.",
            price(*price_1_ueur),
            points(*volume_1_g),
            price(*price_2_ueur),
            points(*volume_2_g)
        ),
    });
}

fn orders(sheet: &mut Sheet, orders: &OrderRules) {
    let OrderRules { max_order_g, max_open_orders, max_orders_per_day, opposite_orders } = *orders;
    sheet.heading("Vos ordres");
    sheet.line(&format!("Un ordre porte sur {} au plus.", points(max_order_g)));
    sheet.line(&format!(
        "Vous pouvez avoir {} ordres ouverts à la fois, et en passer ou modifier {} par jour.",
        count(max_open_orders),
        count(max_orders_per_day)
    ));
    sheet.line(match opposite_orders {
        OppositeOrders::Refused => "Vous ne pouvez pas avoir des ventes et des achats ouverts en même temps.",
        OppositeOrders::Allowed => "Vous pouvez avoir des ventes et des achats ouverts en même temps.",
    });
}

fn sale(sheet: &mut Sheet, sale: &SaleRules) {
    let SaleRules { earned_surplus_only, subsistence_bp, sale_cap_bp, resale, resale_after_days } = *sale;
    sheet.heading("Quand vous vendez");
    sheet.line(if earned_surplus_only {
        "Vous pouvez vendre ce que vous avez économisé à ce jour : votre dotation des jours passés, moins ce que vous avez \
         consommé et vendu."
    } else {
        "Vous pouvez vendre des points avant de les avoir économisés."
    });
    sheet.line(&match subsistence_bp {
        0 => "Rien n’est à garder pour vivre.".to_owned(),
        1.. => {
            format!("Vous gardez au moins {} de votre dotation des jours à venir, pour vivre.", percent(subsistence_bp))
        }
    });
    sheet.line(&format!("En un an vous pouvez vendre au plus {} de votre dotation.", percent(sale_cap_bp)));
    let days = count(resale_after_days);
    let idle = match resale_after_days {
        0 => String::new(),
        1.. => format!(" (Le délai de {days} jours écrit dans les règles est sans effet.)"),
    };
    sheet.line(&match resale {
        Resale::Never => format!("Les points achetés ne se revendent pas.{idle}"),
        Resale::Allowed => format!("Les points achetés se revendent à tout moment.{idle}"),
        Resale::AfterDays => format!("Les points achetés se revendent {days} jours après votre dernier achat."),
    });
}

fn purchase(sheet: &mut Sheet, purchase: &PurchaseRules) {
    let PurchaseRules { holding_margin_bp, purchase_cap_bp, caps_per } = *purchase;
    sheet.heading("Quand vous achetez");
    sheet.line(&format!(
        "Vous pouvez détenir votre dotation des jours à venir, plus {} d’une dotation d’un an, plus ce que vous avez déjà à \
         payer.",
        percent(holding_margin_bp)
    ));
    sheet.line(&format!("En un an vous pouvez acheter au plus {} de votre dotation.", percent(purchase_cap_bp)));
    sheet.line(match caps_per {
        CapsPer::Account => "Ces deux limites valent pour chaque compte seul.",
        CapsPer::Household => "Ces deux limites s’additionnent sur tous les comptes d’un foyer.",
    });
}

fn overdraft(sheet: &mut Sheet, overdraft: &OverdraftRules) {
    let OverdraftRules { overdraft_bp, penalty_ueur, repay_bp } = *overdraft;
    sheet.heading("Quand les points manquent");
    sheet.line(&match overdraft_bp {
        0 => "Aucun paiement ne peut mettre votre compte au-dessous de zéro.".to_owned(),
        1.. => format!(
            "Un paiement peut mettre votre compte au-dessous de zéro, de {} de votre dotation au plus.",
            percent(overdraft_bp)
        ),
    });
    sheet.line(&format!("À la fin de l’année, ce qui manque coûte {}.", price(penalty_ueur)));
    sheet.line(&match repay_bp {
        0 => "Rien n’en est repris sur les dotations suivantes.".to_owned(),
        1.. => format!("{} de ce qui manque est aussi repris sur les dotations suivantes.", percent(repay_bp)),
    });
}

fn carry_over(sheet: &mut Sheet, carry_over: &CarryOverRules) {
    let CarryOverRules { fraction_bp, cap_bp } = *carry_over;
    sheet.heading("À la fin de l’année");
    sheet.line(&format!(
        "{} des points de dotation qui restent sont reportés, au plus {} de votre dotation ; ce qui a été acheté ne l’est pas.",
        percent(fraction_bp),
        percent(cap_bp)
    ));
    sheet.line(if fraction_bp == 0 || cap_bp == 0 {
        "Rien n’est donc reporté : tous les points qui restent expirent."
    } else {
        "Tous les autres points qui restent expirent."
    });
}
