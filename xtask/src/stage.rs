//! Stages that are skipped while nothing they read has changed.
//!
//! A stage is named by its output and its own name, and remembers the digest of its inputs in a stamp
//! under `target/`. Contents are hashed, not dates, so that switching branches back and forth costs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Result;

/// The digest of everything that a stage reads.
#[derive(Default)]
pub struct Inputs {
    hasher: Sha256,
}

impl Inputs {
    /// Adds bytes. Lengths are hashed too, so that neighbouring inputs cannot run into each other.
    pub fn bytes(mut self, bytes: &[u8]) -> Inputs {
        self.hasher.update((bytes.len() as u64).to_le_bytes());
        self.hasher.update(bytes);
        self
    }

    /// Adds strings, such as a tool's arguments.
    pub fn strings(self, strings: &[String]) -> Inputs {
        strings.iter().fold(self, |inputs, text| inputs.bytes(text.as_bytes()))
    }

    /// Adds a file, or a folder with everything in it.
    pub fn path(self, path: &Path) -> Result<Inputs> {
        let fail = |error| format!("{}: {error}", path.display());
        if !path.is_dir() {
            let bytes = fs::read(path).map_err(fail)?;
            return Ok(self.bytes(path.to_string_lossy().as_bytes()).bytes(&bytes));
        }
        let mut children: Vec<PathBuf> = Vec::new();
        for child in fs::read_dir(path).map_err(fail)? {
            children.push(child?.path());
        }
        children.sort();
        children.iter().try_fold(self, |inputs, child| inputs.path(child))
    }

    fn digest(self) -> String {
        self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Runs `work` unless the stamp at `stamp` says that it ran on the same inputs and `products` still exist.
pub fn run(
    stamp: &Path,
    inputs: Inputs,
    products: &[PathBuf],
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let digest = inputs.digest();
    let fresh = fs::read_to_string(stamp).is_ok_and(|stored| stored == digest);
    if fresh && products.iter().all(|product| product.exists()) {
        return Ok(());
    }
    // A failed stage must run again, also if its inputs are changed back.
    let _ = fs::remove_file(stamp);
    work()?;
    Ok(fs::write(stamp, digest)?)
}
