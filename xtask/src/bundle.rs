//! The last stages of `cargo xtask build`: TypeScript to modules, and to declarations.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{Build, Core};
use crate::stage::{self, Inputs};
use crate::{Result, execute, table};

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

impl Build<'_> {
    /// Turns TypeScript into one module per entry plus one for what they share. The glue and the core stay
    /// files of their own: hosts load the core in different ways, and the tests look at the glue.
    pub fn bundle(&self) -> Result<()> {
        if let Some(shim) = &self.output.shim {
            return self.shim(&self.root.join(shim));
        }
        let folder = self.folder();
        let entries = ENTRIES.map(|entry| self.root.join(format!("src/js/entries/{entry}.ts")));
        let glues: Vec<String> = self.cores().iter().map(Core::glue).collect();
        let mut products: Vec<PathBuf> = glues.iter().map(|glue| folder.join(glue)).collect();
        let names = SEPARATE.iter().filter_map(|entry| entry.rsplit('/').next());
        products.extend(ENTRIES.into_iter().chain(names).map(|name| folder.join(format!("{name}.js"))));
        let mut inputs = self.what_bundles().path(&self.root.join("src/js"))?.path(&self.tsconfig())?;
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
        let inputs =
            self.what_bundles().path(shim)?.path(&self.work("glue.js"))?.path(&self.work("snippets"))?;
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

    /// What every stage here depends on.
    fn what_bundles(&self) -> Inputs {
        self.inputs().bytes(include_bytes!("bundle.rs"))
    }

    /// Checks the types and writes the declarations.
    pub fn declare(&self) -> Result<()> {
        let types = self.folder().join("types");
        let inputs = self.what_bundles().path(&self.root.join("src/js"))?.path(&self.tsconfig())?;
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
}
