//! Custom user data: read and written at its source. The access token carries a copy; refreshing it is what makes a change
//! visible.

use std::sync::Arc;

use bson::{Bson, Document};
use futures_util::future::BoxFuture;

use crate::account::{Severity, UserKey};
use crate::backend::{BackendError, CustomData, Facet, FieldChange};
use crate::data::{DataEdit, FieldPath};
use crate::session::engine::Engine;
use crate::session::engine::operation::{Change, UserContext, UserOperation};
use crate::session::{Failure, Operation, Outcome, RequestId, SourceView};

/// Write or remove one field, then refresh the token so that it shows.
#[derive(Debug, Clone)]
pub struct SetCustomData {
    /// The user.
    pub user: UserKey,
    /// The field.
    pub path: FieldPath,
    /// Its new value; `None` removes it.
    pub value: Option<Bson>,
}

/// Make a person's changes, unless somebody else was faster; then refresh the token so that they show.
#[derive(Debug, Clone)]
pub struct EditCustomData {
    /// The user.
    pub user: UserKey,
    /// The changes, and what they began from.
    pub edit: DataEdit,
}

/// What came of a change of the custom data.
#[derive(Debug, PartialEq)]
pub enum CustomDataChange {
    /// One field was written.
    Set(FieldPath),
    /// One field was removed.
    Unset(FieldPath),
    /// So many fields were written or removed.
    Written(usize),
    /// Somebody else was faster, and nothing was written; what is there now.
    Conflict(Option<Document>),
}

impl CustomDataChange {
    /// Whether anything was written.
    pub fn is_written(&self) -> bool {
        !matches!(self, Self::Conflict(_))
    }

    fn of(edit: DataEdit) -> Self {
        let fields = edit.changes.len();
        match edit.changes.into_iter().next() {
            Some(change) if fields == 1 && change.after.is_some() => Self::Set(change.path),
            Some(change) if fields == 1 => Self::Unset(change.path),
            _ => Self::Written(fields),
        }
    }
}

impl Outcome for CustomDataChange {
    fn sentence(&self) -> String {
        match self {
            Self::Set(path) => format!("custom data written: {path}"),
            Self::Unset(path) => format!("custom data removed: {path}"),
            Self::Written(1) => "custom data written: 1 field".into(),
            Self::Written(fields) => format!("custom data written: {fields} fields"),
            Self::Conflict(_) => "nothing was written: somebody else changed the custom data".into(),
        }
    }

    fn severity(&self) -> Severity {
        if self.is_written() { Severity::Good } else { Severity::Warn }
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        Some(match self {
            Self::Conflict(_) => (
                "custom data not written: somebody else changed it meanwhile".into(),
                "what a person has not seen is never overwritten",
            ),
            _ => (self.sentence(), "the token is renewed afterwards, so that it follows"),
        })
    }
}

/// Read the custom data at its source, which may be newer than the access token's copy.
#[derive(Debug, Clone)]
pub struct ReadCustomData {
    /// The user.
    pub user: UserKey,
}

impl ReadCustomData {
    /// What is tried, for messages. Its failure is shown where the data would be.
    pub const NAME: &str = "read custom data at its source";
}

/// The custom data at its source; `None` where the user has none.
#[derive(Debug)]
pub struct CustomDataRead(pub Option<Document>);

impl Outcome for CustomDataRead {
    fn sentence(&self) -> String {
        match self.0 {
            Some(_) => "custom data read at its source".into(),
            None => "there is no custom data at its source".into(),
        }
    }
}

impl Operation for SetCustomData {
    type Outcome = CustomDataChange;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for SetCustomData {
    fn name(&self) -> &'static str {
        "change custom data"
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let (change, outcome) = match self.value.clone() {
                Some(value) => {
                    (FieldChange::Set(self.path.clone(), value), CustomDataChange::Set(self.path.clone()))
                }
                None => (FieldChange::Unset(self.path.clone()), CustomDataChange::Unset(self.path.clone())),
            };
            let UserContext { tokens, source, .. } = context;
            data(context)?.change(tokens, &self.user.id, source, &change).await?;
            let user = self.user.clone();
            // What was read of the source before is older than this.
            Ok(Change::new(move |engine, request| engine.custom_data_written(&user, None, request, outcome)))
        })
    }
}

impl Operation for EditCustomData {
    type Outcome = CustomDataChange;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for EditCustomData {
    fn name(&self) -> &'static str {
        "change custom data"
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    /// Makes the changes where everything is as the person saw it. The source is read right before, since only that finds
    /// every difference; the write itself carries conditions, for whoever is faster still.
    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let UserContext { tokens, source, .. } = context;
            let (data, user) = (data(context)?, self.user.clone());
            let conflict = |user: UserKey, theirs: Option<Document>| {
                Change::new(move |engine, request| {
                    engine.source_read(&user, theirs.clone());
                    let subject = engine.subject(&user);
                    engine.tell(request, subject, CustomDataChange::Conflict(theirs));
                })
            };
            let present = data.read(tokens, &user.id, source).await?;
            if self.edit.conflicts_with(present.as_ref()) {
                return Ok(conflict(user, present));
            }
            let edit = present
                .as_ref()
                .map_or_else(|| self.edit.clone(), |present| self.edit.with_types_of(present));
            if !data.edit(tokens, &user.id, source, &edit, present.as_ref()).await? {
                return Ok(conflict(user.clone(), data.read(tokens, &user.id, source).await?));
            }
            // The changes are made; a source that cannot be read again changes nothing of it.
            let now = data.read(tokens, &user.id, source).await.ok().flatten();
            let outcome = CustomDataChange::of(self.edit.clone());
            Ok(Change::new(move |engine, request| engine.custom_data_written(&user, now, request, outcome)))
        })
    }
}

impl Operation for ReadCustomData {
    type Outcome = CustomDataRead;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for ReadCustomData {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let UserContext { tokens, source, .. } = context;
            let document = data(context)?.read(tokens, &self.user.id, source).await?;
            let user = self.user.clone();
            Ok(Change::new(move |engine, request| {
                engine.source_read(&user, document.clone());
                let subject = engine.subject(&user);
                engine.tell(request, subject, CustomDataRead(document));
            }))
        })
    }

    /// What was read before stays, with the reason beside it.
    fn failed(&self, engine: &mut Engine, failure: &Failure) {
        let before = engine.roster.get(&self.user).and_then(|session| session.source.as_deref().cloned());
        let failed = Some(failure.message.clone());
        engine.set_source(&self.user, Some(SourceView { failed, ..before.unwrap_or_default() }));
    }
}

fn data(context: &UserContext) -> Result<&dyn CustomData, BackendError> {
    context.facet(Facet::CustomData, |backend| backend.custom_data())
}

impl Engine {
    fn source_read(&mut self, user: &UserKey, document: Option<Document>) {
        let read_at = Some(self.now());
        self.set_source(user, Some(SourceView { document, read_at, failed: None }));
    }

    fn set_source(&mut self, user: &UserKey, source: Option<SourceView>) {
        if let Some(session) = self.roster.get_mut(user) {
            session.source = source.map(Arc::new);
            self.user_changed(user);
        }
    }

    /// The source was changed; `now` is what it is, if it could be read again.
    fn custom_data_written(
        &mut self,
        user: &UserKey,
        now: Option<Document>,
        request: Option<RequestId>,
        outcome: CustomDataChange,
    ) {
        match now {
            Some(document) => self.source_read(user, Some(document)),
            None => self.set_source(user, None),
        }
        if let Some(session) = self.roster.get_mut(user) {
            session.wants_fresh = true;
        }
        let subject = self.subject(user);
        self.tell(request, subject, outcome);
        self.start_refresh(user);
    }
}
