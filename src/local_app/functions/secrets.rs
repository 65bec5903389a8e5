//! Keeps what a function was given as credentials out of what is told of it.

use bson::Bson;

/// Shorter texts are no secrets, and are in every sentence.
const SHORTEST: usize = 4;
/// Fields that say who somebody is, and whose content a person needs to read.
const NAMES: [&str; 6] = ["username", "email", "name", "id", "type", "provider_type"];

/// All texts in `arguments`, but for names, as they are and as JSON has them.
pub fn of(arguments: &[Bson]) -> Vec<String> {
    let mut found = Vec::new();
    for argument in arguments {
        collect(argument, &mut found);
    }
    // The longer first: one may be part of another.
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

fn collect(value: &Bson, found: &mut Vec<String>) {
    match value {
        Bson::String(text) if text.chars().count() >= SHORTEST => {
            let json = serde_json::Value::from(text.as_str()).to_string();
            let inside = json[1..json.len() - 1].to_owned();
            if inside != *text {
                found.push(inside);
            }
            found.push(text.clone());
        }
        Bson::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Bson::Document(fields) => {
            for (name, value) in fields {
                if !NAMES.contains(&name.as_str()) {
                    collect(value, found);
                }
            }
        }
        _ => {}
    }
}

/// `text` without them.
pub fn hidden(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[…]"))
}

#[cfg(test)]
mod tests {
    use bson::bson;

    use super::*;

    #[test]
    fn what_a_function_was_given_is_not_told_of_it() {
        let given = [
            bson!({ "username": "ada@example.com", "password": "a \"b\" c", "in": [{ "token": "abcdef" }, "x"] }),
        ];
        let secrets = of(&given);
        for (thrown, told) in [
            ("no abcdef for ada@example.com", "no […] for ada@example.com"),
            (r#"{"password":"a \"b\" c"}"#, r#"{"password":"[…]"}"#),
            (r#"a "b" c, x"#, "[…], x"),
        ] {
            assert_eq!(hidden(thrown, &secrets), told);
        }
    }
}
