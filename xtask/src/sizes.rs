//! The table of sizes, and the budgets.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Result;
use crate::manifest::Output;
use crate::table::Table;

/// Prints what a folder's files weigh, and returns a complaint about each that is above its budget.
pub fn check(folder: &Path, name: &str, output: &Output, table: &Table) -> Result<Vec<String>> {
    let mut files: Vec<String> = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.file_name().to_string_lossy().into_owned();
        if file.ends_with(".wasm") || file.ends_with(".js") {
            files.push(file);
        }
    }
    files.sort();
    if let Some(missing) = output.budget.keys().find(|file| !files.contains(file)) {
        return Err(format!("wasm-pack.toml gives {missing} a budget, but {name}/ has no such file").into());
    }

    println!("\n{name:<24}{:>10}{:>10}{:>10}{:>10}", "raw", "gzip", "brotli", "budget");
    let mut over = Vec::new();
    for file in files {
        let bytes = fs::read(folder.join(&file))?;
        let gzip = gzip(&bytes)?;
        let budget = output.budget.get(&file);
        let limit = budget.map_or(String::new(), usize::to_string);
        println!("  {file:<22}{:>10}{gzip:>10}{:>10}{limit:>10}", bytes.len(), brotli(&bytes)?);
        if let Some(budget) = budget.filter(|budget| gzip > **budget) {
            over.push(format!("{name}/{file} has {gzip} bytes after gzip, its budget is {budget}"));
        }
    }
    println!("{}", table.line());
    Ok(over)
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// Quality 9 is within a percent of the best and forty times faster.
fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 9, 22);
    encoder.write_all(bytes)?;
    encoder.flush()?;
    Ok(encoder.into_inner().len())
}
