//! Cuts the core of a tab in two: what most visits need, and the rest, which is loaded when it is first asked for.
//!
//! The second module is no core of its own. It imports the memory, the function table, the stack pointer and the
//! functions that it calls from the first one, and as it is instantiated it puts its own functions into the slots of
//! the table, and its data to the addresses, that they had before the cut. The first module calls it through the table
//! only. Until then these slots hold a function that traps; that no call comes there is the business of
//! `src/js/more.ts`, and `tests/contract/more.test.mjs` walks through all methods.
//!
//! What belongs to the second module is worked out by `reach.rs`: everything that only the gates of `wasm-pack.toml`
//! lead to. A function that is needed before a gate is passed is never there, whatever the manifest says.

mod reach;

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};
use walrus::ir::{self, Instr, InstrLocId, InstrSeq, Value, Visitor, VisitorMut};
use walrus::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, FunctionKind,
    GlobalKind, ImportKind, ImportedFunction, Module, ModuleConfig, TableId,
};

pub use reach::{Cold, cold, same_slots, without_relocations};

use crate::Result;

/// What the second module imports from the first one has this as the name of its module; the glue gives the exports of
/// the first one under it (`glue.rs`).
pub const FROM: &str = "core";

/// The two modules.
pub struct Halves {
    /// What most visits need.
    pub first: Vec<u8>,
    /// The rest.
    pub second: Vec<u8>,
}

/// Cuts a module that still has its names, and that was made of the one in which `cold` was found. The halves have none.
pub fn split(wasm: &[u8], cold: &Cold) -> Result<Halves> {
    let plan = Plan::new(&parse(wasm)?, cold)?;
    let digest = Sha256::digest(wasm);
    // Two halves of different builds fit together by accident at best. They share the memory under a name of the build,
    // so that the host refuses the pair.
    let memory: String = digest[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let mut first = parse(wasm)?;
    let mut second = parse(wasm)?;
    let shared = plan.second(&mut second, cold, &memory)?;
    plan.first(&mut first, cold, &shared)?;
    Ok(Halves { first: first.emit_wasm(), second: second.emit_wasm() })
}

fn parse(wasm: &[u8]) -> Result<Module> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    Ok(config.parse(wasm).map_err(|error| format!("{error:#}"))?)
}

/// What goes where. Functions are named by their number, which is the same in each reading of a module.
struct Plan {
    /// The functions of the first module; all others are the second's.
    hot: HashSet<usize>,
    /// The gates that the first module calls, and the new slots of the table through which it does.
    gates: Vec<(usize, u32)>,
    /// The size of the function table with these slots.
    slots: u64,
}

impl Plan {
    /// Other tools have put functions together since `cold` was found, so what is called directly is looked up anew.
    fn new(module: &Module, cold: &Cold) -> Result<Plan> {
        let is_gate = |function: FunctionId| {
            module.funcs.get(function).name.as_ref().is_some_and(|name| cold.gates.contains(name))
        };
        let mut open: Vec<FunctionId> = module.start.into_iter().collect();
        open.extend(module.exports.iter().filter_map(|export| match export.item {
            ExportItem::Function(function) => Some(function),
            _ => None,
        }));
        let (table, slots) = function_table(module)?;
        open.extend(
            slots.iter().filter(|(slot, _)| !cold.slots.contains(slot)).map(|&(_, function)| function),
        );
        let mut hot: HashSet<FunctionId> = open.iter().copied().collect();
        let mut gates = HashSet::new();
        while let Some(function) = open.pop() {
            for called in calls(module, function) {
                if is_gate(called) && !hot.contains(&called) {
                    gates.insert(called);
                } else if hot.insert(called) {
                    open.push(called);
                }
            }
        }
        gates.retain(|gate| !hot.contains(gate));
        let first_slot = module.tables.get(table).initial;
        let mut gates: Vec<usize> = gates.into_iter().map(|gate| gate.index()).collect();
        gates.sort_unstable();
        let slots = first_slot + gates.len() as u64;
        let gates = gates.into_iter().zip(u32::try_from(first_slot)?..).collect();
        Ok(Plan { hot: hot.into_iter().map(|function| function.index()).collect(), gates, slots })
    }

    /// Makes a module the second one. Returns what it imports from the first one: the names, and what they stand for.
    fn second(
        &self,
        module: &mut Module,
        cold: &Cold,
        memory_name: &str,
    ) -> Result<Vec<(String, ImportKind)>> {
        let ids = function_ids(module);
        let (table, slots) = function_table(module)?;
        let memory = module.get_memory_id().map_err(|error| format!("{error:#}"))?;
        for export in module.exports.iter().map(|export| export.id()).collect::<Vec<_>>() {
            module.exports.delete(export);
        }
        module.start = None;
        for &function in ids.values() {
            let ty = match &module.funcs.get(function).kind {
                FunctionKind::Local(local) if self.hot.contains(&function.index()) => local.ty(),
                _ => continue,
            };
            let import = module.imports.add(FROM, "", function);
            module.funcs.get_mut(function).kind = FunctionKind::Import(ImportedFunction { import, ty });
        }
        for global in module.globals.iter().map(|global| global.id()).collect::<Vec<_>>() {
            let import = module.imports.add(FROM, "", global);
            module.globals.get_mut(global).kind = GlobalKind::Import(import);
        }
        for other in module.tables.iter().map(|table| table.id()).collect::<Vec<_>>() {
            let import = module.imports.add(FROM, "", other);
            let other = module.tables.get_mut(other);
            other.import = Some(import);
            other.elem_segments = Default::default();
        }
        self.widen(module, table);
        let import = module.imports.add(FROM, memory_name, memory);
        let data = data(module);
        for segment in module.data.iter().map(|segment| segment.id()).collect::<Vec<_>>() {
            module.data.delete(segment);
        }
        let imported = module.memories.get_mut(memory);
        imported.import = Some(import);
        imported.data_segments = Default::default();
        for range in &cold.data {
            let (address, bytes) = data
                .iter()
                .find(|(address, bytes)| {
                    *address <= range.start && range.end as usize <= *address as usize + bytes.len()
                })
                .ok_or("data is not where it was")?;
            let value = bytes[(range.start - address) as usize..(range.end - address) as usize].to_vec();
            let kind = DataKind::Active { memory, offset: at(range.start)? };
            let segment = module.data.add(kind, value);
            module.memories.get_mut(memory).data_segments.insert(segment);
        }
        for segment in module.elements.iter().map(|segment| segment.id()).collect::<Vec<_>>() {
            module.elements.delete(segment);
        }
        let own = slots.into_iter().filter(|(_, function)| !self.hot.contains(&function.index()));
        let own = own.chain(self.gates.iter().map(|(gate, slot)| (*slot, ids[gate])));
        for (slot, functions) in runs(own) {
            let kind = ElementKind::Active { table, offset: at(slot)? };
            let segment = module.elements.add(kind, ElementItems::Functions(functions));
            module.tables.get_mut(table).elem_segments.insert(segment);
        }
        walrus::passes::gc::run(module);

        // Names that are short, and follow each other: of these nearly nothing is left after gzip.
        let mut names = (0..).map(short);
        let mut shared = Vec::new();
        for import in module.imports.iter_mut().filter(|import| import.module == FROM) {
            if import.name.is_empty() {
                import.name = names.next().unwrap_or_default();
            }
            shared.push((import.name.clone(), import.kind.clone()));
        }
        Ok(shared)
    }

    /// Makes a module the first one.
    fn first(&self, module: &mut Module, cold: &Cold, shared: &[(String, ImportKind)]) -> Result<()> {
        let ids = function_ids(module);
        let (table, _) = function_table(module)?;
        for (name, kind) in shared {
            // Numbers are the same in both readings.
            let item = match kind {
                ImportKind::Function(it) => ids.get(&it.index()).map(|&it| ExportItem::Function(it)),
                ImportKind::Table(it) => module
                    .tables
                    .iter()
                    .map(|it| it.id())
                    .find(|id| id.index() == it.index())
                    .map(ExportItem::Table),
                ImportKind::Global(it) => module
                    .globals
                    .iter()
                    .map(|it| it.id())
                    .find(|id| id.index() == it.index())
                    .map(ExportItem::Global),
                ImportKind::Memory(_) => module.memories.iter().next().map(|it| ExportItem::Memory(it.id())),
                ImportKind::Tag(_) => None,
            };
            if module.exports.iter().any(|export| export.name == *name) {
                return Err(format!("the core has an export {name} already").into());
            }
            module.exports.add(name, item.ok_or("the halves disagree")?);
        }
        self.widen(module, table);
        let gates: HashMap<FunctionId, u32> =
            self.gates.iter().map(|(gate, slot)| (ids[gate], *slot)).collect();
        let types: HashMap<FunctionId, walrus::TypeId> =
            gates.keys().map(|&gate| (gate, module.funcs.get(gate).ty())).collect();
        for (id, function) in module.funcs.iter_local_mut() {
            if self.hot.contains(&id.index()) {
                let entry = function.entry_block();
                ir::dfs_pre_order_mut(&mut Detour { gates: &gates, types: &types, table }, function, entry);
            }
        }
        let mut missing = FunctionBuilder::new(&mut module.types, &[], &[]);
        missing.func_body().unreachable();
        let missing = missing.finish(vec![], &mut module.funcs);
        for segment in module.elements.iter_mut() {
            if let ElementItems::Functions(functions) = &mut segment.items {
                for function in functions.iter_mut().filter(|function| !self.hot.contains(&function.index()))
                {
                    *function = missing;
                }
            }
        }
        let segments: Vec<_> = module.data.iter().map(|segment| segment.id()).collect();
        for segment in segments {
            let segment = module.data.get_mut(segment);
            let Some(address) = address_of(&segment.kind) else { continue };
            for range in &cold.data {
                let within = |at: u32| (at.saturating_sub(address) as usize).min(segment.value.len());
                let (from, to) = (within(range.start), within(range.end));
                segment.value[from..to].fill(0);
            }
        }
        walrus::passes::gc::run(module);
        Ok(())
    }

    fn widen(&self, module: &mut Module, table: TableId) {
        let table = module.tables.get_mut(table);
        table.initial = self.slots;
        table.maximum = table.maximum.map(|maximum| maximum.max(self.slots));
    }
}

/// Calls gates through the table.
struct Detour<'a> {
    gates: &'a HashMap<FunctionId, u32>,
    types: &'a HashMap<FunctionId, walrus::TypeId>,
    table: TableId,
}

impl VisitorMut for Detour<'_> {
    fn start_instr_seq_mut(&mut self, sequence: &mut InstrSeq) {
        let mut at = 0;
        while at < sequence.instrs.len() {
            if let Instr::Call(ir::Call { func }) = sequence.instrs[at].0
                && let Some(&slot) = self.gates.get(&func)
            {
                let ty = self.types[&func];
                sequence.instrs[at].0 = Instr::CallIndirect(ir::CallIndirect { ty, table: self.table });
                let slot = ir::Const { value: Value::I32(slot as i32) };
                sequence.instrs.insert(at, (Instr::Const(slot), InstrLocId::default()));
                at += 1;
            }
            at += 1;
        }
    }
}

/// The functions that a function calls, or takes the address of.
fn calls(module: &Module, function: FunctionId) -> Vec<FunctionId> {
    struct Calls(Vec<FunctionId>);
    impl Visitor<'_> for Calls {
        fn visit_function_id(&mut self, function: &FunctionId) {
            self.0.push(*function);
        }
    }
    let mut calls = Calls(vec![]);
    if let FunctionKind::Local(local) = &module.funcs.get(function).kind {
        ir::dfs_in_order(&mut calls, local, local.entry_block());
    }
    calls.0
}

fn function_ids(module: &Module) -> HashMap<usize, FunctionId> {
    module.funcs.iter().map(|function| (function.id().index(), function.id())).collect()
}

/// The one table with functions, and these by their slots.
fn function_table(module: &Module) -> Result<(TableId, Vec<(u32, FunctionId)>)> {
    let mut found = None;
    let mut slots = Vec::new();
    for segment in module.elements.iter() {
        let ElementKind::Active { table, offset } = &segment.kind else {
            return Err("a part of a table is not put there from the start".into());
        };
        let (ConstExpr::Value(Value::I32(first)), ElementItems::Functions(functions)) =
            (offset, &segment.items)
        else {
            return Err("a part of a table is of an unknown kind".into());
        };
        if found.replace(*table).is_some_and(|other| other != *table) {
            return Err("there are two tables of functions".into());
        }
        slots.extend((*first as u32..).zip(functions.iter().copied()));
    }
    Ok((found.ok_or("there is no table of functions")?, slots))
}

/// Slots that follow each other, with their functions.
fn runs(slots: impl Iterator<Item = (u32, FunctionId)>) -> Vec<(u32, Vec<FunctionId>)> {
    let mut slots: Vec<_> = slots.collect();
    slots.sort_unstable();
    let mut runs: Vec<(u32, Vec<FunctionId>)> = Vec::new();
    for (slot, function) in slots {
        match runs.last_mut() {
            Some((first, functions)) if *first + functions.len() as u32 == slot => functions.push(function),
            _ => runs.push((slot, vec![function])),
        }
    }
    runs
}

/// The segments of data, by their addresses.
fn data(module: &Module) -> Vec<(u32, Vec<u8>)> {
    module
        .data
        .iter()
        .filter_map(|segment| Some((address_of(&segment.kind)?, segment.value.clone())))
        .collect()
}

fn address_of(kind: &DataKind) -> Option<u32> {
    match kind {
        DataKind::Active { offset: ConstExpr::Value(Value::I32(address)), .. } => Some(*address as u32),
        _ => None,
    }
}

fn at(place: u32) -> Result<ConstExpr> {
    Ok(ConstExpr::Value(Value::I32(i32::try_from(place)?)))
}

/// Numbers with letters as digits.
fn short(mut number: usize) -> String {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let mut name = String::new();
    loop {
        name.insert(0, char::from(LETTERS[number % LETTERS.len()]));
        number /= LETTERS.len();
        if number == 0 {
            return name;
        }
        number -= 1;
    }
}

#[cfg(test)]
mod tests;
