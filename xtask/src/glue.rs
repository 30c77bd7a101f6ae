//! The glue between JavaScript and the core, as a factory.
//!
//! wasm-bindgen's `web` target keeps one instance of the core per JavaScript module, which can never be
//! replaced. We need several: one per `Memory`, and a fresh one after a trap. So the generated code is
//! wrapped in a function, `createInstance(module)`, that gives every caller an instance of its own. Loading
//! is not the glue's business (each host's entry does it), so the code for that is cut out.
//!
//! All of this depends on the shape of generated code, so every assumption is checked: a wasm-bindgen
//! that writes something else fails the build and not a user's page.

use wasm_bindgen_cli_support::Bindgen;

use crate::Result;

/// The core without its glue, and the glue.
pub struct Bound {
    /// The transformed module.
    pub wasm: Vec<u8>,
    /// The JavaScript module that exports `createInstance`.
    pub js: String,
}

/// Generates the glue for a compiled core.
pub fn generate(wasm: Vec<u8>) -> Result<Bound> {
    let mut output = Bindgen::new()
        .input_bytes("edgemem", wasm)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .omit_default_module_path(true)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate_output()
        })
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    let inline: usize = output.snippets().values().map(Vec::len).sum();
    let extras = inline + output.local_modules().len() + output.npm_dependencies().len();
    if extras > 0 {
        return Err("the core must not bring JavaScript of its own (inline_js, module = …)".into());
    }
    let js = factory(output.js())?;
    Ok(Bound { wasm: output.wasm_mut().emit_wasm(), js })
}

/// What is cut out: from the first text up to, not including, the second.
const CUTS: [(&str, &str); 2] = [
    ("async function __wbg_load(", "function initSync("),
    ("let __wbg_init_promise;", "export { initSync, __wbg_init as default };"),
];

/// Wraps the code that wasm-bindgen writes for the `web` target.
fn factory(generated: &str) -> Result<String> {
    let mut code = generated.to_owned();
    for (from, to) in CUTS {
        let start = only(&code, from)?;
        let end = only(&code, to)?;
        if start > end {
            return Err(shape(&format!("`{from}` after `{to}`")));
        }
        code.replace_range(start..end, "");
    }
    let tail = only(&code, "export { initSync, __wbg_init as default };")?;
    code.truncate(tail);
    only(&code, "let wasmModule, wasmInstance, wasm;")?;
    only(&code, "function initSync(module)")?;

    let mut names = Vec::new();
    let mut caches = Vec::new();
    for line in code.lines() {
        if let Some(rest) = line.strip_prefix("export class ") {
            names.extend(rest.split_whitespace().next().map(str::to_owned));
        } else if line.starts_with("export ") || line.starts_with("import ") {
            return Err(shape(&format!("`{line}`")));
        }
        if let Some(rest) = line.trim_start().strip_prefix("let cached") {
            let name = rest.split_once(" = null;").map(|(name, _)| name);
            caches.extend(
                name.filter(|name| name.contains("Memory")).map(|name| format!("cached{name} = null;")),
            );
        }
    }
    for class in ["Core", "Call"] {
        if !names.iter().any(|name| name == class) {
            return Err(shape(&format!("no class {class}")));
        }
    }
    if caches.is_empty() {
        return Err(shape("no cached view of the memory"));
    }
    if let Some(text) =
        ["import.meta", "new URL(", "export default"].iter().find(|text| code.contains(**text))
    {
        return Err(shape(&format!("`{text}`")));
    }

    let code = code.replace("\nexport class ", "\nclass ");
    Ok(format!("{HEAD}\n{code}\n{}", foot(&names.join(", "), &caches.join(" "))))
}

const HEAD: &str = "export function createInstance(module) {";

/// The end of the factory. Once abandoned, finalizers and callbacks that still refer to a trapped instance
/// find something that swallows every call, and the instance's memory can be collected.
fn foot(names: &str, caches: &str) -> String {
    format!(
        "initSync({{ module }});
return {{
  {names},
  size: () => (wasmInstance === undefined ? 0 : wasm.memory.buffer.byteLength),
  abandon() {{
    const gone = new Proxy(function () {{}}, {{ get: () => gone, apply: () => undefined }});
    wasm = gone;
    wasmInstance = undefined;
    {caches}
  }},
}};
}}
"
    )
}

/// Where this text is, provided that it is there once.
fn only(code: &str, text: &str) -> Result<usize> {
    let mut found = code.match_indices(text);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok(at),
        (None, _) => Err(shape(&format!("no `{text}`"))),
        _ => Err(shape(&format!("more than one `{text}`"))),
    }
}

fn shape(what: &str) -> Box<dyn std::error::Error> {
    format!(
        "wasm-bindgen wrote glue of an unknown shape: {what}. Bring xtask/src/glue.rs up to date with it."
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATED: &str = "
export class Call {
}
export class Core {
}
let cachedUint8ArrayMemory0 = null;
let wasmModule, wasmInstance, wasm;
async function __wbg_load(module, imports) {}
function initSync(module) {}
let __wbg_init_promise;
async function __wbg_init() {}
export { initSync, __wbg_init as default };
";

    #[test]
    fn wraps_the_known_shape() {
        let js = factory(GENERATED).unwrap();
        assert!(js.starts_with("export function createInstance(module) {"));
        assert!(js.contains("\nclass Core {"));
        assert!(js.contains("Call, Core,"));
        assert!(js.contains("cachedUint8ArrayMemory0 = null;\n  },"));
        assert!(!js.contains("__wbg_load") && !js.contains("__wbg_init"));
        assert_eq!(js.matches("export ").count(), 1);
    }

    #[test]
    fn refuses_any_other() {
        for (from, to) in [
            ("export class Core", "export class Kernel"),
            ("async function __wbg_load", "async function __wbg_fetch"),
            ("let wasmModule, wasmInstance, wasm;", "let wasm;"),
            ("let cachedUint8ArrayMemory0 = null;", ""),
            ("export class Call {", "export function stray() {}\nexport class Call {"),
            ("export class Call {", "import * as stray from 'stray';\nexport class Call {"),
            ("export class Call {", "const at = import.meta.url;\nexport class Call {"),
            ("function initSync(module) {}", "function initSync(module) {}\nfunction initSync(module) {}"),
        ] {
            let error = factory(&GENERATED.replacen(from, to, 1)).err().map(|error| error.to_string());
            assert!(error.as_deref().is_some_and(|text| text.contains("unknown shape")), "{to}: {error:?}");
        }
    }
}
