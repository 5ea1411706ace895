//! A rule file reads the same from TOML and from JSON, and a missing key has the market specification's default.

use carbex_rulebook::{RuleFile, Rulebook, parse_toml};

/// The market specification's defaults, section 5, one key a line.
const WRITTEN_OUT: &str = r#"
version = "charter-2027"
[market]
lot_g = 1000
tick_ueur = 10
spread_ueur = 0
collar_bp = 0
posted_sales = "batched"
rationing = "equal"
[orders]
max_order_g = 5000000
max_open_orders = 8
max_orders_per_day = 100
opposite_orders = "refused"
[sale]
earned_surplus_only = true
subsistence_bp = 3333
sale_cap_bp = 10000
resale = "never"
resale_after_days = 0
[purchase]
holding_margin_bp = 2500
purchase_cap_bp = 10000
caps_per = "account"
[overdraft]
overdraft_bp = 1000
penalty_ueur = 500000
repay_bp = 10000
[carry_over]
fraction_bp = 0
cap_bp = 0
[band]
floor_ueur = 10000
ceiling_ueur = 500000
"#;

#[test]
fn missing_keys_have_the_specifications_defaults() {
    let version_only = parse_toml("version = \"charter-2027\"").unwrap();
    assert_eq!(parse_toml(WRITTEN_OUT).unwrap(), version_only);
    let empty_tables = "version = \"charter-2027\"\n[market]\n[orders]\n[sale]\n[purchase]\n[overdraft]\n[carry_over]\n[band]\n[allotment]\n[trajectory]\n";
    assert_eq!(parse_toml(empty_tables).unwrap(), version_only);
    assert!(version_only.tiers.is_none());
}

#[test]
fn defaults_of_allotment_and_trajectory_are_the_charters() {
    let rulebook = Rulebook::from_toml("version = \"a\"").unwrap();
    assert_eq!(rulebook.trajectory.endowment_points(2), 7952);
    assert_eq!(rulebook.allotment.instalments(2027).len(), 1);
    assert_eq!(rulebook.allotment.child_bp(), 10_000);
}

#[test]
fn a_rules_object_in_json_reads_as_the_toml_file_does() {
    let json = r#"{"version": "v", "market": {"lot_g": 500, "tick_ueur": 20, "rationing": "pro_rata"},
        "sale": {"earned_surplus_only": false, "resale": "after_days", "resale_after_days": 30},
        "tiers": {"price_1_ueur": 20000, "volume_1_g": 5, "price_2_ueur": 30000, "volume_2_g": 6},
        "allotment": {"schedule": [{"day": 0, "fraction_bp": 10000}]}}"#;
    let toml = r#"
version = "v"
market = { lot_g = 500, tick_ueur = 20, rationing = "pro_rata" }
sale = { earned_surplus_only = false, resale = "after_days", resale_after_days = 30 }
tiers = { price_1_ueur = 20000, volume_1_g = 5, price_2_ueur = 30000, volume_2_g = 6 }
allotment = { schedule = [{ day = 0, fraction_bp = 10000 }] }
"#;
    let file: RuleFile = serde_json::from_str(json).unwrap();
    assert_eq!(file.rulebook().unwrap(), Rulebook::from_toml(toml).unwrap());
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::from_value::<RuleFile>(value).unwrap().validate(), file.validate());
}

#[test]
fn json_that_is_not_a_rules_object_is_refused() {
    for (json, part) in [
        (r#"["charter"]"#, "expected a table of named values"),
        (r#"{"version": "v", "market": [1000, 10]}"#, "expected a table of named values"),
        (r#"{"version": "v", "market": null}"#, "expected a table of named values"),
        (r#"{"version": "v", "tiers": null}"#, "expected a table of named values"),
        (r#"{"version": null}"#, "expected text between quotes"),
        (r#"{"version": "v", "market": {"lot_g": "1000"}}"#, "expected a whole number"),
        (r#"{"version": "v", "market": {"lot_g": 1000.5}}"#, "expected a whole number"),
        (r#"{"version": "v", "market": {"lot_g": 99999999999999999999}}"#, "expected a whole number"),
        (r#"{"version": "v", "market": {"lot_g": 1, "lot_g": 2}}"#, "duplicate field"),
        (r#"{"version": "v", "market": {"lots": 1}}"#, "unknown field `lots`"),
        (r#"{"version": "v", "markets": {}}"#, "unknown field `markets`"),
    ] {
        let problem = serde_json::from_str::<RuleFile>(json).expect_err(json).to_string();
        assert!(problem.contains(part), "{json}: {problem}");
    }
    let contradicting: RuleFile = serde_json::from_str(r#"{"version": "v", "market": {"lot_g": 0}}"#).unwrap();
    assert_eq!(contradicting.validate().unwrap_err().field, "market.lot_g");
    let nameless: RuleFile = serde_json::from_str("{}").unwrap();
    assert_eq!(nameless.validate().unwrap_err().field, "version");
}

#[test]
fn a_cut_or_garbled_file_is_read_or_refused_in_words_and_never_panics() {
    // ASCII, so that every byte is a place to cut.
    let text = WRITTEN_OUT.to_owned() + "[allotment]\nschedule = [{ day = 0, fraction_bp = 10000 }]\n";
    let judge = |text: &str| {
        if let Err(fault) = Rulebook::from_toml(text) {
            assert!(fault.to_string().len() > 10, "{fault}: {text}");
        }
    };
    for at in 0..text.len() {
        judge(&text[..at]);
        for garbage in ["\0", "\"", "]", "-", "9", "\n", "=", "é"] {
            judge(&format!("{}{garbage}{}", &text[..at], &text[at + 1..]));
        }
    }
}
