//! Which functions and which data of a compiled core are reached only through the gates of the manifest.
//!
//! The linker keeps its relocations (`--emit-relocs`), and these say of every function which functions, table slots and
//! data it refers to, and the same of every piece of data. So this is no guess: what cannot be reached from an export
//! without passing a gate is not used before a gate is. Names are used for the gates themselves, and to find functions
//! again in the module that other tools have made of this one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use wasmparser::{
    DataKind, ElementItems, ElementKind, ExternalKind, KnownCustom, Linking, Name, Operator, Parser, Payload,
    RelocationType, SymbolInfo, TypeRef,
};

use crate::Result;

/// What is reached only through gates.
pub struct Cold {
    /// The functions that are gates, by name.
    pub gates: HashSet<String>,
    /// The slots of the function table with such functions.
    pub slots: HashSet<u32>,
    /// The addresses of such data, in order.
    pub data: Vec<Range<u32>>,
}

/// A function or a piece of data, by index.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Node {
    Function(usize),
    Data(usize),
}

/// A piece of data that the linker knows by itself.
struct Piece {
    file: Range<usize>,
}

/// What is read of a module with relocations.
#[derive(Default)]
struct Linked {
    imported: usize,
    bodies: Vec<Range<usize>>,
    names: HashMap<usize, String>,
    slots: BTreeMap<u32, usize>,
    roots: Vec<Node>,
    /// The addresses and bytes of the data segments.
    segments: Vec<(u32, Range<usize>)>,
    pieces: Vec<Piece>,
    /// By the number of the symbol.
    symbols: Vec<Option<Node>>,
    /// Where something stands in the file, and the symbol that it names.
    relocations: Vec<(usize, u32)>,
}

/// Works out what is reached only through the gates, which are paths of modules or functions in the core.
pub fn cold(wasm: &[u8], gates: &[String]) -> Result<Cold> {
    Linked::read(wasm)?.cold(wasm, gates)
}

/// The module without what only the linker and this file read of it.
pub fn without_relocations(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut kept = wasm[..8].to_vec();
    let mut begun = 8;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        let Some((_, range)) = payload.as_section() else { continue };
        let skipped = matches!(&payload, Payload::CustomSection(section)
            if section.name() == "linking" || section.name().starts_with("reloc."));
        if !skipped {
            kept.extend_from_slice(&wasm[begun..range.end]);
        }
        begun = range.end;
    }
    Ok(kept)
}

/// Fails unless the function table has the same functions in the same places in a module that was made of another.
pub fn same_slots(before: &[u8], after: &[u8]) -> Result<()> {
    let (before, after) = (Linked::read(before)?, Linked::read(after)?);
    for (&slot, &function) in &before.slots {
        let name = |linked: &Linked, function| linked.names.get(&function).cloned();
        let now = after.slots.get(&slot).and_then(|&function| name(&after, function));
        let was = name(&before, function);
        // In the places of these wasm-bindgen puts functions that it imports.
        if was != now && !was.is_some_and(|was| was.contains("17breaks_if_inlined")) {
            return Err(format!("slot {slot} of the function table has become another function").into());
        }
    }
    Ok(())
}

/// What the names of functions contain that are in this path: as the compiler writes paths, and as it writes them within
/// others.
fn mangled(path: &str) -> [String; 2] {
    let parts = path.split("::").map(|part| format!("{}{part}", part.len()));
    [parts.collect(), path.replace("::", "..")]
}

impl Linked {
    fn read(wasm: &[u8]) -> Result<Linked> {
        let mut linked = Linked::default();
        let (mut code, mut data) = (0, 0);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        linked.imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            linked.roots.push(Node::Function(export.index as usize));
                        }
                    }
                }
                Payload::StartSection { func, .. } => linked.roots.push(Node::Function(func as usize)),
                Payload::ElementSection(elements) => {
                    for element in elements {
                        let element = element?;
                        let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(functions)) =
                            (element.kind, element.items)
                        else {
                            continue;
                        };
                        let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
                            return Err("a part of the function table has no fixed place".into());
                        };
                        for (slot, function) in (u32::try_from(value)?..).zip(functions) {
                            linked.slots.insert(slot, function? as usize);
                        }
                    }
                }
                Payload::CodeSectionStart { range, .. } => code = range.start,
                Payload::CodeSectionEntry(body) => linked.bodies.push(body.range()),
                Payload::DataSection(segments) => {
                    data = segments.range().start;
                    for segment in segments {
                        let segment = segment?;
                        let DataKind::Active { offset_expr, .. } = segment.kind else { continue };
                        let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
                            return Err("data has no fixed address".into());
                        };
                        let end = segment.range.end;
                        linked.segments.push((u32::try_from(value)?, end - segment.data.len()..end));
                    }
                }
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Name(names) => {
                        for name in names {
                            let Name::Function(names) = name? else { continue };
                            for name in names {
                                let name = name?;
                                linked.names.insert(name.index as usize, name.name.to_owned());
                            }
                        }
                    }
                    KnownCustom::Linking(parts) => {
                        for part in parts.subsections() {
                            let Linking::SymbolTable(symbols) = part? else { continue };
                            for symbol in symbols {
                                let node = linked.symbol(&symbol?);
                                linked.symbols.push(node);
                            }
                        }
                    }
                    KnownCustom::Reloc(entries) => {
                        let from = match section.name() {
                            "reloc.CODE" => code,
                            "reloc.DATA" => data,
                            _ => continue,
                        };
                        for entry in entries.entries() {
                            let entry = entry?;
                            // These name a type, which is no symbol: their numbers are not those of symbols.
                            if !matches!(entry.ty, RelocationType::TypeIndexLeb) {
                                linked.relocations.push((from + entry.offset as usize, entry.index));
                            }
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        Ok(linked)
    }

    fn cold(&self, wasm: &[u8], gates: &[String]) -> Result<Cold> {
        let patterns: Vec<[String; 2]> = gates.iter().map(|gate| mangled(gate)).collect();
        let mut passed = vec![false; gates.len()];
        let gate_of = |function: usize| {
            let name = self.names.get(&function)?;
            patterns.iter().position(|parts| parts.iter().any(|part| name.contains(part.as_str())))
        };
        let (edges, mut open) = self.edges(wasm);
        let mut reached: HashSet<Node> = HashSet::new();
        let mut gates_reached = HashSet::new();
        open.extend(&self.roots);
        while let Some(node) = open.pop() {
            if let Node::Function(function) = node
                && let Some(gate) = gate_of(function)
            {
                passed[gate] = true;
                gates_reached.insert(function);
            } else if reached.insert(node) {
                open.extend(edges.get(&node).into_iter().flatten());
            }
        }
        if let Some(unused) = passed.iter().position(|passed| !passed) {
            return Err(format!(
                "nothing outside of it uses the gate {}: it was inlined, or is gone",
                gates[unused]
            )
            .into());
        }
        let is_hot = |function: usize| reached.contains(&Node::Function(function));
        let slots = self.slots.iter().filter(|(_, function)| !is_hot(**function)).map(|(&slot, _)| slot);
        Ok(Cold {
            slots: slots.collect(),
            gates: gates_reached.iter().filter_map(|function| self.names.get(function).cloned()).collect(),
            data: self.cold_data(wasm, &reached),
        })
    }

    fn symbol(&mut self, symbol: &SymbolInfo<'_>) -> Option<Node> {
        match symbol {
            SymbolInfo::Func { index, .. } => Some(Node::Function(*index as usize)),
            SymbolInfo::Data { symbol: Some(place), .. } => {
                let (_, file) = self.segments.get(place.index as usize)?;
                let (from, to) = (place.offset, place.offset + place.size);
                self.pieces.push(Piece { file: file.start + from as usize..file.start + to as usize });
                Some(Node::Data(self.pieces.len() - 1))
            }
            _ => None,
        }
    }

    /// What refers to what, and what is referred to by data that is no piece.
    fn edges(&self, wasm: &[u8]) -> (HashMap<Node, Vec<Node>>, Vec<Node>) {
        let mut edges: HashMap<Node, Vec<Node>> = HashMap::new();
        let mut loose = Vec::new();
        let mut pieces: Vec<usize> = (0..self.pieces.len()).collect();
        pieces.sort_by_key(|&piece| self.pieces[piece].file.start);
        let longest = self.pieces.iter().map(|piece| piece.file.len()).max().unwrap_or(0);
        for &(at, symbol) in &self.relocations {
            let Some(to) = self.symbols.get(symbol as usize).copied().flatten() else { continue };
            let after = self.bodies.partition_point(|body| body.start <= at);
            let body = after.checked_sub(1).filter(|&body| at < self.bodies[body].end);
            if let Some(body) = body {
                // The body of a function that only traps still has its relocations.
                if wasm[self.bodies[body].start..][..2] != [0, 0] {
                    edges.entry(Node::Function(self.imported + body)).or_default().push(to);
                }
                continue;
            }
            // Pieces may lie within others.
            let after = pieces.partition_point(|&piece| self.pieces[piece].file.start <= at);
            let near = pieces[..after].iter().rev();
            let near = near.take_while(|&&piece| self.pieces[piece].file.start + longest > at);
            let mut around = near.filter(|&&piece| self.pieces[piece].file.contains(&at)).peekable();
            if around.peek().is_none() {
                loose.push(to);
            }
            for &piece in around {
                edges.entry(Node::Data(piece)).or_default().push(to);
            }
        }
        (edges, loose)
    }

    /// The addresses of data that belongs to pieces none of which is reached. What is between pieces stays where it is.
    fn cold_data(&self, wasm: &[u8], reached: &HashSet<Node>) -> Vec<Range<u32>> {
        #[derive(Clone, Copy, PartialEq, PartialOrd)]
        enum Byte {
            Padding,
            Cold,
            Hot,
        }
        let mut ranges = Vec::new();
        for (address, file) in &self.segments {
            let mut bytes = vec![Byte::Padding; file.len()];
            for (index, piece) in self.pieces.iter().enumerate() {
                if piece.file.start < file.start || piece.file.end > file.end {
                    continue;
                }
                let state = if reached.contains(&Node::Data(index)) { Byte::Hot } else { Byte::Cold };
                for byte in &mut bytes[piece.file.start - file.start..piece.file.end - file.start] {
                    if *byte < state {
                        *byte = state;
                    }
                }
            }
            let mut at = 0;
            while at < bytes.len() {
                if bytes[at] != Byte::Cold {
                    at += 1;
                    continue;
                }
                let from = at;
                let mut to = at;
                while at < bytes.len() {
                    match bytes[at] {
                        Byte::Cold => to = at + 1,
                        // What aligns the next piece.
                        Byte::Padding if at - to < ALIGNMENT && wasm[file.start + at] == 0 => {}
                        _ => break,
                    }
                    at += 1;
                }
                ranges.push(address + from as u32..address + to as u32);
            }
        }
        ranges
    }
}

/// The largest alignment of data.
const ALIGNMENT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// A module of which nothing counts but where things stand: function 1 is exported and calls the gate 2 and function
    /// 4; the gate calls 3 and 4, and refers to data 1 and 2; data 0 and 3 are of function 1, and 3 is of function 3 too.
    fn linked() -> (Linked, Vec<u8>) {
        let mut wasm = vec![1; 100];
        wasm[70..72].fill(0);
        let name = |(function, name): (usize, &str)| (function, name.to_owned());
        let names = [(1, "_ZN4core1aE"), (2, "_ZN4core4rare4callE"), (3, "_ZN4core1bE"), (4, "_ZN4core1cE")];
        let piece = |file| Piece { file };
        let linked = Linked {
            imported: 1,
            bodies: vec![10..20, 20..30, 30..40, 40..50],
            names: names.map(name).into(),
            slots: [(5, 3), (6, 4), (7, 1)].into(),
            roots: vec![Node::Function(1)],
            segments: vec![(1000, 60..90)],
            pieces: [60..64, 64..70, 72..80, 80..84].map(piece).into(),
            symbols: [2, 3, 4]
                .map(Node::Function)
                .into_iter()
                .chain([0, 1, 2, 3].map(Node::Data))
                .map(Some)
                .collect(),
            relocations: [(11, 0), (12, 2), (21, 1), (22, 2), (13, 3), (23, 4), (24, 5), (14, 6), (31, 6)]
                .into(),
        };
        (linked, wasm)
    }

    #[test]
    fn what_only_a_gate_leads_to_is_cold() {
        let (linked, wasm) = linked();
        let cold = linked.cold(&wasm, &["core::rare".to_owned()]).unwrap();
        assert_eq!(cold.gates, HashSet::from(["_ZN4core4rare4callE".to_owned()]));
        assert_eq!(cold.slots, HashSet::from([5]));
        // Two pieces and what aligns the second one.
        assert_eq!(cold.data, std::slice::from_ref(&(1004..1020)));
    }

    #[test]
    fn what_anything_else_leads_to_is_not() {
        let (mut linked, wasm) = linked();
        let gates = ["core::rare".to_owned()];
        // A pointer in data that the first function has, and one in data that nobody knows.
        for at in [61, 86] {
            linked.relocations.push((at, 1));
            assert!(linked.cold(&wasm, &gates).unwrap().slots.is_empty());
            linked.relocations.pop();
        }
        // The first function only traps: what it once called is called by nobody, the gate included.
        let mut traps = wasm;
        traps[10..12].fill(0);
        assert!(linked.cold(&traps, &gates).is_err());
    }

    #[test]
    fn a_gate_that_nothing_uses_is_refused() {
        let (linked, wasm) = linked();
        let error = linked.cold(&wasm, &["core::gone".to_owned()]).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("core::gone")));
    }

    #[test]
    fn paths_are_found_in_names_and_within_names() {
        assert_eq!(mangled("core::rare::call"), ["4core4rare4call", "core..rare..call"]);
    }
}
