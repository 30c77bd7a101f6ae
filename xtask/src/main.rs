//! `cargo xtask`: builds the npm package and checks what the compiler cannot.
//!
//! - `build [OUTPUT…]` makes the outputs of `wasm-pack.toml` (all of them, or those named), prints their
//!   sizes, and fails when one is above its budget.
//! - `simulate` works out what a million owners would cost and feel, and writes it into `docs/scale.md`.
//! - `licences` fails when a dependency has a licence that `deny.toml` does not allow.

mod build;
mod bundle;
mod glue;
mod licences;
mod manifest;
mod optimise;
mod order;
mod panics;
mod simulate;
mod sizes;
mod split;
mod stage;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The tool's errors are read by people only, so their text is all they have.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str =
    "usage: cargo xtask build [OUTPUT…]\n       cargo xtask licences\n       cargo xtask simulate";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.split_first() {
        Some((task, rest)) if task == "build" => build::run(&root(), rest),
        Some((task, [])) if task == "licences" => licences::run(&root()),
        Some((task, [])) if task == "simulate" => simulate::run(&root()),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root, which is where this crate's folder lies.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Runs a command to its end, passing its output on; fails with the command's line when it fails.
pub fn execute(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed ({status})").into()) }
}
