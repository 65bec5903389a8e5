//! The dialogs as questions: what is said before, what is asked for each field, and what an answer does to it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::component::Modal;
use crate::tui::form::{Field, FieldKind, FieldName, Form};

/// How a field is asked for, with what an empty answer keeps.
pub fn prompt(field: &Field) -> String {
    let label = if field.label.is_empty() { "which" } else { field.label };
    match &field.kind {
        FieldKind::Text(input) if input.value().is_empty() => format!("{label}: "),
        FieldKind::Text(input) => format!("{label} [{}]: ", input.value()),
        FieldKind::Secret(secret) if secret.is_empty() => format!("{label} (not shown): "),
        FieldKind::Secret(_) => format!("{label} (not shown) [as it is]: "),
        FieldKind::Choice { options, chosen, .. } => {
            let numbered: Vec<_> =
                options.iter().enumerate().map(|(at, option)| format!("{} {option}", at + 1)).collect();
            format!("{label}: {} [{}]: ", numbered.join(", "), chosen + 1)
        }
        FieldKind::Toggle(on) => format!("{label}, yes or no [{}]: ", if *on { "yes" } else { "no" }),
    }
}

/// Gives an answer to a field; what is wrong with it, if something is. An empty answer keeps what is there.
pub fn fill(form: &mut Form, name: FieldName, answer: &str) -> Result<(), String> {
    if answer.is_empty() {
        return Ok(());
    }
    form.focus_on(name);
    match form.field(name).map(|field| &field.kind) {
        Some(FieldKind::Text(_) | FieldKind::Secret(_)) => {
            form.key(KeyEvent::from(KeyCode::End));
            form.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
            form.paste(answer);
        }
        Some(FieldKind::Choice { options, .. }) => {
            let count = options.len();
            let wanted = choice(options, answer).ok_or(format!("a number from 1 to {count}"))?;
            for _ in 0..count {
                if form.chosen(name) != wanted {
                    form.change(true);
                }
            }
        }
        Some(FieldKind::Toggle(on)) => {
            let wanted = agreed(answer).ok_or("yes or no")?;
            if wanted != *on {
                form.change(true);
            }
        }
        None => {}
    }
    Ok(())
}

/// An option by its number or the beginning of its words.
fn choice(options: &[&str], answer: &str) -> Option<usize> {
    if let Ok(number) = answer.trim().parse::<usize>() {
        return number.checked_sub(1).filter(|at| *at < options.len());
    }
    let answer = answer.trim().to_lowercase();
    options.iter().position(|option| option.to_lowercase().starts_with(&answer))
}

/// What `yes` and `no` mean.
pub fn agreed(answer: &str) -> Option<bool> {
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Some(true),
        "" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// What is wrong with a dialog that was not taken, and with which of its fields, as far as one can say.
pub fn complaint(body: &dyn Modal) -> (Option<FieldName>, String) {
    let wrong = body.form().and_then(|form| {
        let field = form.fields().find(|field| field.error.is_some())?;
        Some((Some(field.name), format!("{}: {}", field.label, field.error.as_deref()?)))
    });
    wrong.unwrap_or_else(|| (None, body.objection().unwrap_or_else(|| "that is not enough".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new(vec![
            Field::choice(FieldName::Method, "Method", vec!["E-mail & password", "Anonymous"]),
            Field::text(FieldName::Email, "E-mail", "old@example.com"),
            Field::secret(FieldName::Password, "Password"),
            Field::toggle(FieldName::Register, "register it first", false),
        ])
    }

    #[test]
    fn answers_fill_fields_and_empty_ones_keep_what_is_there() {
        let mut form = form();
        for (name, answer) in [
            (FieldName::Method, "anon"),
            (FieldName::Email, "ada@example.com"),
            (FieldName::Password, "hunter2"),
            (FieldName::Register, "yes"),
        ] {
            fill(&mut form, name, answer).unwrap();
            fill(&mut form, name, "").unwrap();
        }
        assert_eq!(form.chosen(FieldName::Method), 1);
        assert_eq!(form.text(FieldName::Email), "ada@example.com");
        assert_eq!(form.secret(FieldName::Password), "hunter2");
        assert!(form.is_on(FieldName::Register));
        fill(&mut form, FieldName::Method, "1").unwrap();
        assert_eq!(form.chosen(FieldName::Method), 0);
        fill(&mut form, FieldName::Password, "other").unwrap();
        assert_eq!(form.secret(FieldName::Password), "other");
    }

    #[test]
    fn an_answer_that_means_nothing_is_refused_and_changes_nothing() {
        let mut form = form();
        for (name, answer) in
            [(FieldName::Method, "3"), (FieldName::Method, "0"), (FieldName::Register, "maybe")]
        {
            assert!(fill(&mut form, name, answer).is_err(), "{answer}");
        }
        assert_eq!((form.chosen(FieldName::Method), form.is_on(FieldName::Register)), (0, false));
    }

    #[test]
    fn a_question_says_what_there_is_and_no_secret() {
        let mut form = form();
        fill(&mut form, FieldName::Password, "hunter2").unwrap();
        let prompts: Vec<_> = form.fields().map(prompt).collect();
        assert_eq!(
            prompts,
            [
                "Method: 1 E-mail & password, 2 Anonymous [1]: ",
                "E-mail [old@example.com]: ",
                "Password (not shown) [as it is]: ",
                "register it first, yes or no [no]: "
            ]
        );
    }
}
