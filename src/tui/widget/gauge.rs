//! A gauge of one line.

/// The filled and the spent part of a gauge of `columns` columns. Filled is drawn heavier, so that it shows without
/// colour; more than nothing fills at least half a column.
pub fn gauge(percent: u8, columns: usize) -> (String, String) {
    let halves = (usize::from(percent.min(100)) * columns * 2).div_ceil(100);
    let mut filled = "━".repeat(halves / 2);
    if halves % 2 == 1 {
        filled.push('╸');
    }
    (filled, "─".repeat(columns - halves.div_ceil(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_fills_its_columns() {
        assert_eq!(gauge(0, 4), ("".into(), "────".into()));
        assert_eq!(gauge(1, 4), ("╸".into(), "───".into()));
        assert_eq!(gauge(50, 4), ("━━".into(), "──".into()));
        assert_eq!(gauge(100, 4), ("━━━━".into(), "".into()));
        assert_eq!(gauge(255, 0), ("".into(), "".into()));
    }
}
