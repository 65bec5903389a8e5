//! The token verifier, given any claims under the right key.
#![no_main]

use idmux::local_app::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| fuzzing::claims(json));
