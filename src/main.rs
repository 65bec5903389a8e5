//! The `idmux` program.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Everything that is given back is wiped, whichever library had it: passwords in buffers, tokens in headers.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    // A worker for functions has an environment and limits of its own.
    idmux::local_app::work_if_asked().unwrap_or_else(|| {
        idmux::hardening::protect();
        idmux::cli::main()
    })
}
