//! The token table of a memory: loaded with the first call that needs it, and given to every partition.
//!
//! Without it everything works, by keywords; the calls that would have used it say so.

use std::cell::RefCell;
use std::rc::Rc;

use crate::error::Result;
use crate::host::{Gate, Host};
use crate::index::meanings::Meanings;
use crate::model::TokenSource;
use crate::text::Analyzer;
use crate::vector::TokenTable;

/// The table, once it is there.
pub struct Meaning {
    source: Option<Rc<dyn TokenSource>>,
    loaders: Rc<dyn Gate>,
    meanings: RefCell<Option<Rc<Meanings>>>,
}

impl Meaning {
    pub fn new(source: Option<Rc<dyn TokenSource>>, host: &dyn Host) -> Meaning {
        Meaning { source, loaders: host.gate(), meanings: RefCell::default() }
    }

    /// The table if it is loaded.
    pub fn loaded(&self) -> Option<Rc<Meanings>> {
        self.meanings.borrow().clone()
    }

    /// The table, which is loaded if it is not; `None` if there is to be none. A failure is not remembered: the
    /// next call tries again. `TOKENS_UNAVAILABLE`, `TABLE_INVALID`.
    pub async fn load(&self) -> Result<Option<Rc<Meanings>>> {
        let Some(source) = &self.source else { return Ok(None) };
        if let Some(loaded) = self.loaded() {
            return Ok(Some(loaded));
        }
        let _turn = self.loaders.enter().await;
        // Someone else may have loaded it while this call waited.
        if let Some(loaded) = self.loaded() {
            return Ok(Some(loaded));
        }
        let table = TokenTable::decode(source.load().await?)?;
        let meanings = Rc::new(Meanings::of(Rc::new(table), &Analyzer::default()));
        *self.meanings.borrow_mut() = Some(Rc::clone(&meanings));
        Ok(Some(meanings))
    }
}
