//! Plain tables: columns aligned by what they take on a screen, without frames and colours.

use crate::text;

/// A table of `rows` under `header`. Text from servers is inert in it.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let header = header.map(str::to_owned);
    let lines: Vec<[String; N]> = std::iter::once(&header)
        .chain(rows)
        .map(|row| std::array::from_fn(|column| text::inert(&row[column]).into_owned()))
        .collect();
    let widths: [usize; N] = std::array::from_fn(|column| {
        lines.iter().map(|line| text::width(&line[column])).max().unwrap_or_default()
    });
    let mut table = String::new();
    for line in &lines {
        let cells: Vec<_> = line.iter().zip(widths).map(|(cell, width)| text::fit(cell, width)).collect();
        table.push_str(cells.join("  ").trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_display_width() {
        let row = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        let shown = table(["NAME", "ID"], &[row("名前", "1"), row("a\u{1b}b", "2"), row("abcdef", "")]);
        assert_eq!(shown, "NAME    ID\n名前    1\na␛b     2\nabcdef\n");
    }
}
