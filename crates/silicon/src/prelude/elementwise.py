"""Elementwise functions that need more than a kernel, ufunc methods (`outer`, `at`) and index helpers."""

import numpy as np

from reductions import _as_float, _axis


# binds: numpy.angle
def angle(z, deg=False):
    """Phase of complex values, 0 or pi for real ones; in radians, or degrees."""
    x = np.asarray(z)
    if x.dtype == np.bool_ or x.dtype == np.int8 or x.dtype == np.uint8:
        raise NotImplementedError("angle of 8-bit integers and booleans gives float16")
    if x.dtype == np.int16 or x.dtype == np.uint16:
        x = x.astype(np.float32)
    x = _as_float(x)
    if np.iscomplexobj(x):
        a = np.arctan2(x.imag, x.real)
    else:
        a = np.arctan2(np.zeros_like(x), x)
    if deg:
        return a * (180 / np.pi)
    return a


# binds: numpy.sign
def sign(x):
    """-1, 0 or 1; NaN stays; a complex value over its magnitude."""
    v = np.asarray(x)
    if v.dtype == np.bool_:
        raise TypeError("ufunc 'sign' did not contain a loop with signature matching types")
    if np.iscomplexobj(v):
        m = np.abs(v)
        ok = m > 0
        return np.where(ok, v / np.where(ok, m, np.ones_like(m)), np.where(m == 0, np.zeros_like(v), v + np.nan))
    one = np.ones_like(v)
    zero = np.zeros_like(v)
    if v.dtype == np.uint8 or v.dtype == np.uint16 or v.dtype == np.uint32 or v.dtype == np.uint64:
        return np.where(v > 0, one, zero)
    return np.where(v > 0, one, np.where(v < 0, -one, np.where(v == 0, zero, v)))


# binds: numpy.square
def square(x):
    """x * x."""
    v = np.asarray(x)
    return v * v


# binds: numpy.positive
def positive(x):
    """A copy."""
    return np.asarray(x).copy()


# binds: numpy.float_power
def float_power(x1, x2):
    """Power in at least float64."""
    a = np.asarray(x1)
    b = np.asarray(x2)
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return np.power(a.astype(np.complex128), b.astype(np.complex128))
    return np.power(a.astype(np.float64), b.astype(np.float64))


# binds: numpy.fmax
def fmax(x1, x2):
    """The larger one; of a NaN and a number the number."""
    return np.where((x1 >= x2) | (x2 != x2), x1, x2)


# binds: numpy.fmin
def fmin(x1, x2):
    """The smaller one; of a NaN and a number the number."""
    return np.where((x1 <= x2) | (x2 != x2), x1, x2)


# binds: numpy.divmod
def divmod_(x1, x2):
    """(x1 // x2, x1 % x2)."""
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


# binds: numpy.modf
def modf(x):
    """(fraction, whole part), both with the sign of x."""
    v = _as_float(np.asarray(x))
    w = np.trunc(v)
    return np.copysign(np.where(np.isinf(v), np.zeros_like(v), v - w), v), w


def _pairs(a, b):
    """a with axes of length one appended, so that arithmetic with b gives all pairs."""
    x = np.asarray(a)
    return np.reshape(x, x.shape + (1,) * np.ndim(b))


# binds: numpy.add.outer
def add_outer(A, B):
    """Sums of all pairs."""
    return _pairs(A, B) + np.asarray(B)


# binds: numpy.subtract.outer
def subtract_outer(A, B):
    """Differences of all pairs."""
    return _pairs(A, B) - np.asarray(B)


# binds: numpy.multiply.outer
def multiply_outer(A, B):
    """Products of all pairs."""
    return _pairs(A, B) * np.asarray(B)


# binds: numpy.maximum.outer
def maximum_outer(A, B):
    """Larger ones of all pairs."""
    return np.maximum(_pairs(A, B), np.asarray(B))


# binds: numpy.minimum.outer
def minimum_outer(A, B):
    """Smaller ones of all pairs."""
    return np.minimum(_pairs(A, B), np.asarray(B))


def _at_index(a, indices, b):
    """(positions on the first axis, values per position) of a ufunc's `at` on a vector."""
    if a.ndim != 1 or isinstance(indices, (tuple, slice)):
        raise NotImplementedError("ufunc.at: vectors with one integer index array")
    i = np.ravel(indices)
    if i.dtype == np.bool_:
        raise NotImplementedError("ufunc.at: a boolean index")
    return i, np.broadcast_to(np.asarray(b), np.shape(indices)).ravel()


# binds: numpy.add.at
def add_at(a, indices, b):
    """a[i] += b for each index in turn, repeated ones included."""
    i, v = _at_index(a, indices, b)
    for k in range(i.shape[0]):
        a[i[k]] += v[k]


# binds: numpy.subtract.at
def subtract_at(a, indices, b):
    """a[i] -= b for each index in turn, repeated ones included."""
    i, v = _at_index(a, indices, b)
    for k in range(i.shape[0]):
        a[i[k]] -= v[k]


# binds: numpy.multiply.at
def multiply_at(a, indices, b):
    """a[i] *= b for each index in turn, repeated ones included."""
    i, v = _at_index(a, indices, b)
    for k in range(i.shape[0]):
        a[i[k]] *= v[k]


# binds: numpy.maximum.at
def maximum_at(a, indices, b):
    """a[i] = maximum(a[i], b) for each index in turn."""
    i, v = _at_index(a, indices, b)
    for k in range(i.shape[0]):
        a[i[k]] = np.maximum(a[i[k]], v[k])


# binds: numpy.minimum.at
def minimum_at(a, indices, b):
    """a[i] = minimum(a[i], b) for each index in turn."""
    i, v = _at_index(a, indices, b)
    for k in range(i.shape[0]):
        a[i[k]] = np.minimum(a[i[k]], v[k])


# binds: numpy.extract
def extract(condition, arr):
    """Elements of the flattened array where the condition holds."""
    return np.ravel(arr)[np.ravel(condition) != 0]


# binds: numpy.compress
def compress(condition, a, axis=None):
    """Slices along the axis where the condition, a vector, holds; flattened without axis."""
    x = np.asarray(a)
    if axis is None:
        x = np.ravel(x)
        ax = 0
    else:
        ax = _axis(axis, x.ndim)
    return np.take(x, np.nonzero(np.asarray(condition) != 0)[0], axis=ax)


# binds: numpy.ix_
def ix_(*args):
    """Index vectors shaped so that together they select a grid."""
    n = len(args)
    out = ()
    for i in range(n):
        v = np.asarray(args[i])
        if v.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if v.dtype == np.bool_:
            v = np.nonzero(v)[0]
        out = out + (np.reshape(v, (1,) * i + (v.shape[0],) + (1,) * (n - i - 1)),)
    return out


# binds: numpy.lexsort
def lexsort(keys):
    """Stable order by the last key, then the one before it, and so on; vectors."""
    n = len(keys)
    if n == 0:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    order = np.argsort(np.asarray(keys[0]), kind="stable")
    for i in range(1, n):
        k = np.asarray(keys[i])
        order = order[np.argsort(k[order], kind="stable")]
    return order


# binds: numpy.partition
def partition(a, kth, axis=-1):
    """A partition at every position at once: sorted. NumPy leaves the order within each part open."""
    if axis is None:
        return np.sort(np.ravel(a))
    return np.sort(a, axis=axis)


# binds: numpy.argpartition
def argpartition(a, kth, axis=-1):
    """An order that partitions at every position at once: that of a stable sort."""
    if axis is None:
        return np.argsort(np.ravel(a), kind="stable")
    return np.argsort(a, axis=axis, kind="stable")


# binds: numpy.sort_complex
def sort_complex(a):
    """Sorted by real, then imaginary part, as complex."""
    x = np.asarray(a)
    if not np.iscomplexobj(x):
        x = x.astype(np.complex64 if x.dtype == np.int8 or x.dtype == np.int16 or x.dtype == np.uint8 or x.dtype == np.uint16 else np.complex128)
    order = lexsort((x.imag, x.real))
    return x[order]


def _broadcast_shape(arrays):
    d = max([x.ndim for x in arrays])
    shape = (1,) * d
    for x in arrays:
        own = (1,) * (d - x.ndim) + x.shape
        for a, b in zip(shape, own):
            if a != b and a != 1 and b != 1:
                raise ValueError("operands could not be broadcast together")
        shape = tuple([b if a == 1 else a for a, b in zip(shape, own)])
    return shape


def _python(x, i):
    """Element i of a vector as a Python number, which is what np.vectorize passes on."""
    if x.dtype == np.bool_:
        return bool(x[i])
    if np.iscomplexobj(x):
        return complex(x[i])
    if x.dtype == np.float64 or x.dtype == np.float32:
        return float(x[i])
    return int(x[i])


# binds: numpy.vectorize
def vectorize(pyfunc):
    """The function applied to each element of its broadcast arguments; the first result decides the type."""

    def apply(*args):
        arrays = [np.asarray(a) for a in args]
        shape = _broadcast_shape(arrays)
        flat = [np.ravel(np.broadcast_to(a, shape)) for a in arrays]
        n = flat[0].shape[0]
        if n == 0:
            raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
        first = np.asarray(pyfunc(*[_python(f, 0) for f in flat]))
        out = np.zeros(n, dtype=first.dtype)
        out[0] = first
        for i in range(1, n):
            out[i] = pyfunc(*[_python(f, i) for f in flat])
        return np.reshape(out, shape)

    return apply


# binds: numpy.bitwise_count
def bitwise_count(x):
    """Number of one bits of |x|, as uint8."""
    v = np.abs(np.asarray(x)).astype(np.uint64)
    v = v - ((v >> 1) & 0x5555555555555555)
    v = (v & 0x3333333333333333) + ((v >> 2) & 0x3333333333333333)
    v = (v + (v >> 4)) & 0x0F0F0F0F0F0F0F0F
    return ((v * 0x0101010101010101) >> 56).astype(np.uint8)


# binds: numpy.broadcast_arrays
def broadcast_arrays(*args):
    """The arguments in their common shape."""
    arrays = [np.asarray(a) for a in args]
    shape = _broadcast_shape(arrays)
    return tuple([np.broadcast_to(a, shape) for a in arrays])


# binds: numpy.put
def put(a, ind, v, mode="raise"):
    """Write v, repeated as needed, to the flat positions of a vector in place."""
    if a.ndim != 1 or mode != "raise":
        raise NotImplementedError("put: vectors with mode='raise'")
    i = np.ravel(ind)
    values = np.ravel(v)
    for k in range(i.shape[0]):
        a[i[k]] = values[k % values.shape[0]]


# binds: numpy.copyto
def copyto(dst, src, where=True):
    """Write src, broadcast, into dst in place where the mask holds."""
    if where is True:
        dst[...] = src
    else:
        dst[...] = np.where(where, np.asarray(src).astype(dst.dtype), dst)


# binds: numpy.putmask
def putmask(a, mask, values):
    """Write values, of a's shape or one number, into a in place where the mask holds."""
    v = np.asarray(values)
    if v.ndim != 0 and v.shape != a.shape:
        raise NotImplementedError("putmask: values of another shape than the array")
    a[...] = np.where(mask, v.astype(a.dtype), a)


# binds: numpy.place
def place(arr, mask, vals):
    """Write vals in turn, repeated as needed, into a vector in place where the mask holds."""
    if arr.ndim != 1:
        raise NotImplementedError("place: vectors only")
    v = np.ravel(vals)
    k = 0
    for i in range(arr.shape[0]):
        if mask[i]:
            if v.shape[0] == 0:
                raise ValueError("Cannot insert from an empty array!")
            arr[i] = v[k % v.shape[0]]
            k += 1


# binds: numpy.trim_zeros
def trim_zeros(filt, trim="fb"):
    """A vector without its zeros in front ('f') and at the back ('b')."""
    x = np.asarray(filt)
    if x.ndim != 1:
        raise NotImplementedError("trim_zeros: vectors only")
    first = 0
    last = x.shape[0]
    if "f" in trim or "F" in trim:
        while first < last and x[first] == 0:
            first += 1
    if "b" in trim or "B" in trim:
        while last > first and x[last - 1] == 0:
            last -= 1
    return x[first:last]
