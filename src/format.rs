//! How things are written: once, for the screen, the commands and the log.

mod countdown;
mod size;
mod state;
mod table;
mod time;

pub use self::countdown::{left, next_left_change, next_percent_change, percent, seconds_left};
pub use self::size::{count, data_size, data_size_warning};
pub use self::state::{StateName, cause, glyph, spinner, state, state_at_rest};
pub use self::table::table;
pub use self::time::{age, clock, moment, next_age_change, offset, time_of_day};
