//! The glue between JavaScript and the core, as a factory.
//!
//! wasm-bindgen's `web` target keeps one instance of the core per JavaScript module, which can never be
//! replaced. We need several: one per `Memory`, and a fresh one after a trap. So the generated code is
//! wrapped in a function, `createInstance(module)`, that gives every caller an instance of its own. Loading
//! is not the glue's business (each host's entry does it), so the code for that is cut out.
//!
//! All of this depends on the shape of generated code, so every assumption is checked: a wasm-bindgen
//! that writes something else fails the build and not a user's page.

use std::collections::HashMap;

use wasm_bindgen_cli_support::Bindgen;

use crate::Result;
use crate::split::FROM;

/// The core without its glue, and the glue.
pub struct Bound {
    /// The transformed module.
    pub wasm: Vec<u8>,
    /// The JavaScript module that exports `createInstance`.
    pub js: String,
    /// JavaScript that dependencies bring along: files that the module imports from `./snippets/`.
    pub snippets: Vec<(String, String)>,
}

/// Generates the glue for a compiled crate. `extras` says whether its dependencies may bring JavaScript of
/// their own, as workers-rs does; the core's may not, since every host would have to load that too. A module that is
/// to be cut in two keeps its names, and its instances get a method `more` that takes the second half.
pub fn generate(wasm: &[u8], extras: bool, split: bool) -> Result<Bound> {
    let mut output = Bindgen::new()
        .input_bytes("edgemem", wasm.to_vec())
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .omit_default_module_path(true)
                .demangle(!split)
                .remove_name_section(!split)
                .remove_producers_section(true)
                .generate_output()
        })
        .map_err(|error| format!("wasm-bindgen: {error:#}"))?;
    let mut snippets = Vec::new();
    for (folder, texts) in output.snippets() {
        let named = |(index, text): (usize, &String)| (format!("{folder}/inline{index}.js"), text.clone());
        snippets.extend(texts.iter().enumerate().map(named));
    }
    snippets.extend(output.local_modules().iter().map(|(path, text)| (path.clone(), text.clone())));
    if !output.npm_dependencies().is_empty() || (!extras && !snippets.is_empty()) {
        return Err("the core must not bring JavaScript of its own (inline_js, module = …)".into());
    }
    let mut js = factory(output.js(), extras, split)?;
    let module = output.wasm_mut();
    shorten(module.imports.iter_mut().map(|import| &mut import.name), &mut js);
    Ok(Bound { wasm: module.emit_wasm(), js, snippets })
}

/// Takes the digest out of the names of imported functions, `__wbg_fetch_a1b2c3d4e5f60718`: what is random does not
/// compress. Names that are equal without it are numbered.
fn shorten<'a>(imports: impl Iterator<Item = &'a mut String>, js: &mut String) {
    let mut taken = HashMap::new();
    for name in imports {
        let short = name.strip_prefix("__wbg_").or_else(|| name.strip_prefix("__wbindgen_"));
        let Some((short, _)) = short.and_then(|short| short.rsplit_once('_')) else { continue };
        let key = format!("{name}: function(");
        // Anything else than one definition is not understood, and keeps its name.
        if js.matches(name.as_str()).count() != 1 || !js.contains(&key) {
            continue;
        }
        let count = taken.entry(short.to_owned()).or_insert(0);
        *count += 1;
        // The dot keeps `get` with its number apart from another function's `get2`.
        let short = if *count == 1 { short.to_owned() } else { format!("{short}.{count}") };
        *js = js.replacen(&key, &format!("\"{short}\": function("), 1);
        *name = short;
    }
}

/// What is cut out: from the first text up to, not including, the second.
const CUTS: [(&str, &str); 2] = [
    ("async function __wbg_load(", "function initSync("),
    ("let __wbg_init_promise;", "export { initSync, __wbg_init as default };"),
];

/// Wraps the code that wasm-bindgen writes for the `web` target.
fn factory(generated: &str, extras: bool, split: bool) -> Result<String> {
    // Imports stay at the top of the module, outside of the function; several instances share them.
    let (imports, mut code) = split_imports(generated);
    if !extras && !imports.is_empty() {
        return Err(shape(&format!("`{imports}`")));
    }
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
    if split {
        only(&code, "function __wbg_get_imports()")?;
    }

    let mut names = Vec::new();
    let mut caches = Vec::new();
    for line in code.lines() {
        if let Some(rest) = line.strip_prefix("export class ") {
            names.extend(rest.split_whitespace().next().map(str::to_owned));
        } else if extras && line.starts_with("export function ") {
            // A dependency's, called by nobody here.
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
    if names.is_empty() {
        return Err(shape("no class"));
    }
    if caches.is_empty() {
        return Err(shape("no cached view of the memory"));
    }
    if let Some(text) =
        ["import.meta", "new URL(", "export default"].iter().find(|text| code.contains(**text))
    {
        return Err(shape(&format!("`{text}`")));
    }

    let code = format!("\n{code}");
    let code = code.replace("\nexport class ", "\nclass ").replace("\nexport function ", "\nfunction ");
    let foot = foot(&names.join(", "), &caches.join(" "), &if split { more() } else { String::new() });
    Ok(format!("{imports}{HEAD}{code}\n{foot}"))
}

/// The lines that import something, and the rest.
fn split_imports(generated: &str) -> (String, String) {
    let (imports, rest): (Vec<&str>, Vec<&str>) =
        generated.lines().partition(|line| line.starts_with("import "));
    (imports.iter().flat_map(|line| [line, "\n"]).collect(), rest.join("\n"))
}

const HEAD: &str = "export function createInstance(module) {";

/// What an instance is asked to grow by to tell whether it is full, in pages of 64 kB.
const SPARE_PAGES: u32 = 1024;

/// Takes the second half of a core that is cut in two (`split/mod.rs`).
fn more() -> String {
    format!(
        "  more(module) {{
    new WebAssembly.Instance(module, {{ ...__wbg_get_imports(), {FROM}: wasm }});
  }},
"
    )
}

/// The end of the factory. The core aborts if an allocation fails, which is a trap like any other; whether that was it shows
/// in that its memory cannot grow any more. Once abandoned, finalizers and callbacks that still refer to a trapped instance
/// find something that swallows every call, and the instance's memory can be collected.
fn foot(names: &str, caches: &str, more: &str) -> String {
    format!(
        "initSync({{ module }});
return {{
  {names},
  size: () => (wasmInstance === undefined ? 0 : wasm.memory.buffer.byteLength),
  exhausted() {{
    try {{
      return wasm.memory.grow({SPARE_PAGES}) < 0;
    }} catch {{
      return true;
    }}
  }},
  abandon() {{
    const gone = new Proxy(function () {{}}, {{ get: () => gone, apply: () => undefined }});
    wasm = gone;
    wasmInstance = undefined;
    {caches}
  }},
{more}}};
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
function __wbg_get_imports() {}
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
        let js = factory(GENERATED, false, false).unwrap();
        assert!(js.starts_with("export function createInstance(module) {"));
        assert!(js.contains("\nclass Core {"));
        assert!(js.contains("Call, Core,"));
        assert!(js.contains("cachedUint8ArrayMemory0 = null;\n  },"));
        assert!(!js.contains("__wbg_load") && !js.contains("__wbg_init"));
        assert!(!js.contains("more(module)"));
        assert!(factory(GENERATED, false, true).unwrap().contains("more(module)"));
        assert_eq!(js.matches("export ").count(), 1);
    }

    #[test]
    fn what_dependencies_bring_is_kept_outside_where_it_is_allowed() {
        let generated = format!(
            "import {{ state }} from './snippets/a/inline0.js'\nexport function stray() {{}}\n{GENERATED}"
        );
        let js = factory(&generated, true, false).unwrap();
        assert!(
            js.starts_with(
                "import { state } from './snippets/a/inline0.js'\nexport function createInstance("
            )
        );
        assert!(js.contains("\nfunction stray() {}"));
        assert!(factory(&generated, false, false).is_err());
    }

    #[test]
    fn refuses_any_other() {
        for (from, to) in [
            ("export class", "class"),
            ("async function __wbg_load", "async function __wbg_fetch"),
            ("let wasmModule, wasmInstance, wasm;", "let wasm;"),
            ("let cachedUint8ArrayMemory0 = null;", ""),
            ("export class Call {", "export function stray() {}\nexport class Call {"),
            ("export class Call {", "import * as stray from 'stray';\nexport class Call {"),
            ("export class Call {", "const at = import.meta.url;\nexport class Call {"),
            ("function initSync(module) {}", "function initSync(module) {}\nfunction initSync(module) {}"),
        ] {
            let error =
                factory(&GENERATED.replace(from, to), false, false).err().map(|error| error.to_string());
            assert!(error.as_deref().is_some_and(|text| text.contains("unknown shape")), "{to}: {error:?}");
        }
    }

    #[test]
    fn shortens_what_is_defined_once() {
        let mut names =
            ["__wbg_get_01ab", "__wbg_get_02cd", "__wbindgen_cast_0001", "__wbg_twice_03ef", "memory"]
                .map(str::to_owned);
        let mut js = "__wbg_get_01ab: function(a) {},\n__wbg_get_02cd: function() {},\n\
            __wbindgen_cast_0001: function(a) {},\n__wbg_twice_03ef: function() { __wbg_twice_03ef }"
            .to_owned();
        shorten(names.iter_mut(), &mut js);
        assert_eq!(names, ["get", "get.2", "cast", "__wbg_twice_03ef", "memory"]);
        assert_eq!(
            js,
            "\"get\": function(a) {},\n\"get.2\": function() {},\n\"cast\": function(a) {},\n\
             __wbg_twice_03ef: function() { __wbg_twice_03ef }"
        );
    }
}
