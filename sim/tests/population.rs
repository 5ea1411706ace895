//! The synthetic population reproduces the French distribution at any scale.

use std::collections::{HashMap, HashSet};

use carbex_sim::population::{AgeClass, Population, SeasonTable};

const SCALES: [u32; 3] = [10_000, 100_000, 1_000_000];
const SEED: u64 = 42;

/// Footprints in tonnes, ascending.
fn sorted_t(population: &Population) -> Vec<f64> {
    let mut tonnes: Vec<f64> = population.residents().iter().map(|person| person.footprint_g as f64 / 1e6).collect();
    tonnes.sort_by(f64::total_cmp);
    tonnes
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn assert_near(what: &str, actual: f64, expected: f64, tolerance: f64) {
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual:.4} is not {expected} ± {tolerance}");
}

#[test]
fn footprints_follow_the_french_distribution_at_any_scale() {
    for scale in SCALES {
        let tonnes = sorted_t(&Population::draw(scale, SEED));
        let count = tonnes.len();
        assert_eq!(count, scale as usize);
        assert_near("mean", mean(&tonnes), 9.0, 0.05);
        assert_near("bottom half", mean(&tonnes[..count / 2]), 5.2, 0.2);
        assert_near("middle 40 %", mean(&tonnes[count / 2..count / 10 * 9]), 9.6, 0.2);
        assert_near("top tenth", mean(&tonnes[count / 10 * 9..]), 25.6, 1.0);
        assert_near("share below 9 t", tonnes.partition_point(|t| *t < 9.0) as f64 / count as f64, 0.67, 0.01);
        let ranked: f64 =
            tonnes.iter().enumerate().map(|(rank, t)| (2.0 * (rank as f64 + 1.0) - count as f64 - 1.0) * t).sum();
        assert_near("Gini", ranked / (count as f64 * tonnes.iter().sum::<f64>()), 0.33, 0.01);
        let tradable: f64 = tonnes.iter().map(|t| (9.0 - t).max(0.0)).sum::<f64>() / tonnes.iter().sum::<f64>();
        assert_near("tradable share", tradable, 0.23, 0.01);
    }
}

#[test]
fn the_same_seed_draws_the_same_people() {
    assert_eq!(Population::draw(5_000, 7), Population::draw(5_000, 7));
    assert_ne!(Population::draw(5_000, 7), Population::draw(5_000, 8));
}

#[test]
fn account_numbers_are_unique_and_not_dense() {
    let population = Population::draw(1_000_000, SEED);
    let numbers: HashSet<u64> = population.residents().iter().map(|person| person.account.number()).collect();
    assert_eq!(numbers.len(), 1_000_000);
    assert!(!numbers.contains(&0));
    assert!(numbers.iter().all(|number| *number < 1 << 48));
    let dense = numbers.iter().filter(|number| numbers.contains(&(**number + 1))).count();
    assert!(dense < 10_000, "{dense} of a million numbers have a neighbour");
}

#[test]
fn households_have_the_french_sizes_and_ages() {
    let population = Population::draw(100_000, SEED);
    let mut sizes: HashMap<u64, usize> = HashMap::new();
    for person in population.residents() {
        *sizes.entry(person.household.number()).or_default() += 1;
    }
    let households = sizes.len() as f64;
    assert_near("mean size", 100_000.0 / households, 2.15, 0.03);
    assert_near("singles", sizes.values().filter(|size| **size == 1).count() as f64 / households, 0.386, 0.01);
    let children = population.residents().iter().filter(|person| person.age == AgeClass::Child).count();
    assert_near("minors", children as f64 / 100_000.0, 14.2 / 68.4, 0.01);
    let by_size = |size: u8| {
        let tonnes: Vec<f64> = population
            .residents()
            .iter()
            .filter(|person| person.household_size == size)
            .map(|person| person.footprint_g as f64)
            .collect();
        mean(&tonnes)
    };
    assert!(by_size(1) > by_size(4) * 1.2, "singles emit more per head than families");
}

#[test]
fn a_year_of_seasons_emits_the_whole_footprint_and_heats_in_winter() {
    for days in [365, 366] {
        let table = SeasonTable::new(days);
        for person in Population::draw(100, SEED).residents() {
            assert_eq!(table.emitted_share(person.season, 0.0), 0.0);
            assert_near("whole year", table.emitted_share(person.season, 1.0), 1.0, 1e-9);
            let mut before = 0.0;
            for week in 0..=52 {
                let now = table.emitted_share(person.season, f64::from(week) / 52.0);
                assert!(now >= before);
                before = now;
            }
        }
        let heats = carbex_sim::population::Season { heating_share: 1.0, flight_share: 0.0 };
        let january = table.emitted_share(heats, 31.0 / f64::from(days));
        let may =
            table.emitted_share(heats, 151.0 / f64::from(days)) - table.emitted_share(heats, 120.0 / f64::from(days));
        assert_near("January against May", january / may, 1.6, 0.01);
    }
}
