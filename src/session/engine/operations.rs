//! What the engine can be asked to do, one file a feature.

mod api_keys;
mod apps;
mod browser;
mod clock;
mod custom_data;
mod email;
mod link;
mod log_in;
mod mailbox;
mod sessions;
mod timeline;
mod token;
mod vault;

pub use self::api_keys::{
    ApiKeyCreated, ApiKeyDeleted, ApiKeySwitched, ApiKeys, CreateApiKey, DeleteApiKey, ListApiKeys,
    SwitchApiKey,
};
pub use self::apps::{AcceptHost, AddApp, AppAdded, AppChanged, AppForgotten, EditApp, ForgetApp, KeepApp};
pub use self::browser::{BrowserCameBack, BrowserEndedAt, LinkWithBrowser, LogInWithBrowser};
pub use self::clock::{ChangeClock, ClockChanged, ClockRead, ReadClock};
pub use self::custom_data::{
    CustomDataChange, CustomDataRead, EditCustomData, ReadCustomData, SetCustomData,
};
pub use self::email::AccountAction;
pub use self::link::{Link, Linked};
pub use self::log_in::{CancelLogIn, Cancelled, Entered, LogIn, Register, ReuseAnonymous};
pub use self::mailbox::{ClearMails, ConfirmMail, MailConfirmed, MailsCleared, MailsRead, ReadMails};
pub use self::sessions::{Delete, Deleted, LogOut, LoggedOut, MadeCurrent, MakeCurrent, Remove, Removed};
pub use self::timeline::{ReadTimeline, Timeline};
pub use self::token::{ReadRefreshToken, Refresh, RefreshTokenRead, Refreshed, Token, TokenRead};
pub use self::vault::{ForgetLost, Lock, Locked, LossesForgotten, OpenVault, VaultOpened};

pub(in crate::session::engine) use self::browser::Away;
pub(in crate::session::engine) use self::clock::ReadAbout;
pub(in crate::session::engine) use self::log_in::Entrance;
pub(in crate::session::engine) use self::token::too_short;
