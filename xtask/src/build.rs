//! `cargo xtask build`: from the Rust and TypeScript sources to the folders that are published and tested.
//!
//! Five stages for each output: compile the core, generate its glue, optimise it, bundle the entries, write
//! the declarations. Each is skipped while its inputs are the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::manifest::{Manifest, Output};
use crate::stage::{self, Inputs};
use crate::table::{self, Table};
use crate::{Result, execute, glue, order, panics, sizes};

const TARGET: &str = "wasm32-unknown-unknown";
/// Where compiled cores are kept, for all outputs.
const COMPILED: &str = "target/xtask/compiled";
const ENTRIES: [&str; 8] = ["node", "browser", "workerd", "slim", "cloudflare", "server", "transfer", "cli"];
/// Entries without the core, each a module by itself: the client and the adapters of frameworks, which import what they
/// need of a framework.
const SEPARATE: [&str; 10] = [
    "entries/claude-memory",
    "entries/client",
    "adapters/agents",
    "adapters/ai-sdk",
    "adapters/google-adk",
    "adapters/langchain",
    "adapters/langgraph",
    "adapters/mastra",
    "adapters/mastra-storage",
    "adapters/openai-agents",
];

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
struct Tools {
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
    fn command(&self, name: &str) -> Command {
        let file = if cfg!(windows) { format!("{name}.cmd") } else { name.to_owned() };
        Command::new(self.modules.join(".bin").join(file))
    }
}

/// One compiled core of an output.
struct Core<'a> {
    /// What its files have at the end of their names.
    suffix: String,
    package: &'a str,
    features: &'a [String],
}

impl Core<'_> {
    fn wasm(&self) -> String {
        format!("edgemem{}.wasm", self.suffix)
    }

    fn glue(&self) -> String {
        format!("glue{}.js", self.suffix)
    }

    /// The compiled file, from the root; cores with the same features share it, those of other outputs too.
    fn compiled(&self) -> String {
        format!("{COMPILED}/{}-{}.wasm", self.package, self.features.join("+"))
    }
}

struct Build<'a> {
    root: &'a Path,
    tools: &'a Tools,
    manifest: &'a Manifest,
    table: &'a Table,
    name: &'a str,
    output: &'a Output,
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
    fn cores(&self) -> Vec<Core<'_>> {
        let variants = self.output.variant.iter();
        let variants = variants.map(|(name, features)| {
            let package = self.output.variant_package.get(name).unwrap_or(&self.output.package);
            Core { suffix: format!("-{name}"), package, features }
        });
        let Output { package, features, .. } = self.output;
        std::iter::once(Core { suffix: String::new(), package, features }).chain(variants).collect()
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
                command.args([
                    "build",
                    "--quiet",
                    "--release",
                    "--lib",
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
        let inputs = inputs.bytes(&wasm);
        stage::run(
            &self.work(&format!("bind{}.stamp", core.suffix)),
            inputs,
            &[bound.clone(), js.clone()],
            || {
                // What is no npm package brings dependencies of its own, and these say in a log what a panic said.
                let extras = self.output.shim.is_some();
                let wasm = if extras { wasm } else { panics::silenced(wasm)? };
                let output = glue::generate(wasm, extras)?;
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

    fn optimise(&self, core: &Core<'_>) -> Result<()> {
        let (bound, product) = (self.work(&core.wasm()), self.folder().join(core.wasm()));
        if !self.output.optimised {
            fs::copy(&bound, &product)?;
            return Ok(());
        }
        let inputs = self.inputs().bytes(include_bytes!("order.rs"));
        let inputs = inputs.strings(&self.manifest.features).strings(&self.manifest.optimise).path(&bound)?;
        stage::run(
            &self.work(&format!("optimise{}.stamp", core.suffix)),
            inputs,
            std::slice::from_ref(&product),
            || {
                let unordered = self.work(&format!("unordered-{}", core.wasm()));
                self.wasm_opt(self.manifest.optimise.iter().map(String::as_str), &bound, &unordered)?;
                fs::write(&unordered, order::named(&fs::read(&unordered)?)?)?;
                self.wasm_opt(order::SORT, &unordered, &product)
            },
        )
    }

    fn wasm_opt<'a>(&self, passes: impl IntoIterator<Item = &'a str>, from: &Path, to: &Path) -> Result<()> {
        let mut command = self.tools.command("wasm-opt");
        command.args(&self.manifest.features).args(passes).arg(from).arg("-o").arg(to);
        execute(&mut command)
    }

    /// Turns TypeScript into one module per entry plus one for what they share. The glue and the core stay
    /// files of their own: hosts load the core in different ways, and the tests look at the glue.
    fn bundle(&self) -> Result<()> {
        if let Some(shim) = &self.output.shim {
            return self.shim(&self.root.join(shim));
        }
        let folder = self.folder();
        let entries = ENTRIES.map(|entry| self.root.join(format!("src/js/entries/{entry}.ts")));
        let glues: Vec<String> = self.cores().iter().map(Core::glue).collect();
        let mut products: Vec<PathBuf> = glues.iter().map(|glue| folder.join(glue)).collect();
        let names = SEPARATE.iter().filter_map(|entry| entry.rsplit('/').next());
        products.extend(ENTRIES.into_iter().chain(names).map(|name| folder.join(format!("{name}.js"))));
        let mut inputs = self.inputs().path(&self.root.join("src/js"))?.path(&self.tsconfig())?;
        // The command line measures with what measures here.
        inputs =
            inputs.path(&self.root.join("tools/eval"))?.path(&self.root.join("tools/lib/terminal.mjs"))?;
        inputs = inputs.bytes(self.table.constant().as_bytes());
        for glue in &glues {
            inputs = inputs.path(&self.work(glue))?;
        }
        stage::run(&self.work("bundle.stamp"), inputs, &products, || {
            // The name of the shared module changes with its content; its predecessors must not be published.
            for file in fs::read_dir(&folder)? {
                let path = file?.path();
                if path.extension().is_some_and(|extension| extension == "js") {
                    fs::remove_file(path)?;
                }
            }
            for glue in &glues {
                let mut command = self.esbuild();
                command.arg(self.work(glue)).args(["--minify-whitespace", "--minify-syntax"]);
                execute(command.arg(format!("--outfile={}", folder.join(glue).display())))?;
            }

            let mut command = self.esbuild();
            command.args(SEPARATE.map(|entry| self.root.join(format!("src/js/{entry}.ts"))));
            command.args(["--bundle", "--minify-whitespace", "--minify-syntax"]);
            command.args(["--entry-names=[name]", "--external:@langchain/*", "--external:@mastra/*"]);
            execute(command.arg(format!("--outdir={}", folder.display())))?;

            let mut command = self.loading_esbuild()?;
            command.args(entries).args(["--bundle", "--splitting", "--chunk-names=shared-[hash]"]);
            command.args(glues.iter().map(|glue| format!("--external:*/{glue}")));
            command.arg("--external:node:*");
            execute(command.arg(format!("--outdir={}", folder.display())))
        })
    }

    /// Puts the one module of an output that is no npm package beside its glue.
    fn shim(&self, shim: &Path) -> Result<()> {
        let products = ["glue.js", "index.js"].map(|file| self.folder().join(file));
        let inputs = self.inputs().path(shim)?.path(&self.work("glue.js"))?.path(&self.work("snippets"))?;
        // The shim loads the table as the package does.
        let inputs = inputs.path(&self.root.join("src/js"))?.bytes(self.table.constant().as_bytes());
        stage::run(&self.work("bundle.stamp"), inputs, &products, || {
            let [glue, index] = &products;
            let mut command = self.esbuild();
            // What crates bring as snippets goes into the glue; what the runtime has stays an import.
            command.arg(self.work("glue.js")).args(["--bundle", "--external:cloudflare:*"]);
            command.args(["--minify-whitespace", "--minify-syntax"]);
            execute(command.arg(format!("--outfile={}", glue.display())))?;

            let mut command = self.loading_esbuild()?;
            command.arg(shim).args(["--bundle", "--external:*/glue.js"]);
            execute(command.arg(format!("--outfile={}", index.display())))
        })
    }

    /// esbuild for modules that load the core and the token table: both stay files, and what identifies the table is
    /// written in.
    fn loading_esbuild(&self) -> Result<Command> {
        let constant = self.work("table.js");
        fs::write(&constant, self.table.constant())?;
        let mut command = self.esbuild();
        command.arg(format!("--inject:{}", constant.display())).arg("--external:*.wasm");
        command.arg(format!("--external:*/{}", table::NAME));
        Ok(command)
    }

    fn esbuild(&self) -> Command {
        let mut command = self.tools.command("esbuild");
        command.current_dir(self.root).args(["--format=esm", "--target=es2022", "--log-level=warning"]);
        command.args(["--legal-comments=none"]);
        command
    }

    /// Checks the types and writes the declarations.
    fn declare(&self) -> Result<()> {
        let types = self.folder().join("types");
        let inputs = self.inputs().path(&self.root.join("src/js"))?.path(&self.tsconfig())?;
        let mut products = ENTRIES.map(|entry| types.join(format!("entries/{entry}.d.ts"))).to_vec();
        products.extend(SEPARATE.map(|entry| types.join(format!("{entry}.d.ts"))));
        stage::run(&self.work("declare.stamp"), inputs, &products, || {
            if types.exists() {
                fs::remove_dir_all(&types)?;
            }
            let mut command = self.tools.command("tsc");
            command.current_dir(self.root).arg("--project").arg(self.tsconfig());
            command.args([
                "--noEmit",
                "false",
                "--declaration",
                "--emitDeclarationOnly",
                "--rootDir",
                "src/js",
            ]);
            execute(command.arg("--outDir").arg(&types))
        })
    }

    /// What every stage that runs a tool from npm depends on.
    fn inputs(&self) -> Inputs {
        Inputs::default().bytes(include_bytes!("build.rs")).strings(&self.tools.versions)
    }

    fn tsconfig(&self) -> PathBuf {
        self.root.join("tsconfig.json")
    }

    fn folder(&self) -> PathBuf {
        self.root.join(self.name)
    }

    /// A file between two stages.
    fn work(&self, file: &str) -> PathBuf {
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
