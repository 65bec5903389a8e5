//! A browser is away: where it has to go, and the address that it ended at, for whoever brings it.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{CredentialsForm, Purpose, Submission};
use crate::account::BrowserAddress;
use crate::session::{self, RequestId};
use crate::tui::content::qr::Code;
use crate::tui::form::{Field, FieldName, Form};

/// A browser that is away.
#[derive(Debug)]
pub struct BrowserWait {
    /// The request that sent it away.
    pub request: RequestId,
    /// What it is for: `Log in to shop`.
    pub title: String,
    /// Where it has to go.
    pub address: BrowserAddress,
    /// Until when it is waited for.
    pub until: Timestamp,
    /// The address for a phone; `None` where it is too long for any code.
    pub code: Option<Code>,
    /// Whether the code has the screen to itself.
    pub shows_code: bool,
}

impl BrowserWait {
    /// A browser that has just left.
    pub fn new(
        request: RequestId,
        form: &CredentialsForm,
        address: BrowserAddress,
        until: Timestamp,
    ) -> Self {
        let title = match &form.purpose {
            Purpose::Link(linked) => format!("Link an identity to {}", linked.label),
            _ => format!("Log in to {}", form.app),
        };
        let code = Code::of(address.as_str());
        Self { request, title, address, until, code, shows_code: false }
    }
}

/// The address that a browser ended at.
#[derive(Debug)]
pub struct ReturnForm {
    /// The request that sent it away.
    pub request: RequestId,
    /// The one field. The address has tokens in it.
    pub form: Form,
}

impl ReturnForm {
    /// A form to paste the address into.
    pub fn new(request: RequestId) -> Self {
        Self { request, form: Form::new(vec![Field::secret(FieldName::Address, "Address")]) }
    }

    pub(super) fn submit(&mut self) -> Submission {
        let address = self.form.take_secret(FieldName::Address);
        if address.expose_secret().trim().is_empty() {
            self.form.refuse(FieldName::Address, "is needed");
            return Submission::Refused;
        }
        Submission::send(session::BrowserEndedAt { request: self.request, address })
    }
}
