//! `cargo xtask simulate`: what a million owners would cost and feel, from figures measured on this machine.
//!
//! A discrete-event run of one day: owners of Zipf sizes open sessions by the hour of their region, each turn asks and adds,
//! and each request finds its partition cold or warm, waits its turn and is served. Times, rows and bytes of one request
//! are those of `bench/load.json`; guesses about people, limits and prices stand in `xtask/scale.toml`. The same seed
//! gives the same table. The result is put into `docs/scale.md`, between its marks, and drawn as `docs/scale.svg`.

mod chart;
mod day;
mod figures;
mod report;

use std::fs;
use std::path::Path;

use crate::Result;
use day::{Day, Outcome, Store};
use figures::{Assumptions, Measured};

const BEGIN: &str = "<!-- simulate: begin -->";
const END: &str = "<!-- simulate: end -->";

/// Runs the day for each store, and what each guess changes of it.
pub fn run(root: &Path) -> Result<()> {
    let assumed: Assumptions = toml::from_str(&fs::read_to_string(root.join("xtask/scale.toml"))?)?;
    let measured = Measured::read(&root.join("bench/load.json"))?;
    let simulate = |assumed: &Assumptions| -> Vec<Outcome> {
        Store::ALL.map(|store| Day { assumed, measured: &measured, store }.run()).into()
    };
    let base = simulate(&assumed);
    // What a guess changes is told by a tenth of the people, with the share of everything that a tenth has.
    let mut sample = assumed.clone();
    sample.people.owners /= 10;
    sample.host.isolates_per_site = sample.host.isolates_per_site.div_ceil(10);
    let reference = simulate(&sample);
    let mut changed = Vec::new();
    for (name, change) in figures::CHANGES {
        let mut other = sample.clone();
        change(&mut other);
        changed.push((*name, simulate(&other)));
    }
    let text = report::markdown(&assumed, &measured, &base, &reference, &changed);
    println!("{text}");
    fs::write(root.join("docs/scale.svg"), chart::draw(&base))?;
    let path = root.join("docs/scale.md");
    let page = fs::read_to_string(&path)?;
    let (before, rest) = page.split_once(BEGIN).ok_or("docs/scale.md has no mark where the tables begin")?;
    let (_, after) = rest.split_once(END).ok_or("docs/scale.md has no mark where the tables end")?;
    fs::write(path, format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))?;
    Ok(())
}
