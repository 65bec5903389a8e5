//! `idmux serve`: the local App as a process of its own.

use clap::Args;

/// Arguments of `idmux serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {}
