//! The abstract heap: everything mutable, so that the two sides of a branch, or the head and the end of a loop, can
//! be compared and merged slot by slot.

use super::value::{CellId, Class, NdArray, Value};
use crate::hir::{Dim, Type, ValueId};
use indexmap::IndexMap;
use std::rc::Rc;

/// What an array cell holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// Known elements.
    Static(Rc<NdArray>),
    /// Computed by the program.
    Dyn(ValueId),
}

/// A list whose length the program computes: `len` items at the front of `storage`.
#[derive(Clone, Debug)]
pub struct DynList {
    /// Tensor `[capacity, item shape...]`.
    pub storage: ValueId,
    /// Type of one item; of a tuple of numbers, a row of the type they have as an array.
    pub item: Type,
    /// A value of the item's kind, whose HIR id is meaningless: how items look when read.
    pub template: Value,
    /// Current length.
    pub len: Dim,
    /// Extent of the storage.
    pub capacity: Dim,
}

/// A mutable object.
#[derive(Clone, Debug)]
pub enum Cell {
    /// ndarray that owns its elements.
    Array {
        /// Elements.
        content: Content,
        /// Type.
        ty: Type,
        /// Set when the array may or may not be the same object as another one: then a store is refused.
        frozen: bool,
    },
    /// list of known length.
    List(Vec<Value>),
    /// list of computed length.
    DynList(DynList),
    /// dict with known keys.
    Dict(Vec<(Value, Value)>),
    /// set of known items.
    Set(Vec<Value>),
    /// Instance of a project class.
    Object {
        /// Its class.
        class: Rc<Class>,
        /// Its attributes.
        attrs: IndexMap<Rc<str>, Value>,
    },
    /// Local or global variables.
    Scope {
        /// Variables.
        vars: IndexMap<Rc<str>, Value>,
        /// Enclosing scope.
        parent: Option<CellId>,
        /// Names declared global or nonlocal here, with the scope they live in.
        outer: Vec<(Rc<str>, CellId)>,
    },
}

/// All cells. Cloning is cheap (reference counts); ids are never reused within one evaluation.
#[derive(Clone, Debug, Default)]
pub struct Heap {
    cells: Vec<Option<Rc<Cell>>>,
}

impl Heap {
    /// Number of ids given out.
    pub fn len(&self) -> usize {
        self.cells.len()
    }
    /// Makes room so that ids stay unique across heaps that were cloned apart.
    pub fn reserve_ids(&mut self, n: usize) {
        if self.cells.len() < n {
            self.cells.resize(n, None);
        }
    }
    /// A new cell.
    pub fn alloc(&mut self, cell: Cell) -> CellId {
        self.cells.push(Some(Rc::new(cell)));
        CellId(self.cells.len() as u32 - 1)
    }
    /// Reads a cell.
    pub fn get(&self, id: CellId) -> &Cell {
        match &self.cells[id.0 as usize] {
            Some(c) => c,
            None => unreachable!("cell of another branch"),
        }
    }
    /// Reads a cell that may belong to another branch.
    pub fn find(&self, id: CellId) -> Option<&Rc<Cell>> {
        self.cells.get(id.0 as usize).and_then(|c| c.as_ref())
    }
    /// Changes a cell.
    pub fn get_mut(&mut self, id: CellId) -> &mut Cell {
        match &mut self.cells[id.0 as usize] {
            Some(c) => Rc::make_mut(c),
            None => unreachable!("cell of another branch"),
        }
    }
    /// Replaces or adds the cell of that id.
    pub fn set(&mut self, id: CellId, cell: Rc<Cell>) {
        self.reserve_ids(id.0 as usize + 1);
        self.cells[id.0 as usize] = Some(cell);
    }
    /// Forgets a cell.
    pub fn clear(&mut self, id: CellId) {
        if let Some(c) = self.cells.get_mut(id.0 as usize) {
            *c = None;
        }
    }
    /// Ids of cells present.
    pub fn ids(&self) -> impl Iterator<Item = CellId> + '_ {
        self.cells.iter().enumerate().filter(|(_, c)| c.is_some()).map(|(i, _)| CellId(i as u32))
    }
    /// Whether both heaps hold the very same cell.
    pub fn same_cell(&self, other: &Heap, id: CellId) -> bool {
        match (self.find(id), other.find(id)) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}
