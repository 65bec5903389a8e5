//! The screen as a person sees it, with a clock that stands still.

#[path = "screens/driver.rs"]
mod driver;
#[path = "screens/fixture.rs"]
mod fixture;

use driver::{LARGE, SMALL, Screen};
use fixture::*;
use idmux::account::EndReason;
use idmux::session::*;

#[test]
fn six_users() {
    for (name, size) in [("six_users_80x24", SMALL), ("six_users_160x45", LARGE)] {
        insta::assert_snapshot!(name, Screen::with(size, six()).draw());
    }
}
