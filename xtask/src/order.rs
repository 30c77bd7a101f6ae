//! Puts functions that resemble each other side by side.
//!
//! gzip finds what repeats within the last 32 kB only, and the core is twenty times as long. Compilers write many
//! functions that are nearly equal (each `Vec<T>` has a `push` of its own), and neither rustc nor wasm-opt keeps them
//! together: in this order the core is some 3 % smaller after gzip, and not a byte of any function differs but the
//! numbers of those it calls.
//!
//! The renumbering itself is wasm-opt's: it sorts functions by name, so they are named by their place. It does not
//! keep these names in what it writes.

use std::collections::{HashMap, HashSet};

use wasmparser::{Parser, Payload, TypeRef};

use crate::Result;

/// The arguments of wasm-opt that sort a module which [`named`] has made. Reading and writing alone adds locals, which
/// are merged again.
pub const SORT: [&str; 5] = [
    "--coalesce-locals",
    "--reorder-locals",
    "--vacuum",
    "--optimize-stack-ir",
    "--reorder-functions-by-name",
];

/// What is compared: runs of as many bytes as a short instruction or two. Longer ones find fewer neighbours.
const RUN: usize = 4;
/// A run that more functions than this have in common tells nothing about them.
const COMMON: usize = 1500;
/// Added to the length of a candidate, so that a tiny function is not the best neighbour of everything.
const DAMPING: usize = 60;
/// What a run that is shared with the last function counts. One shared with the function before that counts half, and
/// so on: gzip remembers more than one function.
const SHARED: usize = 16;

/// The module with names that sort its functions by resemblance. Names that it had are gone.
pub fn named(wasm: &[u8]) -> Result<Vec<u8>> {
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(&wasm[body.range()]),
            Payload::CustomSection(section) if section.name() == "name" => {
                return Err("the module has names already, and these would be lost".into());
            }
            _ => {}
        }
    }
    let mut places = vec![0; bodies.len()];
    for (place, function) in by_resemblance(&bodies).into_iter().enumerate() {
        places[function] = place;
    }
    let mut names = Vec::new();
    number(&mut names, places.len());
    for (function, place) in places.into_iter().enumerate() {
        number(&mut names, imported + function);
        text(&mut names, &format!("{place:06}"));
    }
    let mut section = Vec::new();
    text(&mut section, "name");
    section.push(1); // the names of functions
    number(&mut section, names.len());
    section.append(&mut names);

    let mut out = wasm.to_vec();
    out.push(0); // a custom section
    number(&mut out, section.len());
    out.append(&mut section);
    Ok(out)
}

/// From the largest function on, each is followed by the one that shares most with it, and with those just before it,
/// for its length.
fn by_resemblance(bodies: &[&[u8]]) -> Vec<usize> {
    let runs: Vec<HashSet<&[u8]>> = bodies.iter().map(|body| body.windows(RUN).collect()).collect();
    let mut having: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (function, runs) in runs.iter().enumerate() {
        for run in runs {
            having.entry(run).or_default().push(function);
        }
    }
    having.retain(|_, functions| (2..=COMMON).contains(&functions.len()));

    // The largest last: it is taken first, and again whenever nothing is left that resembles the last one.
    let mut largest: Vec<usize> = (0..bodies.len()).collect();
    largest.sort_by_key(|&function| (bodies[function].len(), function));
    let mut taken = vec![false; bodies.len()];
    let mut order: Vec<usize> = Vec::with_capacity(bodies.len());
    let mut shared: HashMap<usize, usize> = HashMap::new();
    let mut next = largest.pop();
    while let Some(function) = next {
        taken[function] = true;
        order.push(function);
        shared.retain(|other, count| {
            *count /= 2;
            !taken[*other] && *count > 0
        });
        for other in runs[function].iter().filter_map(|run| having.get(run)).flatten() {
            if !taken[*other] {
                *shared.entry(*other).or_default() += SHARED;
            }
        }
        // Compared as fractions in whole numbers, with ties broken: the same module is always sorted the same way.
        let closest = shared.iter().max_by(|&(&a, of_a), &(&b, of_b)| {
            let (length_a, length_b) = (runs[a].len() + DAMPING, runs[b].len() + DAMPING);
            (of_a * length_b).cmp(&(of_b * length_a)).then(b.cmp(&a))
        });
        next = closest.map(|(&other, _)| other).or_else(|| {
            while let Some(function) = largest.pop() {
                if !taken[function] {
                    return Some(function);
                }
            }
            None
        });
    }
    order
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// LEB128.
fn number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_what_resembles_side_by_side_and_forgets_none() {
        let bodies: [&[u8]; 5] = [b"abcdefghij", b"0123456789!", b"abcdefghiX", b"xyz", b"0123456789"];
        let order = by_resemblance(&bodies);
        assert_eq!(order, [1, 4, 2, 0, 3]);
        assert_eq!(by_resemblance(&[]), [0; 0]);
    }

    #[test]
    fn names_defined_functions_after_the_imported_ones() {
        // One imported function, two of the core's: () -> (), with 1 and 2 instructions `nop`.
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01m\x01f\0\0\x03\x03\x02\0\0\
            \x0a\x0a\x02\x03\0\x01\x0b\x04\0\x01\x01\x0b";
        let out = named(module).unwrap();
        assert_eq!(&out[..module.len()], module);
        let expected = b"\0\x18\x04name\x01\x11\x02\x01\x06000001\x02\x06000000";
        assert_eq!(&out[module.len()..], expected);
        assert!(named(&out).is_err());
    }
}
