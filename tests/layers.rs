//! Imports go downwards only. The floors are those of ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};

/// Every module at the root of the crate, by floor. Modules of one floor do not import each other, except
/// where the pair is listed in [`NEIGHBOURS`].
const FLOORS: &[&[&str]] = &[
    &["bytes", "completion", "error", "json", "knowledge", "record", "scope", "sorted", "time"],
    &["text", "vector"],
    &["index", "log"],
    &["distill", "retrieve"],
    &["engine", "host"],
    &["model", "store"],
    &["memory"],
    &["bindings"],
];

/// Imports within a floor that are meant: the base floor's values build on each other.
const NEIGHBOURS: &[&str] = &["bytes error knowledge record scope time"];

/// One way within a floor: the token table reads texts, and no text needs a vector.
const ONE_WAY: &[(&str, &str)] = &[("vector", "text")];

/// What only certain floors may touch: the core is pure and knows no JavaScript.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("js_sys", &["host", "model", "store", "bindings"]),
    ("wasm_bindgen", &["host", "model", "store", "bindings"]),
    ("std::fs", &[]),
    ("std::net", &[]),
    ("std::time", &["host"]),
    ("std::thread", &[]),
];

#[test]
fn imports_go_downwards() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let floor = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let path = file.strip_prefix(&source).unwrap().with_extension("");
        let module = path.iter().next().unwrap().to_str().unwrap().to_owned();
        if module == "lib" {
            continue;
        }
        let own = floor(&module).unwrap_or_else(|| panic!("{module} has no floor: add it to FLOORS"));
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            for part in line.split("crate::").skip(1) {
                let imported: String =
                    part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let Some(other) = floor(&imported) else { continue };
                let neighbours =
                    NEIGHBOURS.iter().any(|group| group.contains(&module) && group.contains(&imported))
                        || ONE_WAY.contains(&(&module, &imported));
                if imported != module && (other > own || other == own && !neighbours) {
                    wrong.push(format!("{}: {module} must not import {imported}", file.display()));
                }
            }
            for (path, allowed) in OUTSIDE {
                if line.contains(path) && !allowed.contains(&module.as_str()) {
                    wrong.push(format!("{}: {module} must not use {path}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table that users read and the codes that are thrown are the same.
#[test]
fn every_error_code_is_documented() {
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md")).unwrap();
    let documented: Vec<&str> =
        docs.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let thrown: Vec<&str> = edgemem::ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(documented, thrown);
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match (path.is_dir(), path.extension().is_some_and(|it| it == "rs")) {
            (true, _) => rust_files(&path),
            (false, true) => vec![path],
            _ => vec![],
        })
        .collect()
}
