//! What a citizen, or an official, can do about a rejection: one sentence per code, with its numbers in human units.

mod english;
mod french;

use carbex_vocabulary::Reject;

use crate::Language;
use crate::numbers::french_spacing;

/// What happened and what to do about it, in whole sentences; `limit` and `actual` appear where the code has numbers.
pub fn sentence(reject: &Reject, language: Language) -> String {
    match language {
        Language::French => french_spacing(&french::sentence(reject)),
        Language::English => english::sentence(reject),
    }
}

/// Which of its reasons an `INVALID_QUANTITY` has, as far as its two numbers tell: the lot, the largest order, or for a
/// refund what was consumed.
enum QuantityProblem {
    /// Zero.
    Zero,
    /// `limit` is a lot, and this is less than one.
    BelowLot,
    /// `limit` is the most: a multiple of a lot would have passed.
    AboveMost,
    /// `limit` is a lot or the most.
    LotOrMost,
}

fn quantity_problem(reject: &Reject) -> QuantityProblem {
    if reject.actual == 0 {
        QuantityProblem::Zero
    } else if reject.actual < reject.limit {
        QuantityProblem::BelowLot
    } else if reject.limit > 0 && reject.actual % reject.limit == 0 {
        QuantityProblem::AboveMost
    } else {
        QuantityProblem::LotOrMost
    }
}

/// How much `actual` is past `limit`, whichever side it is on.
fn excess(reject: &Reject) -> i64 {
    i64::try_from(reject.actual.abs_diff(reject.limit)).unwrap_or(i64::MAX)
}

/// A limit that may have fallen below zero, as what is left for use.
fn usable(limit: i64) -> i64 {
    limit.max(0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use carbex_vocabulary::RejectCode;

    use super::*;
    use crate::title;

    fn said(code: RejectCode, limit: i64, actual: i64) -> [String; 2] {
        let reject = Reject { code, limit, actual };
        [Language::French, Language::English].map(|language| sentence(&reject, language).replace('\u{202f}', " "))
    }

    #[test]
    fn every_code_has_a_title_and_a_sentence_of_its_own_in_both_languages() {
        let mut titles = BTreeSet::new();
        let mut sentences = BTreeSet::new();
        for code in RejectCode::ALL {
            for language in Language::ALL {
                let title = title(*code, *language);
                let text = sentence(&Reject { code: *code, limit: 5000, actual: 7000 }, *language);
                assert!(title.len() > 5, "{code:?}");
                assert!(text.len() > 40 && text.ends_with('.'), "{code:?}: {text}");
                assert!(titles.insert(title), "{code:?}: title used twice: {title}");
                assert!(sentences.insert(text.clone()), "{code:?}: sentence used twice: {text}");
            }
        }
        assert_eq!(titles.len(), 2 * RejectCode::ALL.len());
    }

    #[test]
    fn numbers_stand_in_the_unit_of_their_code() {
        use RejectCode::*;
        for (code, limit, actual, french, english) in [
            (HoldingCap, 11_250_000, 11_251_000, "11 250 points", "11,250 points"),
            (InsufficientFunds, 10_000_000, 12_500_000, "2,50 €", "€2.50"),
            (PurchaseCap, 9_000_000, 9_001_500, "1,5 point", "1.5 points"),
            (InsufficientPoints, 3_000, 4_000, "3 points", "3 points"),
            (NotYetEarned, 120_500, 121_000, "120,5 points", "120.5 points"),
            (SubsistenceFloor, 2_000_000, 1_999_000, "1 point", "1 point"),
            (SaleCap, 4_500_000, 5_000_000, "4 500 points", "4,500 points"),
            (ResaleForbidden, 250_000, 300_000, "250 points", "250 points"),
            (OverdraftLimit, 900_000, 950_000, "50 points", "50 points"),
            (InvalidTick, 10, 85_005, "0,085005 € par point", "€0.085005 per point"),
            (PriceOutOfBand, 500_000, 500_010, "0,50 € par point", "€0.50 per point"),
            (TooManyOpenOrders, 8, 9, "8 ordres", "8 open orders"),
            (OrderRate, 100, 101, "100 ordres", "100 orders"),
            (TreasuryShort, 1_000_000, 2_000_000, "1,00 €", "€1.00"),
            (QuotesCrossed, 80_000, 90_000, "0,09 € par point", "€0.09 per point"),
            (InsufficientReserve, 5_000_000, 6_000_000, "5 000 points", "5,000 points"),
            (CapExceeded, 5_000_000, 6_000_000, "1 000 points", "1,000 points"),
            (InvalidQuantity, 5_000_000, 6_000_000, "6 000 points", "6,000 points"),
            (TableFull, 68_000_000, 68_000_001, "68 000 000", "68,000,000"),
        ] {
            let [in_french, in_english] = said(code, limit, actual);
            assert!(in_french.contains(french), "{in_french}");
            assert!(in_english.contains(english), "{in_english}");
        }
    }

    #[test]
    fn a_price_is_too_low_or_too_high() {
        let [french, english] = said(RejectCode::PriceOutOfBand, 10_000, 9_990);
        assert!(french.contains("au moins 0,01 €") && english.contains("at least €0.01"), "{french} {english}");
        let [french, english] = said(RejectCode::PriceOutOfBand, 500_000, 500_010);
        assert!(french.contains("au plus 0,50 €") && english.contains("at most €0.50"), "{french} {english}");
    }

    #[test]
    fn a_quantity_is_zero_less_than_a_lot_too_large_or_one_of_two() {
        let english = |limit, actual| said(RejectCode::InvalidQuantity, limit, actual)[1].clone();
        assert!(english(5_000_000, 0).contains("zero"));
        assert!(english(1000, 999).contains("smaller than one lot, 1 point"));
        assert!(english(5_000_000, 10_000_000).contains("at most 5,000 points"));
        assert!(english(1000, 1500).contains("whole lots"));
    }

    #[test]
    fn what_is_already_below_zero_is_shown_as_nothing_left() {
        let [french, english] = said(RejectCode::NotYetEarned, -500_000, 1000);
        assert!(french.contains("rien économisé") && english.contains("saved nothing yet"), "{french} {english}");
        assert!(!french.contains('\u{2212}') && !english.contains('\u{2212}'));
    }

    #[test]
    fn the_widest_numbers_are_written_out() {
        for code in RejectCode::ALL {
            for (limit, actual) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (0, i64::MIN), (0, 0)] {
                assert!(!said(*code, limit, actual)[0].is_empty());
            }
        }
    }
}
