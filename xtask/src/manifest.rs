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
    /// The arguments of wasm-opt that say what the hosts can do.
    pub features: Vec<String>,
    /// Its passes.
    pub optimise: Vec<String>,
    /// What leads to the second half of a core that is cut in two: paths of functions or modules.
    pub gates: Vec<String>,
    /// The token table, which every output carries.
    pub table: TableFile,
    /// The outputs by the name of their folder.
    pub output: BTreeMap<String, Output>,
}

/// Where the token table is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    /// The table, from the root.
    pub path: String,
    /// Where it comes from and its licence, likewise; one after the other these make one file.
    pub licence: Vec<String>,
    /// The most bytes that it may have, as they are.
    pub budget: usize,
}

/// One output: a folder with a compiled crate, its glue and the modules around them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// The crate; the core unless it is said.
    #[serde(default = "core")]
    pub package: String,
    /// Cargo features of the crate.
    #[serde(default)]
    pub features: Vec<String>,
    /// Further cores of the same output for hosts that need other features: the features by the host's name.
    /// They are `edgemem-NAME.wasm` with the glue `glue-NAME.js`.
    #[serde(default)]
    pub variant: BTreeMap<String, Vec<String>>,
    /// The crates of those variants that are compiled of another than the output's.
    #[serde(default)]
    pub variant_package: BTreeMap<String, String>,
    /// The one module around the glue, where the output is not the npm package with its entries.
    pub shim: Option<String>,
    /// Whether its core, though not those of its variants, is cut in two: `edgemem.wasm` and `edgemem-more.wasm`.
    #[serde(default)]
    pub split: bool,
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

fn core() -> String {
    "edgemem".to_owned()
}

impl Manifest {
    /// Reads the manifest at the repository's root.
    pub fn read(root: &Path) -> Result<Manifest> {
        let path = root.join("wasm-pack.toml");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(toml::from_str(&text).map_err(|error| format!("wasm-pack.toml: {error}"))?)
    }
}
