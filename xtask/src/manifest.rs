//! The build manifest, `wasm-pack.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::Result;

/// What to build, and how large it may become.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Arguments of wasm-opt.
    pub optimise: Vec<String>,
    /// The outputs by the name of their folder.
    pub output: BTreeMap<String, Output>,
}

/// One output: a folder with the core, its glue and the entries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Cargo features of the core.
    pub features: Vec<String>,
    /// Whether wasm-opt runs: it takes longer than everything else.
    #[serde(default)]
    pub optimised: bool,
    /// Whether TypeScript declarations belong to it.
    #[serde(default)]
    pub declarations: bool,
    /// The most bytes that a file may have after gzip, by the file's name.
    #[serde(default)]
    pub budget: BTreeMap<String, usize>,
}

impl Manifest {
    /// Reads the manifest at the repository's root.
    pub fn read(root: &Path) -> Result<Manifest> {
        let path = root.join("wasm-pack.toml");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(toml::from_str(&text).map_err(|error| format!("wasm-pack.toml: {error}"))?)
    }
}
