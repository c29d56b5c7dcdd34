//! A page of plain text as a PDF.

/// The page, line by line from the top. Of letters beyond Latin-1 only the euro is known; others become `?`.
pub(crate) fn page(lines: &[String]) -> Vec<u8> {
    let mut text = String::from("BT /F1 12 Tf 16 TL 56 780 Td\n");
    for line in lines {
        text.push_str(&format!("({}) '\n", literal(line)));
    }
    text.push_str("ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut places = String::from("0000000000 65535 f \n");
    for (number, object) in objects.iter().enumerate() {
        places.push_str(&format!("{:010} 00000 n \n", out.len()));
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", number + 1));
    }
    let (size, table) = (objects.len() + 1, out.len());
    out.push_str(&format!(
        "xref\n0 {size}\n{places}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    ));
    out.into_bytes()
}

/// A text between the brackets of a PDF's string.
fn literal(text: &str) -> String {
    let letter = |letter: char| match letter {
        '(' | ')' | '\\' => format!("\\{letter}"),
        ' '..='~' => letter.to_string(),
        '\u{a0}'..='\u{ff}' => format!("\\{:03o}", u32::from(letter)),
        '€' => "\\200".to_owned(),
        _ => "?".to_owned(),
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_is_where_the_table_says() {
        let pdf = String::from_utf8(page(&["Acme (Ltd) \\ €5.99 未来".to_owned()])).expect("it is plain ASCII");
        assert!(pdf.contains("(Acme \\(Ltd\\) \\\\ \\2005.99 ??) '"), "{pdf}");
        let table = pdf.split("startxref\n").nth(1).and_then(|rest| rest.lines().next()).expect("a place");
        assert!(pdf[table.parse().expect("a number")..].starts_with("xref"));
        for (number, line) in pdf.lines().filter(|line| line.ends_with(" 00000 n ")).enumerate() {
            let place: usize = line[..10].parse().expect("a number");
            assert!(pdf[place..].starts_with(&format!("{} 0 obj", number + 1)), "{line}");
        }
    }
}
