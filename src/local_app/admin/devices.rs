//! Which installations a user came from.

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::store::KnownDevice;

impl App {
    /// The devices of a user, the one seen last first.
    pub async fn devices_of(&self, user_id: String) -> Result<Vec<KnownDevice>, Failure> {
        self.store()
            .read(move |tx| {
                tx.user(&user_id)?.ok_or(Failure::UserNotFound)?;
                Ok(tx.devices_of(&user_id)?)
            })
            .await
    }
}
