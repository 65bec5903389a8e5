//! The token verifier, given any text.
#![no_main]

use idmux::local_app::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| fuzzing::token(text));
