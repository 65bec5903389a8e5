//! Custom data at its source: what was read of it, and what follows from a change.

use std::sync::Arc;

use bson::Document;

use super::Worker;
use crate::account::{DataEdit, UserKey};
use crate::session::{EventKind, Failure, RequestId, SourceView};

impl Worker {
    /// The source was read.
    pub(super) fn source_read(&mut self, user: &UserKey, document: Option<Document>) {
        let read_at = Some(self.now());
        self.set_source(user, SourceView { document, read_at, failed: None });
    }

    /// It could not be read: what was read before stays, with the reason beside it.
    pub(super) fn source_not_read(&mut self, user: &UserKey, failure: &Failure) {
        let before = self.roster.get(user).and_then(|session| session.source.as_deref().cloned());
        let failed = Some(failure.message.clone());
        self.set_source(user, SourceView { failed, ..before.unwrap_or_default() });
    }

    fn set_source(&mut self, user: &UserKey, source: SourceView) {
        if let Some(session) = self.roster.get_mut(user) {
            session.source = Some(Arc::new(source));
            self.user_changed(user);
        }
    }

    /// The source was changed. The token carries a copy of the document; renewing it is what makes the change visible.
    pub(super) fn custom_data_changed(
        &mut self,
        user: &UserKey,
        request: Option<RequestId>,
        event: EventKind,
    ) {
        if let Some(session) = self.roster.get_mut(user) {
            session.wants_fresh = true;
        }
        let subject = self.subject(user);
        self.tell(request, subject, event);
        self.start_renewal(user);
    }
}

/// What an edit comes to, in an event.
pub(super) fn written(edit: DataEdit) -> EventKind {
    let fields = edit.changes.len();
    match edit.changes.into_iter().next() {
        Some(change) if fields == 1 && change.after.is_some() => {
            EventKind::CustomDataSet { path: change.path }
        }
        Some(change) if fields == 1 => EventKind::CustomDataUnset { path: change.path },
        _ => EventKind::CustomDataWritten { fields },
    }
}
