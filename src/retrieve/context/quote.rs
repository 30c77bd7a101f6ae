//! Quoting: whatever a text holds, it comes out as one line that cannot end its own quotation.
//!
//! What a prompt's reader would see differently from what a person sees is taken out: characters that show nothing,
//! marks that reverse the reading direction, control characters.

use crate::text::script;

/// A longer name of a speaker is cut, in characters.
const LONGEST_NAME: usize = 60;

/// The text between quotation marks. Angle brackets are replaced by look-alikes, quotation marks and backslashes
/// escaped, and white space of all kinds becomes one space. So is what a reader who normalises takes for one of them (some
/// tokenizers do): wide and small forms, and signs that have one in them.
pub(super) fn quote_into(text: &str, out: &mut String) {
    out.push('"');
    clean(text, &mut |c| match c {
        '"' | '\u{ff02}' => out.push_str("\\\""),
        '\\' | '\u{fe68}' | '\u{ff3c}' => out.push_str("\\\\"),
        '<' | '\u{fe64}' | '\u{ff1c}' | '\u{226e}' => out.push('‹'),
        '>' | '\u{fe65}' | '\u{ff1e}' | '\u{226f}' => out.push('›'),
        c => out.push(c),
    });
    out.push('"');
}

/// A speaker's name: letters, digits, and the few signs that names have. So a name holds no quotation mark, no
/// bracket and no colon, and cannot look like a heading or like the words of somebody. `false` if nothing is left.
pub(super) fn name_into(name: &str, out: &mut String) -> bool {
    let start = out.len();
    let mut left = LONGEST_NAME;
    clean(name, &mut |c| {
        let is_kept = c.is_alphanumeric()
            || matches!(c, ' ' | '-' | '.' | '\'' | '’' | '_' | '&')
            || (script::is_pictograph(c) && !is_bracket(c));
        // White space was made one space before signs were taken out.
        let is_second_space = c == ' ' && (out.len() == start || out.ends_with(' '));
        if is_kept && !is_second_space && left > 0 {
            left -= 1;
            out.push(c);
        }
    });
    out.truncate(out.trim_end().len());
    out.len() > start
}

/// Brackets and quotation marks among the pictographs, and letters in brackets.
fn is_bracket(c: char) -> bool {
    matches!(c as u32, 0x2308..=0x230b | 0x2329..=0x232a | 0x239b..=0x23b6 | 0x23dc..=0x23e1 | 0x275b..=0x2760
        | 0x2768..=0x2775 | 0x1f110..=0x1f12a | 0x1f240..=0x1f248 | 0x1f676..=0x1f678)
}

/// Characters that show nothing and that folding leaves alone, since nobody searches by them: controls of musical and
/// shorthand notation and of hieroglyphs, annotations, the blank braille cell. Enough of them hide a message.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{fff0}'..='\u{fffb}' | '\u{2800}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}')
}

/// Visits the characters that show something, with a single space for each run of white space between them.
fn clean(text: &str, visit: &mut dyn FnMut(char)) {
    let mut before = None;
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            space = before.is_some();
            continue;
        }
        if script::is_ignorable(c) || is_unseen(c) {
            // Emoji and some scripts need single joiners; rows of them could only hide something.
            let joins = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0f}') && !space;
            if joins && before.is_some_and(|before: char| !before.is_ascii() && !script::is_ignorable(before))
            {
                visit(c);
                before = Some(c);
            }
            continue;
        }
        if space {
            visit(' ');
            space = false;
        }
        visit(c);
        before = Some(c);
    }
}
