//! The signals that end a command. What is under way lands, and the terminal is put right, before the process ends.

use std::io;

use super::problem::Problem;

/// Completes at the first of them; listens from the call on, not only when awaited.
#[cfg(unix)]
pub fn end() -> io::Result<impl Future<Output = Problem>> {
    use super::problem::Code;
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    let ended = |kind: SignalKind, name| {
        let number = u8::try_from(kind.as_raw_value()).unwrap_or_default();
        Problem::new(Code::Ended(number), format!("ended by {name}"), "")
    };
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Problem::interrupted(),
            _ = terminate.recv() => ended(SignalKind::terminate(), "SIGTERM"),
            _ = hangup.recv() => ended(SignalKind::hangup(), "SIGHUP"),
            _ = quit.recv() => ended(SignalKind::quit(), "SIGQUIT"),
        }
    })
}

/// Completes when a person ends the command.
#[cfg(not(unix))]
pub fn end() -> io::Result<impl Future<Output = Problem>> {
    Ok(async {
        // Nothing else can be said of it.
        let _ = tokio::signal::ctrl_c().await;
        Problem::interrupted()
    })
}
