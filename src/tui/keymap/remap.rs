//! Other keys for the table, as a person wrote them. What cannot be meant is refused, with its place.

use super::{Action, Bound, Context, Key, KeyError, Keymap};

/// What is written to leave an action without a key.
pub const NO_KEY: &str = "<none>";

/// One setting: other keys for an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The line that it stands in.
    pub line: usize,
    /// The name of the place that it is for; all places, if it names none.
    pub place: Option<String>,
    /// The name of the action.
    pub action: String,
    /// The keys, as they are written.
    pub keys: Vec<String>,
}

/// Why a setting cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {mistake}")]
pub struct RemapError {
    /// The line of the setting.
    pub line: usize,
    /// What is wrong with it.
    pub mistake: Mistake,
}

/// What can be wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// There is no such action.
    #[error("there is no action '{0}'{near}; `idmux keys` lists them", near = suggestion(.1))]
    Action(String, Option<String>),
    /// There is no such place.
    #[error("there is no place '{0}' for keys: choose one of {1}")]
    Place(String, String),
    /// The action means nothing in that place.
    #[error("{action} means nothing in {place}")]
    NotThere {
        /// The action.
        action: String,
        /// The place.
        place: String,
    },
    /// It is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A character cannot be a command where text is typed.
    #[error("{key} is text in {place}, and cannot mean {action} there")]
    Text {
        /// The key.
        key: Key,
        /// The action.
        action: String,
        /// The place.
        place: String,
    },
    /// A key would mean two things in one place.
    #[error("{key} would mean two things in {place}: {action} and {other}")]
    Twice {
        /// The key.
        key: Key,
        /// The place.
        place: String,
        /// What it means by this setting.
        action: String,
        /// What it means already.
        other: String,
    },
    /// Nobody could leave.
    #[error("quit needs a key everywhere")]
    NoWayOut,
}

fn suggestion(name: &Option<String>) -> String {
    name.as_ref().map(|name| format!(" (did you mean {name}?)")).unwrap_or_default()
}

impl Keymap {
    /// The table with other keys.
    ///
    /// A setting for one place wins over one for all places. Where text is typed, one for all places counts only with keys
    /// that are no text; where that leaves none, the keys of the table stay.
    ///
    /// # Errors
    /// At the first setting that cannot be meant.
    pub fn remapped(settings: &[Setting]) -> Result<Self, RemapError> {
        let mut keymap = Self::default();
        let mut changed: Vec<(Action, Context, usize)> = Vec::new();
        let (for_all, for_one): (Vec<_>, Vec<_>) = settings.iter().partition(|it| it.place.is_none());
        for setting in for_all.into_iter().chain(for_one) {
            let fail = |mistake| RemapError { line: setting.line, mistake };
            let change = Change::of(setting).map_err(fail)?;
            for context in keymap.places_of(change.action) {
                if change.place.is_some_and(|place| place != context) {
                    continue;
                }
                let Some(keys) = change.keys_in(context).map_err(fail)? else { continue };
                keymap.set(change.action, context, keys);
                changed.push((change.action, context, setting.line));
            }
        }
        // Only when all is set is it known what a key means.
        for (action, context, line) in changed {
            keymap.check(action, context).map_err(|mistake| RemapError { line, mistake })?;
        }
        Ok(keymap)
    }

    fn places_of(&self, action: Action) -> Vec<Context> {
        Context::all().into_iter().filter(|context| self.binding(*context, action).is_some()).collect()
    }

    /// Gives the first binding of `action` in `context` other keys, and takes those of the others away: a binding that held
    /// in several places is split.
    fn set(&mut self, action: Action, context: Context, keys: Vec<Key>) {
        let mut keys = Some(keys);
        let mut bindings = Vec::with_capacity(self.bindings.len() + 1);
        for mut binding in self.bindings.drain(..) {
            if binding.action != action || !binding.is_in(context) {
                bindings.push(binding);
                continue;
            }
            if let Some(keys) = keys.take() {
                let here = Bound { keys, contexts: vec![context], ..binding.clone() };
                // Places with the same keys stay one line.
                match bindings.last_mut().filter(|last: &&mut Bound| last.is_split_of(&here)) {
                    Some(last) => last.contexts.push(context),
                    None => bindings.push(here),
                }
            }
            binding.contexts.retain(|other| *other != context);
            if !binding.contexts.is_empty() {
                bindings.push(binding);
            }
        }
        self.bindings = bindings;
    }

    fn check(&self, action: Action, context: Context) -> Result<(), Mistake> {
        let Some(binding) = self.binding(context, action) else { return Ok(()) };
        if action == Action::Quit && binding.keys.is_empty() {
            return Err(Mistake::NoWayOut);
        }
        for other in self.of(context).filter(|other| other.action != action) {
            if let Some(key) = binding.keys.iter().find(|key| other.keys.contains(key)) {
                let (action, other) = (action.name(), other.action.name());
                return Err(Mistake::Twice { key: *key, place: context.name(), action, other });
            }
        }
        Ok(())
    }
}

impl Bound {
    /// Whether both come from one line of the table and have the same keys.
    fn is_split_of(&self, other: &Self) -> bool {
        (self.action, &self.keys, self.hint, self.description)
            == (other.action, &other.keys, other.hint, other.description)
    }
}

/// A setting whose names are known.
struct Change {
    action: Action,
    place: Option<Context>,
    keys: Vec<Key>,
}

impl Change {
    fn of(setting: &Setting) -> Result<Self, Mistake> {
        let name = &setting.action;
        let action = Action::named(name).ok_or_else(|| Mistake::Action(name.clone(), near(name)))?;
        let place = setting.place.as_ref().map(|name| {
            Context::named(name).ok_or_else(|| {
                let known: Vec<_> = Context::all().into_iter().map(Context::name).collect();
                Mistake::Place(name.clone(), known.join(", "))
            })
        });
        let place = place.transpose()?;
        if let Some(place) = place.filter(|place| Keymap::default().binding(*place, action).is_none()) {
            return Err(Mistake::NotThere { action: action.name(), place: place.name() });
        }
        let keys = setting.keys.iter().filter(|key| *key != NO_KEY);
        let keys = keys.map(|key| Key::parse(key)).collect::<Result<_, _>>()?;
        Ok(Self { action, place, keys })
    }

    /// The keys in `context`; `None` where those of the table stay.
    fn keys_in(&self, context: Context) -> Result<Option<Vec<Key>>, Mistake> {
        if !context.takes_text() {
            return Ok(Some(self.keys.clone()));
        }
        let text = self.keys.iter().find(|key| key.is_text());
        match (self.place, text) {
            (Some(place), Some(key)) => {
                Err(Mistake::Text { key: *key, action: self.action.name(), place: place.name() })
            }
            (Some(_), None) => Ok(Some(self.keys.clone())),
            (None, _) => {
                let keys: Vec<_> = self.keys.iter().copied().filter(|key| !key.is_text()).collect();
                Ok((!keys.is_empty() || self.keys.is_empty()).then_some(keys))
            }
        }
    }
}

/// The action whose name is most like `name`, if one is.
fn near(name: &str) -> Option<String> {
    let names = Action::all().into_iter().map(Action::name);
    let likeness = |known: &String| {
        let pairs = |text: &str| text.as_bytes().windows(2).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let (ours, theirs) = (pairs(name), pairs(known));
        let shared = ours.iter().filter(|pair| theirs.contains(pair)).count();
        200 * shared / (ours.len() + theirs.len()).max(1)
    };
    names
        .map(|known| (likeness(&known), known))
        .filter(|(likeness, _)| *likeness >= 60)
        .max()
        .map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use proptest::prelude::*;

    fn setting(place: Option<&str>, action: &str, keys: &[&str]) -> Setting {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Setting { line: 7, place: place.map(str::to_owned), action: action.to_owned(), keys }
    }

    fn mistake(settings: &[Setting]) -> String {
        Keymap::remapped(settings).unwrap_err().to_string()
    }

    fn press(keymap: &Keymap, context: Context, key: &str) -> Option<Action> {
        keymap.action(context, &Key::parse(key).unwrap().press())
    }

    #[test]
    fn nothing_said_means_the_table() {
        assert_eq!(Keymap::remapped(&[]), Ok(Keymap::default()));
    }

    #[test]
    fn an_action_gets_other_keys_everywhere_or_in_one_place() {
        let keymap = Keymap::remapped(&[
            setting(Some("session"), "refresh", &["f6"]),
            setting(None, "refresh", &["ctrl-r", "f5"]),
        ])
        .unwrap();
        for context in [Context::Users, Context::Identities, Context::CustomData] {
            assert_eq!(press(&keymap, context, "f5"), Some(Action::Refresh));
            assert_eq!(press(&keymap, context, "ctrl-r"), Some(Action::Refresh));
            assert_eq!(press(&keymap, context, "R"), None);
        }
        assert_eq!(press(&keymap, Context::Session, "f6"), Some(Action::Refresh));
        assert_eq!(press(&keymap, Context::Session, "f5"), None);
        assert_eq!(keymap.key(Context::Users, Action::Refresh), "Ctrl-R");
    }

    #[test]
    fn a_key_can_be_taken_away_and_given_to_another() {
        let keymap =
            Keymap::remapped(&[setting(None, "delete", &[NO_KEY]), setting(None, "refresh", &["D"])])
                .unwrap();
        assert_eq!(press(&keymap, Context::Users, "D"), Some(Action::Refresh));
        assert!(keymap.binding(Context::Users, Action::Delete).unwrap().keys.is_empty());
    }

    #[test]
    fn letters_stay_text_where_text_is_typed() {
        let keymap = Keymap::remapped(&[setting(None, "down", &["_", "ctrl-n"])]).unwrap();
        assert_eq!(press(&keymap, Context::Session, "_"), Some(Action::Down));
        assert_eq!(press(&keymap, Context::TextField, "_"), None);
        assert_eq!(press(&keymap, Context::TextField, "ctrl-n"), Some(Action::Down));
        let keymap = Keymap::remapped(&[setting(None, "quit", &["Q"])]).unwrap();
        assert_eq!(press(&keymap, Context::TextField, "ctrl-c"), Some(Action::Quit), "one can still leave");
        assert_eq!(press(&keymap, Context::Users, "q"), None);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let wrong = |setting| mistake(&[setting]);
        let said = wrong(setting(None, "refesh", &["f5"]));
        assert_eq!(
            said,
            "line 7: there is no action 'refesh' (did you mean refresh?); `idmux keys` lists them"
        );
        let said = wrong(setting(Some("usres"), "refresh", &["f5"]));
        assert!(said.starts_with("line 7: there is no place 'usres'") && said.contains("users"), "{said}");
        let said = wrong(setting(None, "refresh", &["hyper-x"]));
        assert!(said.contains("there is no key 'hyper-x'"), "{said}");
        let said = wrong(setting(Some("session"), "mark", &["m"]));
        assert_eq!(said, "line 7: mark means nothing in session");
        let said = wrong(setting(None, "refresh", &["x"]));
        assert_eq!(said, "line 7: x would mean two things in users: refresh and remove");
        let said = wrong(setting(Some("text-field"), "submit", &["s"]));
        assert_eq!(said, "line 7: s is text in text-field, and cannot mean submit there");
        assert_eq!(wrong(setting(None, "quit", &[NO_KEY])), "line 7: quit needs a key everywhere");
    }

    proptest! {
        /// Whatever is accepted, every key means one thing in one place, and one can quit from everywhere.
        #[test]
        fn an_accepted_keymap_is_sound(
            settings in prop::collection::vec(
                (
                    prop::sample::select(Action::all()),
                    prop::option::of(prop::sample::select(Context::all())),
                    prop::collection::vec(
                        prop::sample::select(vec!["f1", "f2", "f3", "ctrl-x", "x", "R", "alt-q", NO_KEY]), 0..3),
                ),
                0..6,
            ),
        ) {
            let settings: Vec<_> = settings
                .into_iter()
                .map(|(action, place, keys)| setting(place.map(Context::name).as_deref(), &action.name(), &keys))
                .collect();
            let Ok(keymap) = Keymap::remapped(&settings) else { return Ok(()) };
            for context in Context::all() {
                let mut seen = std::collections::HashMap::new();
                for binding in keymap.of(context) {
                    for key in &binding.keys {
                        let other = seen.insert(*key, binding.action);
                        prop_assert!(other.is_none_or(|other| other == binding.action), "{context:?} {key}");
                    }
                }
                let leave = keymap.binding(context, Action::Quit);
                prop_assert!(leave.is_some_and(|binding| !binding.keys.is_empty()), "{context:?}");
                let typed = keymap.action(context, &KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE));
                prop_assert!(!context.takes_text() || typed.is_none());
            }
        }
    }
}
