//! `cargo xtask build`: from the Rust and TypeScript sources to the folders that are published and tested.
//!
//! Five stages for each output: compile the core, generate its glue, optimise it, bundle the entries, write
//! the declarations. Each is skipped while its inputs are the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::manifest::{Manifest, Output};
use crate::stage::{self, Inputs};
use crate::table::Table;
use crate::{Result, execute, glue, panics, sizes, split};

const TARGET: &str = "wasm32-unknown-unknown";
/// Where compiled cores are kept, for all outputs.
const COMPILED: &str = "target/xtask/compiled";

/// Builds the outputs named, or all of the manifest's.
pub fn run(root: &Path, names: &[String]) -> Result<()> {
    let manifest = Manifest::read(root)?;
    if let Some(unknown) = names.iter().find(|name| !manifest.output.contains_key(*name)) {
        return Err(format!("wasm-pack.toml has no output {unknown}").into());
    }
    let tools = Tools::find(root)?;
    let table = Table::read(root, &manifest.table)?;
    let chosen = || manifest.output.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    for (name, output) in chosen() {
        let build = Build { root, tools: &tools, manifest: &manifest, table: &table, name, output };
        build.run().map_err(|error| format!("{name}: {error}"))?;
    }
    // Only now, so that what is too large can still be looked at and tested.
    let mut over: Vec<String> = table.over().into_iter().collect();
    for (name, output) in chosen() {
        over.extend(sizes::check(&root.join(name), name, output, &table)?);
    }
    if over.is_empty() { Ok(()) } else { Err(over.join("\n       ").into()) }
}

/// The tools that come from npm, with their versions as inputs of the stages that use them.
pub struct Tools {
    modules: PathBuf,
    versions: Vec<String>,
}

impl Tools {
    const PACKAGES: [&str; 3] = ["binaryen", "esbuild", "typescript"];

    fn find(root: &Path) -> Result<Tools> {
        let modules = root.join("node_modules");
        let mut versions = Vec::new();
        for package in Tools::PACKAGES {
            let path = modules.join(package).join("package.json");
            let text = fs::read_to_string(path)
                .map_err(|_| format!("the npm package {package} is missing: run `npm ci` first"))?;
            let package: serde_json::Value = serde_json::from_str(&text)?;
            versions.push(package["version"].as_str().unwrap_or_default().to_owned());
        }
        Ok(Tools { modules, versions })
    }

    /// A tool's command, by the link that npm makes for it. (What lies behind the link differs: esbuild
    /// replaces its script with the native program where its install script may run.)
    pub fn command(&self, name: &str) -> Command {
        let file = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
        Command::new(self.modules.join(".bin").join(file))
    }
}

/// One compiled core of an output.
pub struct Core<'a> {
    /// What its files have at the end of their names.
    pub suffix: String,
    package: &'a str,
    features: &'a [String],
    /// Whether it is cut in two.
    pub split: bool,
}

impl Core<'_> {
    pub fn wasm(&self) -> String {
        format!("edgemem{}.wasm", self.suffix)
    }

    /// The second half of a core that is cut in two.
    pub fn more(&self) -> String {
        format!("edgemem{}-more.wasm", self.suffix)
    }

    pub fn glue(&self) -> String {
        format!("glue{}.js", self.suffix)
    }

    /// The compiled file, from the root; cores with the same features share it, those of other outputs too.
    pub fn compiled(&self) -> String {
        format!("{COMPILED}/{}-{}.wasm", self.package, self.features.join("+"))
    }
}

pub struct Build<'a> {
    pub root: &'a Path,
    pub tools: &'a Tools,
    pub manifest: &'a Manifest,
    pub table: &'a Table,
    name: &'a str,
    pub output: &'a Output,
}

impl Build<'_> {
    fn run(&self) -> Result<()> {
        fs::create_dir_all(self.folder())?;
        fs::create_dir_all(self.work(""))?;
        fs::create_dir_all(self.root.join(COMPILED))?;
        for core in self.cores() {
            self.compile(&core)?;
            self.bind(&core)?;
            self.optimise(&core)?;
        }
        self.table.copy(&self.folder())?;
        self.bundle()?;
        if self.output.declarations {
            self.declare()?;
        }
        Ok(())
    }

    /// The output's core, and one for each variant.
    pub fn cores(&self) -> Vec<Core<'_>> {
        let variants = self.output.variant.iter();
        let variants = variants.map(|(name, features)| {
            let package = self.output.variant_package.get(name).unwrap_or(&self.output.package);
            Core { suffix: format!("-{name}"), package, features, split: false }
        });
        let Output { package, features, split, .. } = self.output;
        let own = Core { suffix: String::new(), package, features, split: *split };
        std::iter::once(own).chain(variants).collect()
    }

    /// Compiles the core. The outputs differ in features only and Cargo gives them one file, so it would
    /// compile again for each output whenever it is asked; hence the stamp.
    fn compile(&self, core: &Core<'_>) -> Result<()> {
        let product = self.root.join(core.compiled());
        let package = core.package;
        let mut inputs = self.inputs().strings(core.features).bytes(package.as_bytes());
        for entry in fs::read_dir(self.root.join("src"))? {
            let path = entry?.path();
            // TypeScript lives in a folder of its own; everything else is the crate's.
            if path.file_name().is_none_or(|name| name != "js") {
                inputs = inputs.path(&path)?;
            }
        }
        inputs = inputs.path(&self.root.join("kernels/src"))?.path(&self.root.join("kernels/Cargo.toml"))?;
        if package != "edgemem" {
            // The other crates have names like edgemem-worker and folders like worker, and all of them are over the service.
            for folder in ["service", package.trim_start_matches("edgemem-")] {
                let folder = self.root.join(folder);
                inputs = inputs.path(&folder.join("src"))?.path(&folder.join("Cargo.toml"))?;
            }
        }
        for file in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml"] {
            inputs = inputs.path(&self.root.join(file))?;
        }
        stage::run(
            &self.root.join(format!("{}.stamp", core.compiled())),
            inputs,
            std::slice::from_ref(&product),
            || {
                let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
                let mut command = Command::new(cargo);
                command.current_dir(self.root);
                // Asked for an rlib as well, cargo leaves out the optimisation over all crates, and the core is larger.
                command.args([
                    "rustc",
                    "--quiet",
                    "--release",
                    "--lib",
                    "--crate-type",
                    "cdylib",
                    "--package",
                    package,
                    "--target",
                    TARGET,
                ]);
                // Locations of panics are file names: they need not say where this machine keeps its sources.
                let remaps = remapped_paths(self.root)
                    .into_iter()
                    .map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
                let flags = serde_json::Value::from_iter(remaps);
                command.arg("--config").arg(format!("target.{TARGET}.rustflags={flags}"));
                if !core.features.is_empty() {
                    command.args(["--features", &core.features.join(",")]);
                }
                // Relocations tell what refers to what, which is what `split/reach.rs` asks.
                command.args(["--", "-Clink-arg=--emit-relocs"]);
                execute(&mut command)?;
                let target =
                    std::env::var_os("CARGO_TARGET_DIR").map_or(self.root.join("target"), PathBuf::from);
                let path =
                    target.join(TARGET).join("release").join(format!("{}.wasm", package.replace('-', "_")));
                fs::copy(&path, &product).map_err(|error| format!("{}: {error}", path.display()))?;
                Ok(())
            },
        )
    }

    fn bind(&self, core: &Core<'_>) -> Result<()> {
        let wasm = fs::read(self.root.join(core.compiled()))?;
        let (bound, js) = (self.work(&core.wasm()), self.work(&core.glue()));
        let inputs = Inputs::default().bytes(include_bytes!("glue.rs")).bytes(include_bytes!("panics.rs"));
        let inputs = inputs.bytes(include_bytes!("split/reach.rs")).bytes(include_bytes!("split/mod.rs"));
        let inputs = inputs.bytes(&[core.split.into()]).bytes(&wasm);
        stage::run(
            &self.work(&format!("bind{}.stamp", core.suffix)),
            inputs,
            &[bound.clone(), js.clone()],
            || {
                // What is no npm package brings dependencies of its own, and these say in a log what a panic said.
                let extras = self.output.shim.is_some();
                let wasm = if extras { wasm } else { panics::silenced(wasm)? };
                let wasm = split::without_relocations(&wasm)?;
                let output = glue::generate(&wasm, extras, core.split)?;
                if core.split {
                    split::same_slots(&wasm, &output.wasm)?;
                }
                let snippets = self.work("snippets");
                if snippets.exists() {
                    fs::remove_dir_all(&snippets)?;
                }
                fs::create_dir_all(&snippets)?;
                for (path, text) in output.snippets {
                    let path = snippets.join(path);
                    path.parent().map_or(Ok(()), fs::create_dir_all)?;
                    fs::write(path, text)?;
                }
                fs::write(bound, output.wasm)?;
                Ok(fs::write(js, output.js)?)
            },
        )
    }

    /// What every stage that runs a tool from npm depends on.
    pub fn inputs(&self) -> Inputs {
        Inputs::default().bytes(include_bytes!("build.rs")).strings(&self.tools.versions)
    }

    pub fn tsconfig(&self) -> PathBuf {
        self.root.join("tsconfig.json")
    }

    pub fn folder(&self) -> PathBuf {
        self.root.join(self.name)
    }

    /// A file between two stages.
    pub fn work(&self, file: &str) -> PathBuf {
        self.root.join("target/xtask").join(self.name).join(file)
    }
}

/// Where sources lie on this machine, and what the product calls these places.
fn remapped_paths(root: &Path) -> Vec<(String, String)> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let registries = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok()).into_iter().flatten();
    let registries = registries.flatten().map(|entry| (entry.path(), "crates"));
    registries
        .chain([(root.to_owned(), "edgemem")])
        .map(|(path, name)| (path.display().to_string(), name.to_owned()))
        .collect()
}
