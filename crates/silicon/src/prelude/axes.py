"""Axes and element types: what every function along an axis needs."""

import numpy as np


def _axis_of(axis, ndim):
    if axis < -ndim or axis >= ndim:
        raise IndexError("axis %d is out of bounds for array of dimension %d" % (axis, ndim))
    return axis % ndim


def _float_of(dtype):
    return np.float32 if dtype in (np.float16, np.float32, np.complex64) else np.float64


def _complex_of(dtype):
    return np.complex64 if dtype in (np.float16, np.float32, np.complex64) else np.complex128


def _product(values):
    total = 1
    for v in values:
        total *= v
    return total


def _replaced(shape, axis, n):
    return tuple(shape[:axis]) + (n,) + tuple(shape[axis + 1 :])


def _to_last(x, axis):
    """x with `axis` moved to the end."""
    order = [d for d in range(x.ndim) if d != axis] + [axis]
    return x.transpose(order)


def _from_last(x, axis):
    """x with its last axis moved to `axis`."""
    order = list(range(x.ndim - 1))
    order.insert(axis, x.ndim - 1)
    return x.transpose(order)


def _as_rows(x, axis):
    """x as (rows, n), the given axis last."""
    t = _to_last(x, axis)
    return t.reshape(_product(t.shape[:-1]), t.shape[-1])


def _from_rows(y, shape, axis):
    """Rows computed from `_as_rows` of an array of this shape, back in place; their length may be another."""
    kept = [shape[d] for d in range(len(shape)) if d != axis]
    return _from_last(y.reshape(tuple(kept) + (y.shape[-1],)), axis)
