//! Lists of users to take over.
#![no_main]

use std::cell::RefCell;

use idmux::local_app::fuzzing::Bodies;
use libfuzzer_sys::fuzz_target;

thread_local!(static BODIES: RefCell<Bodies> = RefCell::default());

fuzz_target!(|body: &[u8]| BODIES.with_borrow_mut(|bodies| bodies.import(body)));
