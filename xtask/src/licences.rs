//! `cargo xtask licences`: no dependency with a licence that `deny.toml` does not allow.
//!
//! `cargo deny check` does the same and more, but needs to fetch its database of advisories, which is not
//! possible everywhere. Both read the same list.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Result;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Checks every package in the workspace's lock file.
pub fn run(root: &Path) -> Result<()> {
    let deny: Deny = toml::from_str(&fs::read_to_string(root.join("deny.toml"))?)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output =
        Command::new(cargo).current_dir(root).args(["metadata", "--format-version", "1"]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;

    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let mut refused = Vec::new();
    for package in &metadata.packages {
        let licence = package.license.as_deref().unwrap_or("none");
        if allowed(licence, &deny.licenses.allow) {
            *count.entry(licence).or_default() += 1;
        } else {
            refused.push(format!("{} {}: {licence}", package.name, package.version));
        }
    }
    for (licence, packages) in count {
        println!("{packages:>4}  {licence}");
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(format!("deny.toml does not allow the licence of\n       {}", refused.join("\n       ")).into())
}

/// Whether an SPDX expression can be satisfied with these licences. `/` is the old way to write OR.
fn allowed(expression: &str, allow: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    any(&mut rest, allow) == Some(true) && rest.is_empty()
}

fn any(rest: &mut &[&str], allow: &[String]) -> Option<bool> {
    let mut value = all(rest, allow)?;
    while next_is(rest, "OR") {
        value |= all(rest, allow)?;
    }
    Some(value)
}

fn all(rest: &mut &[&str], allow: &[String]) -> Option<bool> {
    let mut value = one(rest, allow)?;
    while next_is(rest, "AND") {
        value &= one(rest, allow)?;
    }
    Some(value)
}

fn one(rest: &mut &[&str], allow: &[String]) -> Option<bool> {
    if next_is(rest, "(") {
        let value = any(rest, allow)?;
        return next_is(rest, ")").then_some(value);
    }
    let (licence, tail) = rest.split_first()?;
    *rest = tail;
    let mut name = (*licence).to_owned();
    if next_is(rest, "WITH") {
        let (exception, tail) = rest.split_first()?;
        *rest = tail;
        name = format!("{name} WITH {exception}");
    }
    Some(allow.contains(&name))
}

fn next_is(rest: &mut &[&str], token: &str) -> bool {
    match rest.split_first() {
        Some((first, tail)) if *first == token => {
            *rest = tail;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn evaluates_expressions() {
        let allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(str::to_owned);
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(GPL-3.0 OR MIT) AND GPL-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
            ("none", false),
            ("", false),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(allowed(expression, &allow), expected, "{expression}");
        }
    }
}
