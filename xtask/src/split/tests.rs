//! Cuts of a module that is small enough to be looked at.

use walrus::{RefType, ValType};
use wasmparser::{Parser, Payload, Validator};

use super::*;

/// `start` calls the gate and `shared`; the gate calls `shared`, and `rare` through its slot. Four bytes of data are
/// the gate's.
fn whole() -> Vec<u8> {
    let mut module = Module::default();
    let memory = module.memories.add_local(false, false, 1, None, None);
    let table = module.tables.add_local(false, 3, Some(3), RefType::FUNCREF);
    let number = ConstExpr::Value(Value::I32(7));
    let stack = module.globals.add_local(ValType::I32, true, false, number);
    let add = |module: &mut Module, name: &str, calls: &[FunctionId], slot: Option<i32>| {
        let mut function = FunctionBuilder::new(&mut module.types, &[], &[]);
        let ty = module.types.add(&[], &[]);
        function.name(name.to_owned());
        let mut body = function.func_body();
        calls.iter().for_each(|&called| {
            body.call(called);
        });
        if let Some(slot) = slot {
            body.global_get(stack).drop().i32_const(slot).call_indirect(ty, table);
        }
        function.finish(vec![], &mut module.funcs)
    };
    let shared = add(&mut module, "shared", &[], None);
    let rare = add(&mut module, "rare", &[shared], None);
    let gate = add(&mut module, "gate", &[shared], Some(1));
    let start = add(&mut module, "start", &[gate, shared], Some(2));
    module.exports.add("start", start);
    module.exports.add("memory", memory);
    let slots = ElementItems::Functions(vec![rare, shared]);
    let segment = module.elements.add(ElementKind::Active { table, offset: at(1).unwrap() }, slots);
    module.tables.get_mut(table).elem_segments.insert(segment);
    let data = module.data.add(DataKind::Active { memory, offset: at(1000).unwrap() }, b"hot.cold".to_vec());
    module.memories.get_mut(memory).data_segments.insert(data);
    module.emit_wasm()
}

fn cold_parts() -> Cold {
    Cold {
        gates: HashSet::from(["gate".to_owned()]),
        slots: HashSet::from([1]),
        data: vec![1004..1006, 1006..1008],
    }
}

/// What is in a module: how many functions, the names of exports and imports, and data.
#[derive(Default)]
struct Described {
    functions: u32,
    exports: Vec<String>,
    imports: Vec<String>,
    data: Vec<u8>,
}

fn described(wasm: &[u8]) -> Described {
    Validator::new().validate_all(wasm).unwrap();
    let mut found = Described::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::CodeSectionStart { count, .. } => found.functions = count,
            Payload::ExportSection(section) => {
                found.exports.extend(section.into_iter().map(|export| export.unwrap().name.to_owned()));
            }
            Payload::ImportSection(section) => {
                found.imports.extend(section.into_imports().map(|import| import.unwrap().name.to_owned()));
            }
            Payload::DataSection(section) => {
                found.data.extend(section.into_iter().flat_map(|segment| segment.unwrap().data.to_vec()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn each_function_and_each_byte_is_in_one_half() {
    let Halves { first, second } = split(&whole(), &cold_parts()).unwrap();
    let (first, second) = (described(&first), described(&second));
    // `start`, `shared`, and what traps in the place of `rare`.
    assert_eq!((first.functions, first.data), (3, b"hot.\0\0\0\0".to_vec()));
    assert_eq!((second.functions, second.data), (2, b"cold".to_vec()));
    // The memory, the table, the stack pointer and `shared`: all of them are there under the same names.
    assert_eq!((first.imports.len(), second.exports.len(), second.imports.len()), (0, 0, 4));
    assert!(second.imports.iter().all(|import| first.exports.contains(import)));
}

#[test]
fn halves_of_different_builds_do_not_fit() {
    let mut other = Module::from_buffer(&whole()).unwrap();
    let memory = other.get_memory_id().unwrap();
    other.memories.get_mut(memory).initial = 2;
    let first = described(&split(&other.emit_wasm(), &cold_parts()).unwrap().first);
    let second = described(&split(&whole(), &cold_parts()).unwrap().second);
    assert!(second.imports.iter().any(|import| !first.exports.contains(import)));
}

#[test]
fn what_is_called_past_a_gate_stays() {
    // `rare` is in a slot that is used before, so it is no part of the second half.
    let Halves { first, second } = split(&whole(), &Cold { slots: HashSet::new(), ..cold_parts() }).unwrap();
    // `start`, `shared` and `rare` here, and the gate alone there.
    assert_eq!((described(&first).functions, described(&second).functions), (3, 1));
}

#[test]
fn short_names_are_all_different() {
    assert_eq!([0, 25, 26, 701, 702].map(short), ["a", "z", "aa", "zz", "aaa"]);
}
