//! The document, its bytes, its schema, and the contradictions it must not hold.

use super::*;
use crate::sample;
use proptest::prelude::*;
use serde_json::{Value, json};

const SCHEMA_FILE: &str = include_str!("../../../../docs/schemas/checks-v1.schema.json");

/// Whether a value fits a schema. Knows the keywords our schema uses, and panics at any other, so that none is
/// passed over.
fn fits(schema: &Value, value: &Value, root: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$id" | "$defs" | "title" | "description" => true,
        "$ref" => fits(root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value, root),
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "anyOf" => rule.as_array().unwrap().iter().any(|s| fits(s, value, root)),
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            other => panic!("type {other}"),
        },
        "minLength" => value.as_str().is_none_or(|s| s.chars().count() as u64 >= rule.as_u64().unwrap()),
        "pattern" => {
            assert_eq!(rule, "^[0-9a-f]{64}$");
            value.as_str().is_none_or(|s| s.parse::<Digest>().is_ok())
        }
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(rule, item, root))),
        "required" => value
            .as_object()
            .is_none_or(|fields| rule.as_array().unwrap().iter().all(|n| fields.contains_key(n.as_str().unwrap()))),
        "properties" => value
            .as_object()
            .is_none_or(|fields| fields.iter().all(|(name, v)| rule.get(name).is_none_or(|s| fits(s, v, root)))),
        "additionalProperties" => value.as_object().is_none_or(|fields| {
            let named = |name: &str| schema.get("properties").is_some_and(|p| p.get(name).is_some());
            fields.iter().filter(|(name, _)| !named(name)).all(|(_, v)| *rule != json!(false) && fits(rule, v, root))
        }),
        other => panic!("keyword {other}"),
    })
}

#[test]
fn documents_fit_the_schema_and_broken_ones_do_not() {
    let schema: Value = serde_json::from_str(SCHEMA_FILE).unwrap();
    assert_eq!(schema["$id"], SCHEMA);
    let document: Value = serde_json::from_slice(&sample::checks().to_bytes()).unwrap();
    assert!(fits(&schema, &document, &schema));
    let empty = Checks::new(Tool { name: "proofmark".into(), version: "0".into() }, "f", Sandbox::None);
    assert!(fits(&schema, &serde_json::from_slice(&empty.to_bytes()).unwrap(), &schema));

    let broken: &[(&str, Value)] = &[
        ("/schema", json!("https://proofmark.dev/schemas/checks/v2")),
        ("/sandbox", json!("docker")),
        ("/entry", json!(1)),
        ("/options/numeric", json!(64)),
        ("/inputs/0/sha256", json!("00")),
        ("/inputs/0/path", json!(3)),
        ("/tolerances/0/snr_db", json!("very good")),
        ("/tolerances/0/max_abs_error", json!(null)),
        ("/tolerances/0/output", json!(null)),
        ("/checks/0/verdict", json!("ok")),
        ("/checks/0/figures", json!({ "x": [1] })),
        ("/checks/0/supports", json!("a")),
        ("/claims/0/level", json!("perfect")),
        ("/claims/0", json!({ "target": "c" })),
        ("/claims/0/not_shown", json!([1])),
        ("/tools/0", json!({ "name": "a", "version": "1", "more": 0 })),
        ("/not_shown", json!({})),
    ];
    for (place, value) in broken {
        let mut document = document.clone();
        *document.pointer_mut(place).unwrap() = value.clone();
        assert!(!fits(&schema, &document, &schema), "the schema takes {place} {value}");
        assert!(Checks::from_bytes(document.to_string().as_bytes()).is_err(), "the reader takes {place} {value}");
    }
    for field in document.as_object().unwrap().keys() {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove(field);
        assert!(!fits(&schema, &document, &schema) && Checks::from_bytes(document.to_string().as_bytes()).is_err());
    }
}

#[test]
fn bytes_do_not_depend_on_the_order_of_work() {
    let mut shuffled = sample::checks();
    shuffled.checks.reverse();
    shuffled.tools.reverse();
    assert_ne!(shuffled, sample::checks());
    assert_eq!(shuffled.to_bytes(), sample::checks().to_bytes());
    let read = Checks::from_bytes(&shuffled.to_bytes()).unwrap();
    assert_eq!(read.to_bytes(), shuffled.to_bytes());
    let newer = r#"{"schema":"https://proofmark.dev/schemas/checks/v2","anything":1}"#;
    assert!(matches!(Checks::from_bytes(newer.as_bytes()), Err(ChecksError::Schema(_))));
}

#[test]
fn levels_are_ordered() {
    use ClaimLevel::*;
    assert!([None, Built, Tested, Stressed, BitTrue, Proved].is_sorted());
    assert_eq!((json!(BitTrue), BitTrue.to_string()), (json!("bit_true"), "bit_true".to_string()));
}

#[test]
fn contradictions_are_found() {
    let problems = |change: &dyn Fn(&mut Checks)| {
        let mut checks = sample::checks();
        change(&mut checks);
        checks.problems().join("\n")
    };
    let fail = |id: &str| Check::new(id, "title", Verdict::Fail, "reason");
    assert_eq!(problems(&|_| ()), "");
    assert_eq!(
        problems(&|c| c.checks.push(fail("c.asan").target("c"))),
        "target c is claimed tested but check c.asan failed"
    );
    assert_eq!(problems(&|c| c.checks.push(fail("oracle"))), "target c is claimed tested but check oracle failed");
    // Another target's failure does not touch this one, nor a failure where nothing is claimed.
    assert_eq!(problems(&|c| c.checks.push(fail("rust.build").target("rust"))), "");
    let withheld = |c: &mut Checks| {
        c.checks.push(fail("c.asan").target("c"));
        c.claims[0].level = ClaimLevel::None;
    };
    assert_eq!(problems(&withheld), "");
    assert_eq!(problems(&|c| c.checks.clear()), "target c is claimed tested but no check of it passed");
    assert_eq!(problems(&|c| c.tolerances.clear()), "target c is claimed tested but no output of it was compared");
    for (error, shown) in [(2e-15, "0.000000000000002"), (f64::NAN, "nan"), (f64::INFINITY, "inf"), (-1.0, "-1")] {
        assert_eq!(
            problems(&|c| c.tolerances[0].max_abs_error = error.into()),
            format!("target c is claimed tested but output y is off by {shown}, not within 0.000000000000001")
        );
    }
    for tolerance in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(
            problems(&|c| c.tolerances[0].tolerance_abs = tolerance.into())
                .contains("output y is off by 0, not within")
        );
    }
    assert!(problems(&|c| c.claims[0].level = ClaimLevel::Stressed).contains("without the figure mutation_score"));
    assert!(problems(&|c| c.claims[0].level = ClaimLevel::Proved).contains("without the figure property"));
    assert!(problems(&|c| c.checks[2].reason.clear()).contains("c.eva is Skipped without a reason"));
    assert!(problems(&|c| c.checks.push(c.checks[0].clone())).contains("check c.vectors stands there twice"));
    assert!(problems(&|c| c.claims.push(c.claims[0].clone())).contains("claim of target c stands there twice"));
    assert!(problems(&|c| c.checks[0].id.clear()).contains("check without a name"));
}

proptest! {
    #[test]
    fn figures_survive_json(bits: u64, text in ".{0,8}") {
        for figure in [Figure::from(f64::from_bits(bits)), Figure::from(text)] {
            let back: Figure = serde_json::from_str(&serde_json::to_string(&figure).unwrap()).unwrap();
            if let (Figure::Number(a), Figure::Number(b)) = (&figure, &back) {
                prop_assert!(a.0.to_bits() == b.0.to_bits() || a.0.is_nan() && b.0.is_nan());
            }
            let number = matches!(&figure, Figure::Text(t) if ["nan", "inf", "-inf"].contains(&t.as_str()));
            prop_assert!(number || back == figure);
        }
    }
}
