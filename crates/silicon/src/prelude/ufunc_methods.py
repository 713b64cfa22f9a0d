"""reduce, accumulate and outer of ufuncs."""

import numpy as np

from reductions import _axis


# binds: numpy.add.reduce
def add_reduce(array, axis=0, dtype=None, keepdims=False):
    """Sums, over the first axis by default."""
    return np.sum(array, axis=axis, dtype=dtype, keepdims=keepdims)


# binds: numpy.multiply.reduce
def multiply_reduce(array, axis=0, dtype=None, keepdims=False):
    """Products, over the first axis by default."""
    return np.prod(array, axis=axis, dtype=dtype, keepdims=keepdims)


# binds: numpy.maximum.reduce
def maximum_reduce(array, axis=0, keepdims=False):
    """Largest elements, over the first axis by default."""
    return np.max(array, axis=axis, keepdims=keepdims)


# binds: numpy.minimum.reduce
def minimum_reduce(array, axis=0, keepdims=False):
    """Smallest elements, over the first axis by default."""
    return np.min(array, axis=axis, keepdims=keepdims)


# binds: numpy.bitwise_and.reduce
def bitwise_and_reduce(array, axis=0):
    """Bits set in all elements of a vector."""
    return _bitwise_reduce(array, axis, lambda a, b: a & b, True)


# binds: numpy.bitwise_or.reduce
def bitwise_or_reduce(array, axis=0):
    """Bits set in some element of a vector."""
    return _bitwise_reduce(array, axis, lambda a, b: a | b, False)


# binds: numpy.bitwise_xor.reduce
def bitwise_xor_reduce(array, axis=0):
    """Parity of each bit over a vector."""
    return _bitwise_reduce(array, axis, lambda a, b: a ^ b, False)


def _bitwise_reduce(array, axis, op, from_ones):
    v = np.asarray(array)
    if v.ndim != 1 or (axis is not None and axis != 0 and axis != -1):
        raise NotImplementedError("reduce of bits of more than a vector")
    out = np.zeros(1, dtype=v.dtype)
    if from_ones:
        out = ~out
    for i in range(v.shape[0]):
        out[0] = op(out[0], v[i])
    return out[0]


# binds: numpy.logical_and.reduce
def logical_and_reduce(array, axis=0, keepdims=False):
    """Whether all are true, over the first axis by default."""
    return np.all(array, axis=axis, keepdims=keepdims)


# binds: numpy.logical_or.reduce
def logical_or_reduce(array, axis=0, keepdims=False):
    """Whether any is true, over the first axis by default."""
    return np.any(array, axis=axis, keepdims=keepdims)


# binds: numpy.add.accumulate
def add_accumulate(array, axis=0, dtype=None):
    """Running sums along an axis."""
    return np.cumsum(array, axis=axis, dtype=dtype)


# binds: numpy.multiply.accumulate
def multiply_accumulate(array, axis=0, dtype=None):
    """Running products along an axis."""
    return np.cumprod(array, axis=axis, dtype=dtype)


def _outer_operands(a, b):
    a = np.asarray(a)
    b = np.asarray(b)
    return a.reshape(a.shape + (1,) * b.ndim), b


# binds: numpy.add.outer
def add_outer(A, B):
    """Sums of all pairs."""
    a, b = _outer_operands(A, B)
    return a + b


# binds: numpy.subtract.outer
def subtract_outer(A, B):
    """Differences of all pairs."""
    a, b = _outer_operands(A, B)
    return a - b


# binds: numpy.multiply.outer
def multiply_outer(A, B):
    """Products of all pairs."""
    a, b = _outer_operands(A, B)
    return a * b


# binds: numpy.maximum.accumulate
def maximum_accumulate(array, axis=0):
    """Running maximum; a NaN stays from where it occurs."""
    return _accumulate(np.asarray(array), axis, True)


# binds: numpy.minimum.accumulate
def minimum_accumulate(array, axis=0):
    """Running minimum; a NaN stays from where it occurs."""
    return _accumulate(np.asarray(array), axis, False)


def _accumulate(x, axis, largest):
    ax = _axis(axis, x.ndim)
    y = np.moveaxis(x, ax, 0).copy()
    for i in range(1, y.shape[0]):
        if largest:
            y[i] = np.maximum(y[i - 1], y[i])
        else:
            y[i] = np.minimum(y[i - 1], y[i])
    return np.moveaxis(y, 0, ax)
