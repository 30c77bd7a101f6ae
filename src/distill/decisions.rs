//! What a language model decided about facts and memories, in the second step of mem0's way.

use super::answer::{MAX_FACT_CHARS, MAX_FACTS, index_in, text_in};
use super::lenient;
use crate::error::{Error, ErrorKind, Result};

/// What becomes of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is a new memory.
    Add,
    /// It takes the place of the memory at this index, in these words.
    Update(usize, String),
    /// It ends the memory at this index, and is none itself.
    Delete(usize),
    /// The memory at this index says it already; none if the model does not say which.
    Nothing(Option<usize>),
}

/// The decisions on some facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// A fact's index and what becomes of it. Every fact is there at least once; one on which nothing useful was decided
    /// is added.
    pub actions: Vec<(usize, Action)>,
    /// The answer ended in the middle.
    pub cut: bool,
    /// What was left out, and why.
    pub ignored: Vec<String>,
}

/// Reads the answer to [`decision`](super::prompt::decision) about so many facts and memories.
/// `MODEL_RESPONSE_INVALID` if there are no decisions to be found.
pub fn read(answer: &str, facts: usize, memories: usize) -> Result<Decisions> {
    let found = lenient::find(answer, |value, _| value["decisions"].is_array()).ok_or_else(|| {
        let message = "the model's answer holds no list of decisions in JSON";
        Error::new(ErrorKind::ModelResponseInvalid, message).field("decisions")
    })?;
    let mut decisions = Decisions { cut: found.cut, ..Decisions::default() };
    let mut used = Vec::new();
    let items = found.value["decisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    // A fact may end several memories.
    for (at, item) in items.iter().take(2 * MAX_FACTS).enumerate() {
        let memory = index_in(&item["memory"], memories);
        let text = text_in(item, "text", MAX_FACT_CHARS);
        let fact = index_in(&item["fact"], facts);
        let action = match (item["event"].as_str(), memory, text) {
            (Some("ADD"), ..) => Some(Action::Add),
            (Some("NONE"), memory, _) => Some(Action::Nothing(memory)),
            (Some("UPDATE"), Some(memory), Some(text)) => Some(Action::Update(memory, text)),
            (Some("DELETE"), Some(memory), _) => Some(Action::Delete(memory)),
            _ => None,
        };
        let ends = match &action {
            Some(Action::Update(memory, _) | Action::Delete(memory)) => Some(*memory),
            _ => None,
        };
        // A memory can be ended once.
        if let (Some(fact), Some(action)) = (fact, action)
            && ends.is_none_or(|memory| !used.contains(&memory))
        {
            if let Some(memory) = ends {
                used.push(memory);
            }
            decisions.actions.push((fact, action));
        } else {
            let why = "it names a fact, an event or a memory that there is not, or a memory twice";
            decisions.ignored.push(format!("decision {}: {why}", at + 1));
        }
    }
    for fact in 0..facts {
        if !decisions.actions.iter().any(|(decided, _)| *decided == fact) {
            decisions.actions.push((fact, Action::Add));
        }
    }
    Ok(decisions)
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn every_fact_is_decided_and_nothing_else_is() {
        let answer = r#"```json
            {"decisions":[
                {"fact":1,"event":"UPDATE","memory":"m2","text":"Ann lives in Oslo with Bo."},
                {"fact":2,"event":"DELETE","memory":"m1","text":""},
                {"fact":2,"event":"DELETE","memory":"m2","text":""},
                {"fact":3,"event":"NONE","memory":"m3","text":""},
                {"fact":4,"event":"UPDATE","memory":"m9","text":"x"},
                {"fact":9,"event":"ADD","memory":"","text":""},
                {"fact":5,"event":"ERASE","memory":"m3","text":""},
            ]}```"#;
        let read = super::read(answer, 5, 3).unwrap();
        assert_eq!(
            read.actions,
            [
                (0, Action::Update(1, "Ann lives in Oslo with Bo.".to_owned())),
                (1, Action::Delete(0)),
                (2, Action::Nothing(Some(2))),
                (3, Action::Add),
                (4, Action::Add),
            ]
        );
        assert_eq!((read.ignored.len(), read.cut), (4, false));
        let cut = super::read(r#"{"decisions":[{"fact":1,"event":"NONE","memory":""},{"fact":2,"ev"#, 2, 0)
            .unwrap();
        assert_eq!((cut.cut, cut.actions), (true, vec![(0, Action::Nothing(None)), (1, Action::Add)]));
        assert_eq!(super::read("I think so.", 1, 1).unwrap_err().code(), "MODEL_RESPONSE_INVALID");
    }
}
