//! The tables of `docs/scale.md`.

use super::day::{Outcome, Store};
use super::figures::{Assumptions, Measured, at, bytes_at};

/// Everything between the marks of the page.
pub fn markdown(
    assumed: &Assumptions,
    measured: &Measured,
    base: &[Outcome],
    reference: &[Outcome],
    changed: &[(&'static str, Vec<Outcome>)],
) -> String {
    let mut out = String::new();
    let owners = assumed.people.owners;
    out += &format!(
        "One day of {owners} owners with {:.0} memories in all: {} requests, {:.0} a second at the peak.\n\n",
        base[0].memories, base[0].requests, base[0].peak
    );
    out += "| | durable-object | d1 | kv |\n| --- | --- | --- | --- |\n";
    let mut row = |name: &str, tell: &dyn Fn(&Outcome) -> String| {
        out +=
            &format!("| {name} |{}\n", base.iter().map(|it| format!(" {} |", tell(it))).collect::<String>());
    };
    row("cold requests", &|it| format!("{:.1} %", it.cold * 100.0));
    row("p50", &|it| time(it.p50));
    row("p99", &|it| time(it.p99));
    row("p50 of cold requests", &|it| time(it.cold_p50));
    row("isolates that hold indexes, at most", &|it| it.isolates.to_string());
    row("rows or keys read a day", &|it| millions(it.reads));
    row("rows or keys written a day", &|it| millions(it.writes));
    row("stored", &|it| format!("{:.1} GB", it.stored / 1e9));
    row("busy, in the busiest minute", &|it| match it.busiest {
        0.0 => "each owner for itself".to_owned(),
        busy => format!("{:.0} % of one database", busy * 100.0),
    });
    row("cost of an owner a month", &|it| dollars(it.cost));
    row("of which", &|it| {
        let parts = it.parts.iter().map(|(name, part)| format!("{name} {:.0} %", 100.0 * part / it.cost));
        parts.collect::<Vec<_>>().join(", ")
    });

    out += "\n### What the guesses change\n\nA tenth of the people; cold requests, p99 and cost of an owner a month.\n\n";
    out += "| | durable-object | d1 | kv |\n| --- | --- | --- | --- |\n";
    let told = |it: &Outcome| format!(" {:.0} %, {}, {} |", it.cold * 100.0, time(it.p99), dollars(it.cost));
    let mut line = |name: &str, all: &[Outcome]| {
        out += &format!("| {name} |{}\n", all.iter().map(told).collect::<String>());
    };
    line("as assumed", reference);
    for (name, outcomes) in changed {
        line(name, outcomes);
    }

    out += "\n### What breaks first\n\n| | 1 × | 10 × | 1,000 × |\n| --- | --- | --- | --- |\n";
    let d1 = &base[1];
    let mut scaled = |name: &str, tell: &dyn Fn(f64) -> String| {
        out += &format!("| {name} | {} | {} | {} |\n", tell(1.0), tell(10.0), tell(1000.0));
    };
    let databases = |times: f64| {
        let busy = (d1.busiest * times / 0.5).ceil();
        let full = (d1.stored * times / assumed.host.d1_bytes).ceil();
        format!("{:.0} for time (half busy), {:.0} for space", busy.max(1.0), full.max(1.0))
    };
    scaled("D1 databases needed", &databases);
    scaled("isolates with objects", &|times| format!("{:.0}", base[0].isolates as f64 * times));
    scaled("requests a second at the peak", &|times| format!("{:.0}", base[0].peak * times));
    scaled("owners in one page of the registry's 16 parts", &|times| {
        format!("{:.0}", f64::from(owners) * times / 16.0)
    });
    scaled("cost a month, Durable Objects", &|times| {
        format!("${:.0}", base[0].cost * f64::from(owners) * times)
    });
    scaled("memories of the largest owner", &|times| {
        let memories = assumed.people.largest * times;
        let bytes = bytes_at(&measured.of(Store::DurableObject.name()).size, memories);
        let budget = assumed.host.isolate_bytes - assumed.host.overhead_bytes;
        let shards = (bytes.resident / budget).ceil().max((bytes.stored / assumed.host.object_bytes).ceil());
        format!("{memories:.0}: {shards:.0} of 256 shards")
    });

    out += &format!(
        "\n### What it is fed with\n\nMeasured by `{}` ({}):\n\n",
        measured.command, measured.machine
    );
    out += "| store | memories | cold open | search | add | rows or keys read cold | written by an add | resident | stored |\n";
    out += "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for store in Store::ALL {
        let figures = measured.of(store.name());
        for size in &figures.size {
            let memories = size.memories;
            let (cold, search, add) =
                (at(&figures.cold, memories), at(&figures.search, memories), at(&figures.add, memories));
            out += &format!(
                "| {} | {memories:.0} | {} | {} | {} | {:.0} | {:.0} | {:.1} MB | {:.1} MB |\n",
                store.name(),
                time(cold.ms),
                time(search.ms),
                time(add.ms),
                cold.reads,
                add.writes,
                size.resident / 1e6,
                size.stored / 1e6
            );
        }
    }
    out
}

fn time(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 10_000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.0} s", ms / 1000.0),
    }
}

fn millions(count: f64) -> String {
    format!("{:.1} M", count / 1e6)
}

fn dollars(amount: f64) -> String {
    format!("{:.3} ¢", amount * 100.0)
}
