//! What is said of a token in two places, put together.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::path::EACH;
use super::{is_true, name_of, only};
use crate::error::Denial;

/// Adds what is said later to what is known, which stays as it is.
///
/// # Errors
///
/// [`Denial::SubjectMismatch`] when the two speak of different subjects.
pub fn merge(known: &mut Map<String, Value>, more: Map<String, Value>) -> Result<(), Denial> {
    // A subject without a name is none; one of another type is like itself alone.
    let subject = |value| {
        let subject = name_of(value).ok_or(value);
        (!matches!(&subject, Ok(name) if name.is_empty()))
            .then(|| subject.map(Cow::into_owned).map_err(Value::clone))
    };
    let ours = known.get("sub").map(only).and_then(subject);
    let both = ours.zip(more.get("sub").and_then(subject));
    if both.is_some_and(|(ours, theirs)| ours != theirs) {
        return Err(Denial::SubjectMismatch);
    }
    // What marks one address as verified says nothing of another. What marks one as not verified stays.
    let is_good = |mark: &Value| is_true(only(mark));
    let mut of_another_address = false;
    if known.get("email").map(only) != more.get("email").map(only) {
        of_another_address = known.contains_key("email");
        if !of_another_address && known.get("email_verified").is_some_and(is_good) {
            known.remove("email_verified");
        }
    }
    for (name, value) in more {
        // A name that is written like a path would win over the path into what is known.
        let mut starts = name.match_indices('.');
        let hides_path = name.contains(EACH)
            || starts.any(|(end, _)| {
                name.get(..end)
                    .is_some_and(|start| known.contains_key(start))
            });
        let is_foreign_mark = of_another_address && name == "email_verified" && is_good(&value);
        if !hides_path && !is_foreign_mark {
            known.entry(name).or_insert(value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::merge;
    use crate::error::Denial;

    fn merged(known: Value, more: Value) -> Result<Value, Denial> {
        let object = |value| match value {
            Value::Object(object) => object,
            _ => Map::new(),
        };
        let mut known = object(known);
        merge(&mut known, object(more)).map(|()| Value::Object(known))
    }

    #[test]
    fn what_is_known_stays() {
        assert_eq!(
            merged(
                json!({"sub": "1", "a": 1}),
                json!({"sub": "1", "a": 2, "b": 3})
            ),
            Ok(json!({"sub": "1", "a": 1, "b": 3}))
        );
        assert_eq!(
            merged(json!({"sub": "1"}), json!({"sub": "2"})),
            Err(Denial::SubjectMismatch)
        );
        assert_eq!(
            merged(json!({}), json!({"sub": "2"})),
            Ok(json!({"sub": "2"}))
        );
    }

    #[test]
    fn a_name_with_a_dot_does_not_hide_a_path() {
        let known = json!({"realm_access": {"roles": ["user"]}, "a.b": {"c": 1}, "roles": []});
        let more = json!({
            "realm_access.roles": ["admin"], "other.name": 1, "a.b.c": 2, "roles[*].name": "admin",
            "roles[*]": "admin",
        });
        let claims = merged(known, more).unwrap();
        assert_eq!(
            claims,
            json!({
                "realm_access": {"roles": ["user"]}, "other.name": 1, "a.b": {"c": 1}, "roles": [],
            })
        );
    }

    #[test]
    fn an_address_is_not_verified_by_another() {
        let marked = json!({"email_verified": true});
        let told = json!({"email": "b@x", "email_verified": false});
        assert_eq!(merged(marked, told).unwrap()["email_verified"], false);
        for (known, more, verified) in [
            (
                json!({"email": "a@x"}),
                json!({"email": "b@x", "email_verified": true}),
                false,
            ),
            // A doubt stays, whatever it was about.
            (
                json!({"email_verified": false}),
                json!({"email": "b@x"}),
                true,
            ),
            (
                json!({"email": "a@x"}),
                json!({"email": "A@x", "email_verified": false}),
                true,
            ),
            (
                json!({"email": ["a@x"]}),
                json!({"email": "a@x", "email_verified": false}),
                true,
            ),
            (
                json!({"email": "a@x"}),
                json!({"email_verified": true}),
                false,
            ),
            (
                json!({"email": "a@x"}),
                json!({"email": "a@x", "email_verified": true}),
                true,
            ),
            (
                json!({}),
                json!({"email": "b@x", "email_verified": true}),
                true,
            ),
        ] {
            let claims = merged(known.clone(), more).unwrap();
            assert_eq!(claims.get("email_verified").is_some(), verified, "{known}");
        }
    }
}
