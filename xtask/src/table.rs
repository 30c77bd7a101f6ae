//! The token table: data that every output carries, and that the modules around the core load and check.
//!
//! It is copied as it is, with its licence beside it. Its size and digest are written into the modules, so that a
//! table of another version, a truncated download or a page of HTML is told from it before the core sees it.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Result;
use crate::manifest::TableFile;

/// The name of the table in an output.
pub const NAME: &str = "edgemem-tokens.bin";
const LICENCE_NAME: &str = "edgemem-tokens.LICENSE.txt";

/// The table with what identifies it.
pub struct Table {
    bytes: Vec<u8>,
    licence: Vec<u8>,
    budget: usize,
}

impl Table {
    /// Reads the files that the manifest names.
    pub fn read(root: &Path, file: &TableFile) -> Result<Table> {
        let read = |path: &String| fs::read(root.join(path)).map_err(|error| format!("{path}: {error}"));
        let parts: Vec<Vec<u8>> = file.licence.iter().map(read).collect::<std::result::Result<_, _>>()?;
        Ok(Table { bytes: read(&file.path)?, licence: parts.join(&b"\n\n"[..]), budget: file.budget })
    }

    /// The module that esbuild puts in where a source says `TOKEN_TABLE`.
    pub fn constant(&self) -> String {
        let digest: String = Sha256::digest(&self.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("export const TOKEN_TABLE = {{ size: {}, sha256: \"{digest}\" }};\n", self.bytes.len())
    }

    /// Brings both files into an output. What is there and the same stays untouched.
    pub fn copy(&self, folder: &Path) -> Result<()> {
        for (name, bytes) in [(NAME, &self.bytes), (LICENCE_NAME, &self.licence)] {
            let path: PathBuf = folder.join(name);
            if fs::read(&path).ok().as_ref() != Some(bytes) {
                fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        }
        Ok(())
    }

    /// A complaint if the table is above its budget, which counts bytes as they are: it is what the disk, the cache
    /// and the memory of a tab hold.
    pub fn over(&self) -> Option<String> {
        let (size, budget) = (self.bytes.len(), self.budget);
        (size > budget).then(|| format!("{NAME} has {size} bytes, its budget is {budget}"))
    }

    /// The table's line in the table of sizes.
    pub fn line(&self) -> String {
        format!("  {NAME:<22}{:>10}{:>10}{:>10}{:>10}", self.bytes.len(), "", "", self.budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifies_the_bytes() {
        let table = Table { bytes: b"abc".to_vec(), licence: Vec::new(), budget: 2 };
        assert_eq!(
            table.constant(),
            "export const TOKEN_TABLE = { size: 3, sha256: \
             \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\" };\n"
        );
        assert_eq!(table.over().as_deref(), Some("edgemem-tokens.bin has 3 bytes, its budget is 2"));
        assert_eq!(Table { budget: 3, ..table }.over(), None);
    }
}
