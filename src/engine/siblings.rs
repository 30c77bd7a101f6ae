//! Statements of one message: the message is found as one turn, and of its statements those come first that hold
//! themselves what was asked for.

use super::field::Field;

/// How far a statement stays behind a sibling, by how much less it holds itself. The greater, the more messages a
/// few results are of; the statement that holds most of a message is not affected.
const APART: f32 = 1.5;

/// What tells statements of one partition's turns apart.
pub(super) struct Siblings<'a> {
    pub field: &'a Field<'a>,
    /// Per question term, what holding it is worth, as a share of the best turn's keyword total.
    pub terms: &'a [f32],
    /// By statement; empty without a question vector.
    pub cosines: &'a [f32],
    /// The lowest cosine of the question, and the distance from there to the highest.
    pub lowest: f32,
    pub range: f32,
    /// The weights of the signals.
    pub keyword: f32,
    pub semantic: f32,
}

/// What a statement holds itself, or what it lacks, by signal: parts of the best of the question.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own {
    pub keyword: f32,
    pub semantic: f32,
}

impl Siblings<'_> {
    /// Calls `visit` with the seen statements of a turn, and how far each stays behind the best of them.
    pub fn each(&self, turn: usize, mut visit: impl FnMut(usize, f32)) {
        let best = self.best(turn);
        for statement in self.field.statements(turn) {
            visit(statement, self.worth(self.behind(statement, best)));
        }
    }

    /// How far a statement stays behind the best one of its turn.
    pub fn explain(&self, statement: usize) -> Own {
        self.behind(statement, self.best(self.field.layout.turn_of(statement)))
    }

    /// Of the statement that holds most; `None` for a turn of one statement, which is nothing but the turn.
    fn best(&self, turn: usize) -> Option<Own> {
        if self.field.layout.statements(turn).len() == 1 {
            return None;
        }
        let own = self.field.statements(turn).map(|statement| self.own(statement));
        own.reduce(|best, own| if self.worth(own) > self.worth(best) { own } else { best })
    }

    fn behind(&self, statement: usize, best: Option<Own>) -> Own {
        let Some(best) = best else { return Own::default() };
        let own = self.own(statement);
        Own {
            keyword: APART * (best.keyword - own.keyword),
            semantic: APART * (best.semantic - own.semantic),
        }
    }

    fn own(&self, statement: usize) -> Own {
        let mut held = self.field.holds[statement].get();
        let mut own = Own::default();
        while held != 0 {
            own.keyword += self.terms[held.trailing_zeros() as usize];
            held &= held - 1;
        }
        let cosine = self.cosines.get(statement).copied().unwrap_or(-1.0);
        if cosine > self.lowest && self.range > 0.0 {
            own.semantic = (cosine - self.lowest) / self.range;
        }
        own
    }

    fn worth(&self, own: Own) -> f32 {
        self.keyword * own.keyword + self.semantic * own.semantic
    }
}
