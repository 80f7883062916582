//! Each way against what can be the matter with a token, as `table.md` has it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::ways::{Token, Way, all, sign};
use super::{Set, outcome, start, with};
use testing::Folder;
use testing::tokens::now;
use testing::vendor::Vendor;

pub(super) const COLUMNS: [&str; 7] = [
    "valid",
    "other client",
    "other issuer",
    "expired",
    "revoked",
    "malformed",
    "down",
];

/// The rows of the table: its first cell, and the others without the marks of their notes.
fn rows() -> Vec<(String, Vec<String>)> {
    let table = include_str!("table.md");
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let mut lines = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells);
    assert_eq!(lines.next().unwrap()[1..], COLUMNS);
    let without_mark = |cell: &String| match cell.split_once(" [") {
        None => cell.clone(),
        Some((cell, mark)) => {
            assert!(table.contains(&format!("\n- [{mark} ")), "no note {mark}");
            cell.to_owned()
        }
    };
    lines
        .skip(1)
        .map(|cells| {
            (
                cells[0].clone(),
                cells[1..].iter().map(without_mark).collect(),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_cell() {
    let mut expected = rows();
    let names: Vec<_> = all().iter().map(|way| way.name).collect();
    let rows: Vec<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(rows, names);

    let mut found = JoinSet::new();
    for (row, way) in all().into_iter().enumerate() {
        found.spawn(async move {
            let mut cells = Vec::new();
            for column in COLUMNS {
                cells.push(cell(&way, column).await);
            }
            (row, cells)
        });
    }
    let mut wrong = BTreeSet::new();
    while let Some(result) = found.join_next().await {
        let (row, cells) = result.unwrap();
        let (name, expected) = &mut expected[row];
        for (column, (cell, expected)) in cells.iter().zip(expected).enumerate() {
            if cell != expected {
                wrong.insert(format!("{name}: {}: {cell}", COLUMNS[column]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What comes of a token of this way with this the matter.
async fn cell(way: &Way, column: &str) -> String {
    match (&way.token, way.vendor) {
        (
            Token::Jwt {
                claims,
                other_client,
                other_issuer,
                by_word,
            },
            vendor,
        ) => {
            let claims = claims();
            let token = match column {
                "other client" => sign(&with(claims, other_client)),
                "other issuer" => sign(&with(claims, &json!({"iss": other_issuer}))),
                "expired" => sign(&with(claims, &json!({"exp": now() - 1}))),
                "malformed" if !by_word => cut(&sign(&claims)),
                _ => sign(&claims),
            };
            match vendor {
                None => by_keys(way, column, &token).await,
                // By its signature first, so that most of what is wrong need not be asked.
                Some(_) if !by_word => {
                    let asked = ["valid", "revoked", "down"].contains(&column);
                    told(way, if asked { column } else { "valid" }, &token, asked).await
                }
                Some(_) => told(way, column, &token, column != "other issuer").await,
            }
        }
        (Token::Opaque(token), _) => {
            let others = if way.name == "github" {
                "ya29.a0NotARealToken"
            } else {
                "gho_NotARealToken"
            };
            if column == "other issuer" {
                told(way, "valid", others, false).await
            } else {
                told(way, column, token, true).await
            }
        }
    }
}

/// By keys alone: the ones in the settings, or those that nobody serves.
async fn by_keys(way: &Way, column: &str, token: &str) -> String {
    let mut provider = way.provider("");
    if column == "down" {
        let nobody = Vendor::nobody().await;
        provider = with(
            provider,
            &json!({"jwks": null, "jwks_uri": format!("{nobody}/keys")}),
        );
    }
    let mut tree = json!({"providers": {"idp": provider}});
    if column == "revoked" {
        tree["revoked"] = json!([revocable(way)]);
    }
    let folder = Folder::new();
    let lambda = start(&folder, tree).await;
    outcome(&lambda, token).await
}

/// The id of the way's token, or of its user where the vendor's tokens have none.
fn revocable(way: &Way) -> Value {
    let Token::Jwt { claims, .. } = &way.token else {
        unreachable!()
    };
    let claims = claims();
    claims.get("jti").unwrap_or(&claims["sub"]).clone()
}

/// With the vendor there, which has to be asked about the token or must not be.
async fn told(way: &Way, column: &str, token: &str, asked: bool) -> String {
    let case = match column {
        // Slack answers as to any client's.
        "other client" if way.name == "slack user token" => "valid".to_owned(),
        "other issuer" => "valid".to_owned(),
        _ => column.replace(' ', "_"),
    };
    let set = Set::start(way, &case).await;
    let outcome = set.outcome(token).await;
    let lines = set.vendor.lines();
    assert_eq!(
        !lines.is_empty(),
        asked,
        "{}: {column}: {lines:?}",
        way.name
    );
    outcome
}

/// A token whose second part is no JSON.
fn cut(token: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.AAAA.{}", parts[0], parts[2])
}
