//! What every reranker does alike: check the scores that come back.

/// Scores under inspection: one finite number for each text.
pub struct Scores(Vec<Option<f32>>);

impl Scores {
    /// None yet, for so many texts.
    pub fn new(texts: usize) -> Scores {
        Scores(vec![None; texts])
    }

    /// Takes the score of the text at `index`; what is wrong with it, if anything.
    pub fn set(&mut self, index: Option<usize>, score: Option<f64>) -> Result<(), String> {
        let Some(slot @ None) = index.and_then(|index| self.0.get_mut(index)) else {
            return Err("scores whose index is twice the same or too large".to_owned());
        };
        // Conversion to 32 bits makes numbers beyond 3.4e38 infinite, so it comes before the check.
        match score.map(|score| score as f32).filter(|score| score.is_finite()) {
            Some(score) => *slot = Some(score),
            None => return Err("a score that is no finite number".to_owned()),
        }
        Ok(())
    }

    /// The scores in the order of the texts; what is wrong if some are missing.
    pub fn finish(self) -> Result<Vec<f32>, String> {
        let texts = self.0.len();
        let scores: Vec<f32> = self.0.into_iter().flatten().collect();
        if scores.len() == texts {
            Ok(scores)
        } else {
            Err(format!("{} scores for {texts} texts", scores.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_has_one_finite_score() {
        for (given, expected) in [
            (&[(Some(1), Some(0.5)), (Some(0), Some(-2.0))][..], Ok(vec![-2.0, 0.5])),
            (&[(Some(0), Some(0.5))], Err("1 scores for 2 texts")),
            (&[(Some(0), Some(0.5)), (Some(0), Some(0.5))], Err("twice the same")),
            (&[(Some(2), Some(0.5))], Err("too large")),
            (&[(None, Some(0.5))], Err("too large")),
            (&[(Some(0), None)], Err("no finite number")),
            (&[(Some(0), Some(f64::NAN))], Err("no finite number")),
            (&[(Some(0), Some(1e39))], Err("no finite number")),
        ] {
            let mut scores = Scores::new(2);
            let taken = given.iter().try_for_each(|&(index, score)| scores.set(index, score));
            match (taken.and_then(|()| scores.finish()), expected) {
                (Ok(scores), Ok(expected)) => assert_eq!(scores, expected),
                (Err(what), Err(words)) => assert!(what.contains(words), "{what}"),
                (outcome, _) => panic!("{given:?}: {outcome:?}"),
            }
        }
    }
}
