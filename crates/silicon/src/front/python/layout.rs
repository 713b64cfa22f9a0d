//! Whether a reshape shows the memory of its array or a copy of it: NumPy's strides, as far as they are known.

use super::eval::{Eval, R};
use super::state::Cell;
use super::value::{ArrayRef, AxisItem, CellId, Value, ViewStep};
use crate::dtype::DType;
use crate::hir::{Binary, Dim, Op, Type, ValueId};

/// An axis in memory: extent, and distance between neighbours in elements (complex parts: in reals).
type Axis = (Dim, Dim);

/// What a reshape gives.
#[derive(Debug, PartialEq)]
enum Reshaped {
    /// The same memory, with these axes.
    View(Vec<Axis>),
    /// New memory, where each of these pairs differs.
    Copy(Vec<(Dim, Dim)>),
    /// One or the other.
    Unknown,
}

fn one() -> Dim {
    Dim::from(1i64)
}

/// Axes of an array in C order.
fn c_order(shape: &[Dim]) -> Vec<Axis> {
    let mut step = one();
    let mut axes: Vec<Axis> = Vec::new();
    for d in shape.iter().rev() {
        axes.push((d.clone(), step.clone()));
        step = step.mul(d);
    }
    axes.reverse();
    axes
}

/// The pairs that must differ so that these axes cannot be walked with one step; none where they can.
fn gap(axes: &[Axis]) -> Option<Vec<(Dim, Dim)>> {
    let broken = axes.windows(2).find(|w| w[0].1 != w[1].1.mul(&w[1].0))?;
    let extents = axes.iter().map(|(d, _)| (d.clone(), one()));
    Some(extents.chain([(broken[0].1.clone(), broken[1].1.mul(&broken[1].0))]).collect())
}

/// Splits an axis into extents.
fn split(step: &Dim, extents: &[Dim]) -> Vec<Axis> {
    c_order(extents).into_iter().map(|(d, s)| (d, s.mul(step))).collect()
}

/// NumPy's rule: new axes that take the place of several old ones need those to be walked with one step.
fn reshaped(old: &[Axis], new: &[Dim]) -> Reshaped {
    let is_one = |d: &Dim| d.as_const() == Some(1);
    let old: Vec<Axis> = old.iter().filter(|(d, _)| !is_one(d)).cloned().collect();
    let wide: Vec<Dim> = new.iter().filter(|d| !is_one(d)).cloned().collect();
    let same = old.iter().zip(&wide).take_while(|(o, n)| o.0 == **n).count();
    let tail = old[same..].iter().rev().zip(wide[same..].iter().rev()).take_while(|(o, n)| o.0 == **n).count();
    let (front, rest) = old.split_at(same);
    let (middle, back) = rest.split_at(rest.len() - tail);
    let extents = &wide[same..wide.len() - tail];
    let mut axes = front.to_vec();
    let known: Option<Vec<(i64, Axis)>> = middle.iter().map(|a| Some((a.0.as_const()?, a.clone()))).collect();
    let wanted: Option<Vec<i64>> = extents.iter().map(Dim::as_const).collect();
    match (known, wanted) {
        (Some(known), Some(wanted)) if !known.iter().any(|(n, _)| *n == 0) => {
            // groups of old and new axes with the same number of elements
            let (mut i, mut j) = (0, 0);
            while i < known.len() && j < wanted.len() {
                let (from, to) = (i, j);
                let (mut have, mut want) = (known[i].0, wanted[j]);
                while have != want {
                    match have < want {
                        true if i + 1 < known.len() => {
                            i += 1;
                            have *= known[i].0;
                        }
                        false if j + 1 < wanted.len() => {
                            j += 1;
                            want *= wanted[j];
                        }
                        _ => return Reshaped::Unknown,
                    }
                }
                let group: Vec<Axis> = known[from..=i].iter().map(|(_, a)| a.clone()).collect();
                if let Some(pairs) = gap(&group) {
                    return Reshaped::Copy(pairs);
                }
                axes.extend(split(&group[group.len() - 1].1, &extents[to..=j]));
                (i, j) = (i + 1, j + 1);
            }
        }
        _ => match (gap(middle), extents) {
            (None, _) => {
                if let Some((_, step)) = middle.last() {
                    axes.extend(split(step, extents));
                }
            }
            (Some(pairs), [_]) => return Reshaped::Copy(pairs),
            _ => return Reshaped::Unknown,
        },
    }
    axes.extend_from_slice(back);
    let mut axes = axes.into_iter();
    let with_ones = new.iter().map(|d| if is_one(d) { Some((one(), one())) } else { axes.next() });
    with_ones.collect::<Option<Vec<Axis>>>().map_or(Reshaped::Unknown, Reshaped::View)
}

impl Eval<'_> {
    /// The axes of an array in memory; none where their order is not known.
    fn axes(&self, a: &ArrayRef) -> Option<Vec<Axis>> {
        let Cell::Array { ty, .. } = self.heap.get(a.cell) else { return None };
        if ty.rank() > 1 && self.odd_cells.contains(&a.cell) {
            return None;
        }
        let mut axes = c_order(&ty.shape);
        for step in a.view.iter() {
            axes = match step {
                ViewStep::Index(items) => {
                    let kept = axes.iter().zip(items).filter_map(|((_, s), item)| match item {
                        AxisItem::At(_) => None,
                        AxisItem::Range { step, len, .. } => Some((len.clone(), s.scale(*step))),
                    });
                    kept.collect()
                }
                ViewStep::Transpose(perm) => perm.iter().map(|p| axes.get(*p).cloned()).collect::<Option<_>>()?,
                ViewStep::Reshape(shape) => match reshaped(&axes, shape) {
                    Reshaped::View(axes) => axes,
                    _ => return None,
                },
                ViewStep::Real | ViewStep::Imag => axes.into_iter().map(|(d, s)| (d, s.scale(2))).collect(),
                ViewStep::Broadcast(shape) => {
                    let lead = shape.len().checked_sub(axes.len())?;
                    let kept = |(k, d): (usize, &Dim)| match k.checked_sub(lead).map(|k| &axes[k]) {
                        Some(a) if a.0 == *d => a.clone(),
                        _ => (d.clone(), Dim::from(0i64)),
                    };
                    shape.iter().enumerate().map(kept).collect()
                }
            };
        }
        Some(axes)
    }
    /// Whether an array lies in memory in C order, as far as is known.
    pub(super) fn is_contiguous(&self, a: &ArrayRef) -> bool {
        let Some(axes) = self.axes(a) else { return false };
        let wide: Vec<Axis> = axes.into_iter().filter(|(d, _)| d.as_const() != Some(1)).collect();
        gap(&wide).is_none() && wide.last().is_none_or(|(_, s)| s.as_const() == Some(1))
    }
    /// `x.reshape(...)`: the same elements in C order with another shape, as a view where NumPy makes one.
    pub(super) fn reshape_like_numpy(&mut self, x: &ArrayRef, shape: Vec<Dim>) -> R<ArrayRef> {
        let result = match self.axes(x) {
            Some(axes) => reshaped(&axes, &shape),
            None if x.ty.shape == shape => return Ok(x.clone()),
            None => Reshaped::Unknown,
        };
        self.shown(x, shape, result)
    }
    /// `x.ravel()`: a view of what lies in C order, else a copy.
    pub(super) fn ravel(&mut self, x: &ArrayRef) -> R<ArrayRef> {
        let result = match self.axes(x) {
            None => Reshaped::Unknown,
            Some(axes) => {
                let wide: Vec<Axis> = axes.into_iter().filter(|(d, _)| d.as_const() != Some(1)).collect();
                match (gap(&wide), wide.last()) {
                    (Some(pairs), _) => Reshaped::Copy(pairs),
                    (None, Some((d, s))) if s.as_const() != Some(1) => {
                        Reshaped::Copy(vec![(d.clone(), one()), (s.clone(), one())])
                    }
                    _ => Reshaped::View(wide),
                }
            }
        };
        self.shown(x, vec![x.ty.size()], result)
    }
    /// A diagonal of a matrix of known extents in C order, as a view; none of others.
    pub(super) fn diagonal_view(&mut self, x: &ArrayRef, k: i128) -> Option<ArrayRef> {
        let [rows, columns] = x.ty.shape.as_slice() else { return None };
        let (rows, columns, k) = (rows.as_const()?, columns.as_const()?, i64::try_from(k).ok()?);
        let (row, column) = ((-k).max(0), k.max(0));
        let len = (rows - row).min(columns - column);
        if len < 1 || !self.is_contiguous(x) {
            return None;
        }
        let flat = self.view(x, ViewStep::Reshape(vec![x.ty.size()]));
        let start = Dim::from(row * columns + column);
        let items = vec![AxisItem::Range { start, step: columns + 1, len: Dim::from(len) }];
        Some(self.view(&flat, ViewStep::Index(items)))
    }
    /// Refuses stores into an array and what shows it in a way that is not followed.
    pub(super) fn freeze_together(&mut self, a: &ArrayRef, shown: &Value) {
        let cells = std::iter::once(a.cell).chain(match shown {
            Value::Array(s) => Some(s.cell),
            _ => None,
        });
        for cell in cells {
            if let Cell::Array { frozen, .. } = self.heap.get_mut(cell) {
                *frozen = true;
            }
        }
    }
    fn shown(&mut self, x: &ArrayRef, shape: Vec<Dim>, result: Reshaped) -> R<ArrayRef> {
        let view = self.view(x, ViewStep::Reshape(shape));
        if let Reshaped::View(_) = result {
            return Ok(view);
        }
        let Value::Array(copy) = self.copy_array(&view)? else {
            return self.refuse("PM0999", "internal error: not an array");
        };
        let copy = match copy.ty.shape.is_empty() {
            true => return Ok(copy),
            false => copy,
        };
        let decided = match result {
            Reshaped::Copy(pairs) => {
                let mut open = Vec::new();
                let decided = pairs.into_iter().all(|(a, b)| {
                    let (p, q) = (self.interval(&a), self.interval(&b));
                    let differ = p.1 < q.0 || q.1 < p.0;
                    let known = a != b && !a.is_dynamic() && !b.is_dynamic();
                    if !differ && known {
                        open.push((a, b));
                    }
                    differ || known
                });
                for cell in [x.cell, copy.cell].into_iter().filter(|_| decided) {
                    self.apart.entry(cell).or_default().extend(open.iter().cloned());
                }
                decided
            }
            _ => false,
        };
        if !decided {
            self.freeze_together(x, &Value::Array(copy.clone()));
        }
        Ok(copy)
    }
    /// Checks, in front of a store, that a copy taken of the array, or that it is, would have been one.
    pub(super) fn check_apart(&mut self, a: &ArrayRef) -> R<()> {
        for (p, q) in self.apart.get(&a.cell).cloned().unwrap_or_default() {
            let (p, q) = (self.dim_value(&p)?, self.dim_value(&q)?);
            let differ = self.emit(Op::Binary(Binary::Ne), vec![p, q], Type::scalar(DType::Bool))?;
            let why = "at these lengths a reshaped array is a view of the other one, unlike in any call of the bench";
            self.check(differ, "Unsupported", why)?;
        }
        Ok(())
    }
    /// Notes that an array holds a value of odd order.
    pub(super) fn note_cell(&mut self, cell: CellId, v: ValueId) {
        if self.odd_values.contains(&v) {
            self.odd_cells.insert(cell);
        }
    }
    /// Notes that a new array lies in memory in another order than C's, or may.
    pub(super) fn note_odd(&mut self, v: &Value, odd: bool) {
        if let (Value::Array(a), true) = (v, odd)
            && a.view.is_empty()
        {
            self.odd_cells.insert(a.cell);
        }
    }
    /// Notes that a value was read in another order than its memory's: results of arithmetic on it keep that order.
    pub(super) fn note_order(&mut self, a: &ArrayRef, v: ValueId) {
        let many = a.ty.shape.iter().filter(|d| d.as_const() != Some(1)).count() > 1;
        if many && !self.is_contiguous(a) {
            self.odd_values.insert(v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dims(d: &[i64]) -> Vec<Dim> {
        d.iter().map(|d| Dim::from(*d)).collect()
    }
    fn axes(shape: &[i64], steps: &[i64]) -> Vec<Axis> {
        dims(shape).into_iter().zip(dims(steps)).collect()
    }
    fn is_view(shape: &[i64], steps: &[i64], new: &[i64]) -> bool {
        match reshaped(&axes(shape, steps), &dims(new)) {
            Reshaped::View(axes) => {
                assert_eq!(axes.len(), new.len());
                true
            }
            Reshaped::Copy(_) => false,
            Reshaped::Unknown => panic!("{shape:?} {new:?}"),
        }
    }

    #[test]
    fn reshapes_of_known_extents_follow_numpy() {
        // np.shares_memory(a, a.reshape(new)) for a of these strides
        assert!(is_view(&[2, 3, 4], &[12, 4, 1], &[6, 4]));
        assert!(is_view(&[2, 3, 4], &[12, 4, 1], &[4, 6]));
        assert!(is_view(&[6], &[2], &[2, 3]), "one axis can always be split");
        assert!(!is_view(&[3, 2], &[1, 3], &[6]), "a transposed matrix");
        assert!(is_view(&[3, 1, 2], &[2, 7, 1], &[6]), "axes of extent 1 do not count");
        assert!(is_view(&[4, 3, 2], &[1, 8, 4], &[2, 2, 6]), "the axes put together lie together");
        assert!(!is_view(&[4, 3, 2], &[1, 8, 4], &[12, 2]));
        assert!(is_view(&[2, 6], &[10, 1], &[2, 3, 2]), "columns left out, the rows split");
        assert!(!is_view(&[2, 6], &[10, 1], &[3, 4]));
        assert!(!is_view(&[3, 4], &[0, 1], &[12]), "broadcast rows");
    }

    #[test]
    fn what_depends_on_lengths_is_a_condition() {
        let n = Dim::from(ValueId(7));
        let rows = vec![(n.clone(), one()), (Dim::from(3i64), n.clone())];
        let Reshaped::Copy(pairs) = reshaped(&rows, &[n.scale(3)]) else { panic!("the transpose of a matrix") };
        assert!(pairs.contains(&(n.clone(), one())));
        let whole = c_order(&[n.clone(), Dim::from(3i64)]);
        assert!(matches!(reshaped(&whole, &[n.scale(3)]), Reshaped::View(_)));
        assert!(matches!(reshaped(&rows, &[Dim::from(3i64), n]), Reshaped::Unknown));
    }
}
