//! Email/password (section 3.3).

use url::Url;

use crate::local_app::config::files::error::ConfigError;
use crate::local_app::config::files::fields::Fields;
use crate::local_app::config::{Confirmation, LocalUserpass, Mail, PasswordReset};

/// The longest subject of a mail, in characters.
const LONGEST_SUBJECT: usize = 256;

/// Reads how registrations are confirmed and passwords reset. A mail without a link or subject gets those of a new App.
pub fn read(entry: &mut Fields) -> Result<LocalUserpass, ConfigError> {
    let mut config = entry.object_or_empty("config")?;
    let automatic = config.flag("autoConfirm")?;
    let by_function = config.flag("runConfirmationFunction")?;
    let function = config.filled("confirmationFunctionName")?;
    let mail = mail(&mut config, ["emailConfirmationUrl", "confirmEmailSubject"], Mail::confirmation())?;
    let confirmation = match (automatic, by_function) {
        (true, true) => {
            return Err(config.error("autoConfirm", "expected false, since runConfirmationFunction is true"));
        }
        (true, false) => Confirmation::Automatic,
        (false, true) => Confirmation::Function(function.ok_or_else(|| {
            config.error("confirmationFunctionName", "expected the name of a function, found nothing")
        })?),
        (false, false) => Confirmation::Mail(mail),
    };

    let by_function = config.flag("runResetFunction")?;
    let function = config.filled("resetFunctionName")?;
    let mail = self::mail(&mut config, ["resetPasswordUrl", "resetPasswordSubject"], Mail::reset())?;
    let reset = if by_function {
        PasswordReset::Function(function.ok_or_else(|| {
            config.error("resetFunctionName", "expected the name of a function, found nothing")
        })?)
    } else {
        PasswordReset::Mail(mail)
    };
    config.pass_over(&["confirmationFunctionId", "resetFunctionId"]);
    entry.absorb(config);
    Ok(LocalUserpass { confirmation, reset })
}

fn mail(config: &mut Fields, [url, subject]: [&str; 2], default: Mail) -> Result<Mail, ConfigError> {
    let link = config.filled(url)?.unwrap_or(default.url);
    // Any scheme: a link may lead into an app on a telephone.
    if Url::parse(&link).is_err() {
        return Err(config.error(url, "expected an address, as in https://example.com/confirm"));
    }
    let text = config.filled(subject)?.unwrap_or(default.subject);
    if text.chars().count() > LONGEST_SUBJECT || text.chars().any(char::is_control) {
        return Err(
            config.error(subject, format!("expected one line of at most {LONGEST_SUBJECT} characters"))
        );
    }
    Ok(Mail { url: link, subject: text })
}
