//! x
/// x
pub fn estimate_tokens(text: &str) -> usize {
    text.len() / 4
}
