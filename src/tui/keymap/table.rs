//! The keymap in words, for `idmux keys` and for the documentation.

use super::{Action, Context, Keymap};

/// A row: where, the name of the action, the keys as they are written, what they do.
pub type Row = [String; 4];

impl Keymap {
    /// A row for each action and set of keys; places where the same keys ask for the same share one.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<(Vec<Context>, Action, Vec<String>, &str)> = Vec::new();
        for binding in &self.bindings {
            let keys: Vec<_> = binding.keys.iter().map(ToString::to_string).collect();
            let what = if binding.description.is_empty() { binding.hint } else { binding.description };
            match rows.iter_mut().find(|row| (row.1, &row.2, row.3) == (binding.action, &keys, what)) {
                Some((places, ..)) => places.extend(&binding.contexts),
                None => rows.push((binding.contexts.clone(), binding.action, keys, what)),
            }
        }
        let row = |(places, action, keys, what): (Vec<Context>, Action, Vec<String>, &str)| {
            let keys = if keys.is_empty() { super::NO_KEY.to_owned() } else { keys.join(" ") };
            // What needs no word of its own on the screen is what its name says.
            let what = if what.is_empty() { action.name().replace('-', " ") } else { what.to_owned() };
            [words(&places), action.name(), keys, what]
        };
        rows.into_iter().map(row).collect()
    }

    /// A page for the documentation.
    pub fn markdown(&self) -> String {
        let mut page = String::from(INTRODUCTION);
        page.push_str("\n| Place | Action | Keys | What it does |\n| --- | --- | --- | --- |\n");
        for [places, action, keys, what] in self.rows() {
            let keys: Vec<_> = keys.split(' ').map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            page.push_str(&format!("| {places} | `{action}` | {} | {what} |\n", keys.join(" ")));
        }
        page
    }
}

const INTRODUCTION: &str = "\
<!-- Written by `idmux keys --markdown`; tests/screens/hands.rs holds it up to date. -->
# Keys

Every key can be changed in `config.toml`. A setting names an action, and the keys that ask for it in place of those
below: a character, `space`, `enter`, `esc`, `tab`, `shift-tab`, `backspace`, `delete`, `insert`, `up`, `down`, `left`,
`right`, `home`, `end`, `page-up`, `page-down`, `f1` to `f12`, each with `ctrl-` or `alt-` before it. `\"<none>\"` takes
all keys away. Under `[keys]` it holds everywhere; under `[keys.users]`, or another place, only there. Where text is
typed, a character is always text.

```toml
[keys]
refresh = [\"ctrl-r\", \"f5\"]
delete = \"<none>\"

[keys.users]
log-in = \"i\"
```

An action or key that does not exist, and a key that would mean two things in one place, are refused at the start with
the line of the mistake. `idmux keys` prints the keys in force.
";

fn words(places: &[Context]) -> String {
    let names = |places: &[Context]| places.iter().map(|place| place.name()).collect::<Vec<_>>().join(", ");
    match places {
        all if all == super::ANYWHERE => "everywhere".into(),
        panes if panes.starts_with(super::PANES) => {
            let rest = names(&panes[super::PANES.len()..]);
            if rest.is_empty() { "panes".into() } else { format!("panes, {rest}") }
        }
        places => names(places),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_is_in_the_table() {
        let rows = Keymap::default().rows();
        for action in Action::all() {
            assert!(rows.iter().any(|[_, name, ..]| *name == action.name()), "{action:?}");
        }
        assert!(rows.iter().all(|row| row.iter().all(|cell| !cell.is_empty())), "{rows:#?}");
    }
}
