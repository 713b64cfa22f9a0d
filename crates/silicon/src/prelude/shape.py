"""Joining, splitting, repeating, reordering and padding arrays."""

import numpy as np

from reductions import _at, _axes, _axis


def _order(ndim, source, destination):
    """The transposition that moves axis `source` to position `destination`."""
    order = [i for i in range(ndim) if i != source]
    order.insert(destination, source)
    return tuple(order)


# binds: numpy.lib.stride_tricks.sliding_window_view
def sliding_window_view(x, window_shape, axis=None, subok=False, writeable=False):
    """All windows of a vector, a row each: shape (n - w + 1, w). Not to be written into."""
    v = np.asarray(x)
    w = window_shape[0] if isinstance(window_shape, tuple) else window_shape
    if v.ndim != 1 or (axis is not None and axis != 0 and axis != -1) or writeable:
        raise NotImplementedError("windows of more than a vector, or to be written into")
    if w < 0:
        raise ValueError("`window_shape` cannot contain negative values")
    n = v.shape[0] - w + 1
    if n <= 0:
        raise ValueError("window shape cannot be larger than input array shape")
    return np.broadcast_to(v[np.arange(n)[:, np.newaxis] + np.arange(w)], (n, w))


# binds: numpy.swapaxes
def swapaxes(a, axis1, axis2):
    """Exchange two axes."""
    x = np.asarray(a)
    i = _axis(axis1, x.ndim)
    j = _axis(axis2, x.ndim)
    order = list(range(x.ndim))
    order[i] = j
    order[j] = i
    return np.transpose(x, tuple(order))


# binds: numpy.moveaxis
def moveaxis(a, source, destination):
    """Move axes to new positions, the others keeping their order."""
    x = np.asarray(a)
    src = _axes(source, x.ndim)
    dst = _axes(destination, x.ndim)
    if len(src) != len(dst):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [i for i in range(x.ndim) if i not in src]
    for d, s in sorted(zip(dst, src)):
        order.insert(d, s)
    return np.transpose(x, tuple(order))


# binds: numpy.rollaxis
def rollaxis(a, axis, start=0):
    """Move an axis back until it lies before position `start`."""
    x = np.asarray(a)
    i = _axis(axis, x.ndim)
    s = start + x.ndim if start < 0 else start
    if s > i:
        s = s - 1
    return np.transpose(x, _order(x.ndim, i, s))


# binds: numpy.flip
def flip(m, axis=None):
    """Reverse the order of elements along the axes, all by default."""
    x = np.asarray(m)
    for a in _axes(axis, x.ndim):
        x = x[_at(x.ndim, a, slice(None, None, -1))]
    return x


# binds: numpy.fliplr
def fliplr(m):
    """Reverse the second axis."""
    x = np.asarray(m)
    if x.ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return x[:, ::-1]


# binds: numpy.flipud
def flipud(m):
    """Reverse the first axis."""
    x = np.asarray(m)
    if x.ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return x[::-1]


# binds: numpy.rot90
def rot90(m, k=1, axes=(0, 1)):
    """Rotate by k quarter turns from the first towards the second axis."""
    x = np.asarray(m)
    i = _axis(axes[0], x.ndim)
    j = _axis(axes[1], x.ndim)
    if i == j:
        raise ValueError("Axes must be different.")
    turns = k % 4
    if turns == 0:
        return x
    if turns == 2:
        return flip(flip(x, i), j)
    if turns == 1:
        return swapaxes(flip(x, j), i, j)
    return flip(swapaxes(x, i, j), j)


def _roll_one(x, shift, axis):
    n = x.shape[axis]
    if n == 0:
        return x
    s = shift % n
    tail = x[_at(x.ndim, axis, slice(n - s, n))]
    head = x[_at(x.ndim, axis, slice(0, n - s))]
    return np.concatenate((tail, head), axis=axis)


# binds: numpy.roll
def roll(a, shift, axis=None):
    """Rotate elements along the axes; without axis the flattened array is rotated."""
    x = np.asarray(a)
    if axis is None:
        if isinstance(shift, tuple):
            raise NotImplementedError("roll: several shifts need an axis each")
        return np.reshape(_roll_one(np.ravel(x), shift, 0), x.shape)
    if not isinstance(axis, tuple):
        if isinstance(shift, tuple):
            for s in shift:
                x = _roll_one(x, s, _axis(axis, x.ndim))
            return x
        return _roll_one(x, shift, _axis(axis, x.ndim))
    for i in range(len(axis)):
        s = shift[i] if isinstance(shift, tuple) else shift
        x = _roll_one(x, s, _axis(axis[i], x.ndim))
    return x


# binds: numpy.tile
def tile(A, reps):
    """Repeat the whole array along each axis."""
    x = np.asarray(A)
    r = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    d = max(len(r), x.ndim)
    r = (1,) * (d - len(r)) + r
    shape = (1,) * (d - x.ndim) + x.shape
    between = ()
    wide = ()
    final = ()
    for i in range(d):
        between = between + (1, shape[i])
        wide = wide + (r[i], shape[i])
        final = final + (r[i] * shape[i],)
    return np.reshape(np.broadcast_to(np.reshape(x, between), wide), final).copy()


# binds: numpy.repeat
def repeat(a, repeats, axis=None):
    """Repeat each element; `repeats` one number, or one per element (then the length depends on the data)."""
    x = np.asarray(a)
    if axis is None:
        x = np.ravel(x)
        ax = 0
    else:
        ax = _axis(axis, x.ndim)
    n = x.shape[ax]
    if np.ndim(repeats) == 0:
        if repeats < 0:
            raise ValueError("repeats may not contain negative values.")
        shape = x.shape[: ax + 1] + (repeats,) + x.shape[ax + 1 :]
        return np.reshape(np.broadcast_to(np.expand_dims(x, ax + 1), shape), x.shape[:ax] + (n * repeats,) + x.shape[ax + 1 :]).copy()
    counts = np.asarray(repeats)
    if counts.shape[0] == 1:
        return repeat(x, int(counts[0]), ax)
    if counts.shape[0] != n:
        raise ValueError("operands could not be broadcast together")
    if np.any(counts < 0):
        raise ValueError("repeats may not contain negative values.")
    ends = np.cumsum(counts)
    total = int(ends[n - 1]) if n > 0 else 0
    index = np.zeros(total, dtype=np.int64)
    at = 0
    for i in range(n):
        for _ in range(int(counts[i])):
            index[at] = i
            at += 1
    return np.take(x, index, axis=ax)


# binds: numpy.stack
def stack(arrays, axis=0):
    """Join equal shapes along a new axis."""
    xs = [np.asarray(a) for a in arrays]
    if len(xs) == 0:
        raise ValueError("need at least one array to stack")
    for x in xs:
        if x.shape != xs[0].shape:
            raise ValueError("all input arrays must have the same shape")
    ax = _axis(axis, xs[0].ndim + 1)
    return np.concatenate([np.expand_dims(x, ax) for x in xs], axis=ax)


# binds: numpy.atleast_1d
def atleast_1d(*arys):
    """Scalars as arrays of one element."""
    r = [np.reshape(np.asarray(a), (1,)) if np.ndim(a) == 0 else np.asarray(a) for a in arys]
    if len(r) == 1:
        return r[0]
    return tuple(r)


def _two_d(a):
    x = np.asarray(a)
    if x.ndim == 0:
        return np.reshape(x, (1, 1))
    if x.ndim == 1:
        return np.reshape(x, (1, x.shape[0]))
    return x


def _three_d(a):
    x = np.asarray(a)
    if x.ndim == 0:
        return np.reshape(x, (1, 1, 1))
    if x.ndim == 1:
        return np.reshape(x, (1, x.shape[0], 1))
    if x.ndim == 2:
        return np.reshape(x, x.shape + (1,))
    return x


# binds: numpy.atleast_2d
def atleast_2d(*arys):
    """Axes put in front up to two dimensions."""
    r = [_two_d(a) for a in arys]
    if len(r) == 1:
        return r[0]
    return tuple(r)


# binds: numpy.atleast_3d
def atleast_3d(*arys):
    """Axes added up to three dimensions; a vector becomes (1, n, 1)."""
    r = [_three_d(a) for a in arys]
    if len(r) == 1:
        return r[0]
    return tuple(r)


# binds: numpy.hstack
def hstack(tup):
    """Join along the second axis, or the first for vectors."""
    xs = [atleast_1d(a) for a in tup]
    if xs[0].ndim == 1:
        return np.concatenate(xs, axis=0)
    return np.concatenate(xs, axis=1)


# binds: numpy.vstack, numpy.row_stack
def vstack(tup):
    """Join rows along the first axis."""
    return np.concatenate([_two_d(a) for a in tup], axis=0)


# binds: numpy.dstack
def dstack(tup):
    """Join along the third axis."""
    return np.concatenate([_three_d(a) for a in tup], axis=2)


# binds: numpy.column_stack
def column_stack(tup):
    """Vectors become the columns of a matrix."""
    xs = [np.asarray(a) for a in tup]
    return np.concatenate([np.reshape(x, (x.size, 1)) if x.ndim < 2 else x for x in xs], axis=1)


# binds: numpy.append
def append(arr, values, axis=None):
    """Values joined to the end; flattened without axis."""
    if axis is None:
        return np.concatenate((np.ravel(arr), np.ravel(values)))
    return np.concatenate((np.asarray(arr), np.asarray(values)), axis=axis)


# binds: numpy.insert
def insert(arr, obj, values, axis=None):
    """Values put before position `obj`, an int."""
    x = np.asarray(arr)
    if np.ndim(obj) != 0:
        raise NotImplementedError("insert: only one position at a time")
    if axis is None:
        x = np.ravel(x)
        ax = 0
    else:
        ax = _axis(axis, x.ndim)
    n = x.shape[ax]
    if obj < -n or obj > n:
        raise IndexError("index is out of bounds for axis")
    i = obj + n if obj < 0 else obj
    v = np.asarray(values).astype(x.dtype)
    if x.ndim == 1:
        v = np.ravel(v)
    else:
        if v.ndim == x.ndim:
            # NumPy reads the first axis of the values as the inserted one
            v = np.transpose(v, _order(v.ndim, 0, ax))
            v = np.broadcast_to(v, x.shape[:ax] + (v.shape[ax],) + x.shape[ax + 1 :])
        else:
            v = np.expand_dims(np.broadcast_to(v, x.shape[:ax] + x.shape[ax + 1 :]), ax)
    head = x[_at(x.ndim, ax, slice(0, i))]
    tail = x[_at(x.ndim, ax, slice(i, n))]
    return np.concatenate((head, v, tail), axis=ax)


# binds: numpy.delete
def delete(arr, obj, axis=None):
    """Elements left out: `obj` an int, a slice or a static list of ints."""
    x = np.asarray(arr)
    if axis is None:
        x = np.ravel(x)
        ax = 0
    else:
        ax = _axis(axis, x.ndim)
    n = x.shape[ax]
    if isinstance(obj, slice):
        gone = list(range(n))[obj]
        keep = [i for i in range(n) if i not in gone]
        return np.take(x, np.array(keep, dtype=np.int64), axis=ax)
    if isinstance(obj, (tuple, list)):
        gone = [i + n if i < 0 else i for i in obj]
        for i in gone:
            if i < 0 or i >= n:
                raise IndexError("index is out of bounds for axis")
        keep = [i for i in range(n) if i not in gone]
        return np.take(x, np.array(keep, dtype=np.int64), axis=ax)
    if np.ndim(obj) != 0:
        raise NotImplementedError("delete: an array of positions must be a static list")
    if obj < -n or obj >= n:
        raise IndexError("index is out of bounds for axis")
    i = obj + n if obj < 0 else obj
    return np.concatenate((x[_at(x.ndim, ax, slice(0, i))], x[_at(x.ndim, ax, slice(i + 1, n))]), axis=ax)


# binds: numpy.array_split
def array_split(ary, indices_or_sections, axis=0):
    """Cut into sections of nearly equal length, or at given positions."""
    x = np.asarray(ary)
    ax = _axis(axis, x.ndim)
    n = x.shape[ax]
    if isinstance(indices_or_sections, (tuple, list)):
        cuts = [0] + list(indices_or_sections) + [n]
    else:
        k = indices_or_sections
        if k <= 0:
            raise ValueError("number sections must be larger than 0.")
        cuts = [0]
        for i in range(k):
            cuts.append(cuts[i] + n // k + (1 if i < n % k else 0))
    return [x[_at(x.ndim, ax, slice(cuts[i], cuts[i + 1]))] for i in range(len(cuts) - 1)]


# binds: numpy.split
def split(ary, indices_or_sections, axis=0):
    """Cut into sections of equal length, or at given positions."""
    x = np.asarray(ary)
    if not isinstance(indices_or_sections, (tuple, list)):
        if x.shape[_axis(axis, x.ndim)] % indices_or_sections != 0:
            raise ValueError("array split does not result in an equal division")
    return array_split(x, indices_or_sections, axis)


# binds: numpy.hsplit
def hsplit(ary, indices_or_sections):
    """split along the second axis, the first for vectors."""
    return split(ary, indices_or_sections, 1 if np.ndim(ary) > 1 else 0)


# binds: numpy.vsplit
def vsplit(ary, indices_or_sections):
    """split along the first axis."""
    if np.ndim(ary) < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(ary, indices_or_sections, 0)


# binds: numpy.dsplit
def dsplit(ary, indices_or_sections):
    """split along the third axis."""
    if np.ndim(ary) < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(ary, indices_or_sections, 2)


def _pad_pairs(pad_width, ndim):
    """pad_width as (before, after) for each axis."""
    if not isinstance(pad_width, (tuple, list)):
        return [(pad_width, pad_width)] * ndim
    if not isinstance(pad_width[0], (tuple, list)):
        if len(pad_width) == 1:
            return [(pad_width[0], pad_width[0])] * ndim
        return [(pad_width[0], pad_width[1])] * ndim
    if len(pad_width) == 1:
        return [(pad_width[0][0], pad_width[0][1])] * ndim
    if len(pad_width) != ndim:
        raise ValueError("operands could not be broadcast together with remapped shapes")
    return [(p[0], p[1]) for p in pad_width]


def _pad_index(n, before, after, mode):
    """For each position of the padded axis, the position of the original it copies."""
    i = np.arange(n + before + after) - before
    if mode == "edge":
        return np.minimum(np.maximum(i, 0), n - 1)
    if mode == "wrap":
        return i % n
    if mode == "symmetric":
        j = i % (2 * n)
        return np.minimum(j, 2 * n - 1 - j)
    if n == 1:
        return i * 0
    j = i % (2 * n - 2)
    return np.minimum(j, 2 * n - 2 - j)


# binds: numpy.pad
def pad(array, pad_width, mode="constant", constant_values=0):
    """Lengthen each axis: constant, edge, wrap, reflect, symmetric, or zeros-like 'empty'."""
    x = np.asarray(array)
    pairs = _pad_pairs(pad_width, x.ndim)
    for p in pairs:
        if p[0] < 0 or p[1] < 0:
            raise ValueError("index can't contain negative values")
    if mode == "constant":
        values = _pad_pairs(constant_values, x.ndim)
        for a in range(x.ndim):
            before = x.shape[:a] + (pairs[a][0],) + x.shape[a + 1 :]
            after = x.shape[:a] + (pairs[a][1],) + x.shape[a + 1 :]
            x = np.concatenate((np.full(before, values[a][0], dtype=x.dtype), x, np.full(after, values[a][1], dtype=x.dtype)), axis=a)
        return x
    if mode != "edge" and mode != "wrap" and mode != "reflect" and mode != "symmetric":
        raise NotImplementedError("pad: mode must be constant, edge, wrap, reflect or symmetric")
    for a in range(x.ndim):
        if pairs[a][0] + pairs[a][1] > 0:
            if x.shape[a] == 0:
                raise ValueError("can't extend empty axis using modes other than 'constant' or 'empty'")
            x = np.take(x, _pad_index(x.shape[a], pairs[a][0], pairs[a][1], mode), axis=a)
    return x


# binds: numpy.take_along_axis
def take_along_axis(arr, indices, axis=-1):
    """Elements picked along one axis by an index array of the other axes' shape."""
    x = np.asarray(arr)
    if x.ndim == 1:
        return x[np.asarray(indices)]
    ax = _axis(axis, x.ndim)
    if x.ndim != 2:
        raise NotImplementedError("take_along_axis: one or two dimensions")
    if ax == 1:
        return x[np.reshape(np.arange(x.shape[0]), (x.shape[0], 1)), indices]
    return x[indices, np.reshape(np.arange(x.shape[1]), (1, x.shape[1]))]


# binds: numpy.resize
def resize(a, new_shape):
    """The array in a new shape, repeated from the start where that needs more elements."""
    x = np.ravel(a)
    shape = tuple(new_shape) if isinstance(new_shape, (tuple, list)) else (new_shape,)
    n = 1
    for d in shape:
        n = n * d
    if x.size == 0:
        return np.zeros(shape, dtype=x.dtype)
    return np.reshape(x[np.arange(n) % x.size], shape)
