//! Takes out what panics would say.
//!
//! A panic of the core ends in a trap, and its message is written to a stream that wasm does not have: no host ever
//! sees a word of it. The compiler cannot know that, since the standard library comes compiled. So the functions that
//! panics lead to are cut down to the trap. wasm-opt then finds that nothing reads their arguments, drops these where
//! panics are called, and many functions that differed in nothing but the line they would have named are one. The lines
//! and file names themselves are overwritten with zeros, of which gzip makes nearly nothing.

use wasmparser::{DataKind, KnownCustom, Name, Operator, Parser, Payload, TypeRef};

use crate::Result;

/// What the mangled names of functions that never return contain: those of the standard library, which all of the others
/// call. What they call in turn is then called by nobody.
const PANICS: [&str; 21] = [
    "4core9panicking",
    "4core3str16slice_error_fail",
    "4core3str19slice_error_fail_rt",
    "5slice5index16slice_index_fail",
    "copy_from_slice_impl17len_mismatch_fail",
    "6option13unwrap_failed",
    "6option13expect_failed",
    "6result13unwrap_failed",
    "4cell22panic_already_borrowed",
    "4cell30panic_already_mutably_borrowed",
    "4lazy14panic_poisoned",
    "E9split_off13assert_failed",
    "E6remove13assert_failed",
    "E10insert_mut13assert_failed",
    "encode_utf8_raw8do_panic7runtime",
    "5local18panic_access_error",
    "smallsort22panic_on_ord_violation",
    "7raw_vec12handle_error",
    "5alloc18handle_alloc_error",
    "3std9panicking13panic_handler",
    "3std9panicking15panic_with_hook",
];

/// Likewise of functions that write a value for a programmer, where the value is one that `unwrap` finds in the place of
/// another. These are called through pointers, so they stay, and write nothing. A message of ours never says `{:?}`
/// of such a value.
const DEBUGS: [&str; 3] =
    ["3fmtNtB5_5Debug3fmt", "3fmt5Debug3fmt", "serde_json..error..Error$u20$as$u20$core..fmt..Debug"];

const UNREACHABLE: u8 = 0;
const I32_CONST: u8 = 0x41;

/// The module, whose functions still have names, without what its panics say. Nothing in it moves.
pub fn silenced(mut wasm: Vec<u8>) -> Result<Vec<u8>> {
    let (mut imported, mut bodies, mut data) = (0, Vec::new(), Vec::new());
    let (mut panics, mut debugs) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    if let DataKind::Active { offset_expr, .. } = segment.kind
                        && let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                    {
                        let end = segment.range.end;
                        data.push((usize::try_from(value)?, end - segment.data.len()..end));
                    }
                }
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                for name in names {
                    let Name::Function(names) = name? else { continue };
                    for name in names {
                        let name = name?;
                        let is = |parts: &[&str]| parts.iter().any(|part| name.name.contains(part));
                        if is(&PANICS) {
                            panics.push(name.index as usize);
                        } else if is(&DEBUGS) {
                            debugs.push(name.index as usize);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    // Another standard library may name them otherwise: that must be noticed here and not by the size.
    if panics.is_empty() {
        return Err("no function that panics was found by its name".into());
    }
    for (functions, code) in [(panics, &[UNREACHABLE][..]), (debugs, &[I32_CONST, 0])] {
        for function in functions {
            let body = function.checked_sub(imported).and_then(|defined| bodies.get(defined));
            replace(&mut wasm[body.ok_or("a function that panics is imported")?.clone()], code);
        }
    }
    for (address, range) in data {
        without_places(&mut wasm[range], address);
    }
    Ok(wasm)
}

/// Makes a function do this and nothing else.
fn replace(body: &mut [u8], code: &[u8]) {
    let (no_locals, nop, end) = (0, 1, 0x0b);
    body.fill(nop);
    body[0] = no_locals;
    body[1..][..code.len()].copy_from_slice(code);
    body[body.len() - 1] = end;
}

/// Overwrites the places in the source that data names: pointer and length of a file's name, line, column.
fn without_places(data: &mut [u8], address: usize) {
    let mut names = Vec::new();
    for start in (0..data.len().saturating_sub(15)).step_by(4) {
        let word = |index: usize| {
            let bytes = &data[start + 4 * index..][..4];
            bytes.iter().rev().fold(0, |word, &byte| word << 8 | usize::from(byte))
        };
        let Some(name) = word(0).checked_sub(address) else { continue };
        let name = name..name.saturating_add(word(1));
        let is_file = data.get(name.clone()).is_some_and(|name| name.ends_with(b".rs"));
        // Names are found through whatever points to them, so they stay readable until all places are found.
        if is_file && (1..1 << 20).contains(&word(2)) && (1..1 << 10).contains(&word(3)) {
            data[start..start + 16].fill(0);
            names.push(name);
        }
    }
    for name in names {
        data[name].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_does_what_it_is_told_and_is_as_long_as_before() {
        let mut body = [1, 1, 0x7f, 0x20, 0, 0x1a, 0x0b];
        replace(&mut body, &[UNREACHABLE]);
        assert_eq!(body, [0, 0, 1, 1, 1, 1, 0x0b]);
        replace(&mut body[2..], &[I32_CONST, 0]);
        assert_eq!(body, [0, 0, 0, 0x41, 0, 1, 0x0b]);
    }

    #[test]
    fn places_are_overwritten_and_what_only_looks_like_one_is_not() {
        let word = u32::to_le_bytes;
        let place = |at: u32, length: u32| [word(1000 + at), word(length), word(7), word(9)].concat();
        // Two places in one file; a text of other content; a pointer behind the end.
        let mut data = [place(64, 4), place(64, 4), place(68, 4), place(64, 400)].concat();
        data.extend(b"a.rsb.js");
        let before = data.clone();
        without_places(&mut data, 1000);
        assert!(data[..32].iter().all(|&byte| byte == 0));
        assert_eq!(data[32..64], before[32..64]);
        assert_eq!(&data[64..], b"\0\0\0\0b.js");
    }

    #[test]
    fn a_module_without_the_names_is_refused() {
        assert!(silenced(b"\0asm\x01\0\0\0".to_vec()).is_err());
    }
}
