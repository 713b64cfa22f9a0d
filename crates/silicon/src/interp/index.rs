//! Operations that move elements without computing on them.

use super::tensor::{Data, Elem, Tensor, each_data, offset};
use super::{Fault, internal};
use std::sync::Arc;

/// C-order strides of a shape.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut s = vec![1; shape.len()];
    for k in (1..shape.len()).rev() {
        s[k - 1] = s[k] * shape[k];
    }
    s
}

/// Elements of `v` at `base + sum(index[k] * step[k])` for every index of `shape`, in C order.
fn walk(shape: &[usize], base: isize, step: &[isize], mut visit: impl FnMut(usize)) {
    if shape.contains(&0) {
        return;
    }
    let Some((inner, outer)) = shape.split_last() else {
        visit(base as usize);
        return;
    };
    let mut index = vec![0usize; outer.len()];
    let mut at = base;
    loop {
        for j in 0..*inner {
            visit((at + j as isize * step[outer.len()]) as usize);
        }
        let mut k = outer.len();
        loop {
            if k == 0 {
                return;
            }
            k -= 1;
            index[k] += 1;
            at += step[k];
            if index[k] < outer[k] {
                break;
            }
            at -= step[k] * outer[k] as isize;
            index[k] = 0;
        }
    }
}

fn pick<T: Elem>(v: &[T], shape: &[usize], base: isize, step: &[isize]) -> Vec<T> {
    let mut out = Vec::with_capacity(shape.iter().product());
    walk(shape, base, step, |i| out.push(v[i]));
    out
}

/// `x` stretched to a wider shape.
pub(crate) fn broadcast(x: &Tensor, shape: &[usize]) -> Result<Tensor, Fault> {
    if x.shape == shape {
        return Ok(x.clone());
    }
    let lead = shape.len().checked_sub(x.shape.len());
    let fits = |lead: usize| x.shape.iter().zip(&shape[lead..]).all(|(d, s)| d == s || *d == 1);
    let Some(lead) = lead.filter(|l| fits(*l)) else {
        return Err(internal(format!("{:?} does not broadcast to {shape:?}", x.shape)));
    };
    let own = strides(&x.shape);
    let step: Vec<isize> =
        (0..shape.len()).map(|k| if k < lead || x.shape[k - lead] == 1 { 0 } else { own[k - lead] as isize }).collect();
    Ok(each_data!(&x.data, v => Tensor::new(shape.to_vec(), pick(v, shape, 0, &step))))
}

/// Same elements, another shape.
pub(crate) fn reshape(mut x: Tensor, shape: Vec<usize>) -> Result<Tensor, Fault> {
    if shape.iter().product::<usize>() != x.len() {
        return Err(internal(format!("{:?} does not reshape to {shape:?}", x.shape)));
    }
    x.shape = shape;
    Ok(x)
}

/// Result axis k is operand axis `perm[k]`.
pub(crate) fn transpose(x: &Tensor, perm: &[usize]) -> Result<Tensor, Fault> {
    let mut sorted = perm.to_vec();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..x.shape.len()) {
        return Err(internal(format!("{perm:?} does not permute {} axes", x.shape.len())));
    }
    if sorted == perm {
        return Ok(x.clone());
    }
    let own = strides(&x.shape);
    let shape: Vec<usize> = perm.iter().map(|k| x.shape[*k]).collect();
    let step: Vec<isize> = perm.iter().map(|k| own[*k] as isize).collect();
    Ok(each_data!(&x.data, v => Tensor::new(shape.clone(), pick(v, &shape, 0, &step))))
}

/// First element and steps of a slice, checked to lie inside the operand.
fn slice_walk(x: &[usize], start: &[i64], steps: &[i64], count: &[usize]) -> Result<(isize, Vec<isize>), Fault> {
    if x.len() != start.len() || x.len() != steps.len() || x.len() != count.len() {
        return Err(internal("a slice needs one start, step and extent for each axis"));
    }
    let own = strides(x);
    let mut base = 0;
    let mut step = Vec::with_capacity(x.len());
    for k in 0..x.len() {
        let inside = |i: i128| (0..x[k] as i128).contains(&i);
        let last = i128::from(start[k]) + (count[k] as i128 - 1) * i128::from(steps[k]);
        if count[k] > 0 && !(inside(start[k].into()) && inside(last)) {
            return Err(internal(format!(
                "slice from {} by {} of {} elements leaves an axis of {}",
                start[k], steps[k], count[k], x[k]
            )));
        }
        base += start[k].wrapping_mul(own[k] as i64) as isize;
        step.push(steps[k].wrapping_mul(own[k] as i64) as isize);
    }
    Ok((base, step))
}

/// Along axis k, elements `start[k] + j*steps[k]` for j below `count[k]`.
pub(crate) fn slice(x: &Tensor, start: &[i64], steps: &[i64], count: Vec<usize>) -> Result<Tensor, Fault> {
    let (base, step) = slice_walk(&x.shape, start, steps, &count)?;
    // a contiguous range of a vector is the common case
    if let ([1], [n]) = (steps, count.as_slice()) {
        let from = if *n == 0 { 0 } else { base as usize };
        return Ok(each_data!(&x.data, v => Tensor::new(count.clone(), v[from..from + n].to_vec())));
    }
    Ok(each_data!(&x.data, v => Tensor::new(count.clone(), pick(v, &count, base, &step))))
}

/// `x` with a slice replaced by `v`, whose shape is the slice's.
pub(crate) fn insert_slice(mut x: Tensor, v: &Tensor, start: &[i64], steps: &[i64]) -> Result<Tensor, Fault> {
    let (base, step) = slice_walk(&x.shape, start, steps, &v.shape)?;
    each_data!(&v.data, values => store(&mut x, values, |put| walk(&v.shape, base, &step, put)))?;
    Ok(x)
}

/// Writes the values in turn to the positions that `positions` names.
fn store<T: Elem>(x: &mut Tensor, values: &[T], positions: impl FnOnce(&mut dyn FnMut(usize))) -> Result<(), Fault> {
    let out = x.slice_mut::<T>()?;
    let mut next = values.iter();
    positions(&mut |i| {
        if let Some(v) = next.next() {
            out[i] = *v;
        }
    });
    Ok(())
}

fn in_range(i: i64, n: usize) -> Result<usize, Fault> {
    usize::try_from(i).ok().filter(|i| *i < n).ok_or_else(|| internal(format!("index {i} is outside an axis of {n}")))
}

/// Along `axis`, elements by index; the indices' axes stand where the axis stood.
pub(crate) fn gather(x: &Tensor, idx: &Tensor, axis: usize) -> Result<Tensor, Fault> {
    let n = *x.shape.get(axis).ok_or_else(|| internal("axis out of range"))?;
    let inner: usize = x.shape[axis + 1..].iter().product();
    let outer: usize = x.shape[..axis].iter().product();
    let idx_at = idx.slice::<i64>()?.iter().map(|i| in_range(*i, n)).collect::<Result<Vec<usize>, Fault>>()?;
    let shape = [&x.shape[..axis], &idx.shape, &x.shape[axis + 1..]].concat();
    Ok(each_data!(&x.data, v => {
        let mut out = Vec::with_capacity(outer * idx_at.len() * inner);
        for o in 0..outer {
            for i in &idx_at {
                let at = (o * n + i) * inner;
                out.extend_from_slice(&v[at..at + inner]);
            }
        }
        Tensor::new(shape, out)
    }))
}

/// `x` with `x[..., idx[j], ...] = v[..., j, ...]`, in order.
pub(crate) fn scatter(mut x: Tensor, idx: &Tensor, v: &Tensor, axis: usize) -> Result<Tensor, Fault> {
    let n = *x.shape.get(axis).ok_or_else(|| internal("axis out of range"))?;
    let inner: usize = x.shape[axis + 1..].iter().product();
    let outer: usize = x.shape[..axis].iter().product();
    let idx = idx.slice::<i64>()?.iter().map(|i| in_range(*i, n)).collect::<Result<Vec<usize>, Fault>>()?;
    let mut expect = x.shape.clone();
    expect[axis] = idx.len();
    if expect != v.shape {
        return Err(internal(format!("scatter of {:?} where {expect:?} is due", v.shape)));
    }
    each_data!(&v.data, values => store(&mut x, values, |put| {
        for o in 0..outer {
            for i in &idx {
                (0..inner).for_each(|k| put((o * n + i) * inner + k));
            }
        }
    }))?;
    Ok(x)
}

/// `0, 1, ..., n-1`.
pub(crate) fn iota(n: usize) -> Tensor {
    Tensor::new(vec![n], (0..n as i64).collect())
}

/// Number and positions of the true elements.
pub(crate) fn compress(mask: &Tensor) -> Result<(i64, Tensor), Fault> {
    let at: Vec<i64> = mask.slice::<bool>()?.iter().enumerate().filter(|(_, m)| **m).map(|(i, _)| i as i64).collect();
    Ok((at.len() as i64, Tensor::new(vec![at.len()], at)))
}

/// Tensors joined along an axis.
pub(crate) fn concat(parts: &[Tensor], axis: usize) -> Result<Tensor, Fault> {
    let first = parts.first().filter(|p| axis < p.shape.len()).ok_or_else(|| internal("nothing to join"))?;
    let mut shape = first.shape.clone();
    shape[axis] = parts.iter().map(|p| p.shape.get(axis).copied().unwrap_or(0)).sum();
    for p in parts {
        let fits = p.shape.len() == shape.len() && (0..shape.len()).all(|k| k == axis || p.shape[k] == shape[k]);
        if !fits || p.dtype != first.dtype {
            return Err(internal(format!("{}{:?} does not join {}{:?}", p.dtype, p.shape, first.dtype, first.shape)));
        }
    }
    fn join<T: Elem>(_like: &Arc<Vec<T>>, parts: &[Tensor], axis: usize, shape: Vec<usize>) -> Result<Tensor, Fault> {
        let outer: usize = shape[..axis].iter().product();
        let inner: usize = shape[axis + 1..].iter().product();
        let mut out: Vec<T> = Vec::with_capacity(shape.iter().product());
        for o in 0..outer {
            for p in parts {
                let run = p.shape[axis] * inner;
                out.extend_from_slice(&p.slice::<T>()?[o * run..(o + 1) * run]);
            }
        }
        Ok(Tensor::new(shape, out))
    }
    each_data!(&first.data, v => join(v, parts, axis, shape))
}

/// The element with these indices.
pub(crate) fn element(x: &Tensor, index: &[i64]) -> Result<usize, Fault> {
    if index.len() != x.shape.len() {
        return Err(internal(format!("{} indices for {} axes", index.len(), x.shape.len())));
    }
    offset(&x.shape, index.iter().copied())
}
