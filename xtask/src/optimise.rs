//! The stage of `cargo xtask build` that makes cores small, and cuts that of tabs in two.

use std::fs;
use std::path::Path;

use crate::build::{Build, Core};
use crate::split::{self, Halves};
use crate::{Result, execute, order, panics, stage};

impl Build<'_> {
    /// From the core with its glue to the file that is published, or two of them.
    pub fn optimise(&self, core: &Core<'_>) -> Result<()> {
        let bound = self.work(&core.wasm());
        let mut products = vec![self.folder().join(core.wasm())];
        products.extend(core.split.then(|| self.folder().join(core.more())));
        let mut inputs = self.inputs().bytes(include_bytes!("optimise.rs")).bytes(include_bytes!("order.rs"));
        inputs = inputs.strings(&self.manifest.features).strings(&self.manifest.optimise).path(&bound)?;
        if core.split {
            inputs = inputs.bytes(include_bytes!("split/mod.rs")).bytes(include_bytes!("split/reach.rs"));
            inputs = inputs.strings(&self.manifest.gates);
        }
        stage::run(&self.work(&format!("optimise{}.stamp", core.suffix)), inputs, &products, || {
            let whole = self.work(&format!("whole-{}", core.wasm()));
            if self.output.optimised {
                // The names are needed until the core is cut.
                let names = core.split.then_some("--debuginfo");
                let passes = self.manifest.optimise.iter().map(String::as_str).chain(names);
                self.wasm_opt(passes, &bound, &whole)?;
            } else {
                fs::copy(&bound, &whole)?;
            }
            let whole = fs::read(whole)?;
            let modules = if core.split {
                let linked = panics::silenced(fs::read(self.root.join(core.compiled()))?)?;
                let Halves { first, second } =
                    split::split(&whole, &split::cold(&linked, &self.manifest.gates)?)?;
                vec![first, second]
            } else {
                vec![whole]
            };
            for (module, product) in modules.into_iter().zip(&products) {
                if self.output.optimised {
                    let unordered = self.work("unordered.wasm");
                    fs::write(&unordered, order::named(&module)?)?;
                    self.wasm_opt(order::SORT, &unordered, product)?;
                } else {
                    fs::write(product, module)?;
                }
            }
            Ok(())
        })
    }

    fn wasm_opt<'a>(&self, passes: impl IntoIterator<Item = &'a str>, from: &Path, to: &Path) -> Result<()> {
        let mut command = self.tools.command("wasm-opt");
        command.args(&self.manifest.features).args(passes).arg(from).arg("-o").arg(to);
        execute(&mut command)
    }
}
