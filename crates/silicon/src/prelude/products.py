"""Products of arrays: outer, inner, cross, tensordot and einsum."""

import numpy as np

from reductions import _axis


# binds: numpy.outer
def outer(a, b):
    """Products of all pairs of the flattened inputs."""
    x = np.ravel(a)
    y = np.ravel(b)
    return np.reshape(x, (x.shape[0], 1)) * np.reshape(y, (1, y.shape[0]))


# binds: numpy.inner
def inner(a, b):
    """Sum product over the last axes."""
    x = np.asarray(a)
    y = np.asarray(b)
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    if x.shape[-1] != y.shape[-1]:
        raise ValueError("shapes not aligned")
    return tensordot(x, y, ((x.ndim - 1,), (y.ndim - 1,)))


# binds: numpy.vdot
def vdot(a, b):
    """Dot product of the flattened inputs, the first conjugated."""
    return np.dot(np.conj(np.ravel(a)), np.ravel(b))


# binds: numpy.cross
def cross(a, b, axis=-1):
    """Cross product of vectors of three components along an axis."""
    x = np.asarray(a)
    y = np.asarray(b)
    x = np.moveaxis(x, axis, -1)
    y = np.moveaxis(y, axis, -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise ValueError("Both input arrays must be (arrays of) 3-dimensional vectors")
    c0 = x[..., 1] * y[..., 2] - x[..., 2] * y[..., 1]
    c1 = x[..., 2] * y[..., 0] - x[..., 0] * y[..., 2]
    c2 = x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    return np.stack((c0, c1, c2), axis=c0.ndim if axis == -1 else axis)


# binds: numpy.tensordot
def tensordot(a, b, axes=2):
    """Sum product over the given axes of each: a number of trailing and leading axes, or two tuples."""
    x = np.asarray(a)
    y = np.asarray(b)
    if isinstance(axes, (tuple, list)):
        left = tuple(axes[0]) if isinstance(axes[0], (tuple, list)) else (axes[0],)
        right = tuple(axes[1]) if isinstance(axes[1], (tuple, list)) else (axes[1],)
    else:
        left = tuple(range(x.ndim - axes, x.ndim))
        right = tuple(range(axes))
    left = tuple([_axis(i, x.ndim) for i in left])
    right = tuple([_axis(i, y.ndim) for i in right])
    if len(left) != len(right):
        raise ValueError("shape-mismatch for sum")
    n = 1
    for i in range(len(left)):
        if x.shape[left[i]] != y.shape[right[i]]:
            raise ValueError("shape-mismatch for sum")
        n = n * x.shape[left[i]]
    rows = tuple([i for i in range(x.ndim) if i not in left])
    columns = tuple([i for i in range(y.ndim) if i not in right])
    shape = ()
    r = 1
    for i in rows:
        shape = shape + (x.shape[i],)
        r = r * x.shape[i]
    c = 1
    for i in columns:
        shape = shape + (y.shape[i],)
        c = c * y.shape[i]
    m = np.dot(np.reshape(np.transpose(x, rows + left), (r, n)), np.reshape(np.transpose(y, right + columns), (n, c)))
    return np.reshape(m, shape)


def _einsum_labels(subscripts, operands):
    """The operands' and the result's labels; the implicit result is every label that occurs once, in alphabetical order."""
    text = subscripts.replace(" ", "")
    if "." in text:
        raise NotImplementedError("einsum: ellipsis")
    if "->" in text:
        inputs = text.split("->")[0].split(",")
        result = text.split("->")[1]
    else:
        inputs = text.split(",")
        joined = "".join(inputs)
        result = "".join([c for c in sorted(set(joined)) if joined.count(c) == 1])
    if len(inputs) != operands:
        raise ValueError("einsum: one label group per operand is needed")
    for c in result:
        if c not in "".join(inputs) or result.count(c) != 1:
            raise ValueError("einsum: the result must name labels of the operands, each once")
    return inputs, result


def _einsum_diagonal(x, labels):
    """x with repeated labels merged into their diagonal: (array, distinct labels)."""
    for c in labels:
        if labels.count(c) == 2 and len(labels) == 2:
            if x.shape[0] != x.shape[1]:
                raise ValueError("einsum: dimensions of a repeated label differ")
            i = np.arange(x.shape[0])
            return x[i, i], c
        if labels.count(c) > 1:
            raise NotImplementedError("einsum: a repeated label in an operand of more than two axes")
    return x, labels


def _einsum_pair(x, lx, y, ly, keep):
    """Product of two labelled arrays, summed over shared labels not kept: (array, labels)."""
    for c in lx:
        if c not in ly and c not in keep:
            x = np.sum(x, axis=lx.index(c))
            lx = lx.replace(c, "")
    for c in ly:
        if c not in lx and c not in keep:
            y = np.sum(y, axis=ly.index(c))
            ly = ly.replace(c, "")
    batch = "".join([c for c in lx if c in ly and c in keep])
    inner_labels = "".join([c for c in lx if c in ly and c not in keep])
    if batch == "":
        left = tuple([lx.index(c) for c in inner_labels])
        right = tuple([ly.index(c) for c in inner_labels])
        rest = "".join([c for c in lx if c not in inner_labels]) + "".join([c for c in ly if c not in inner_labels])
        return tensordot(x, y, (left, right)), rest
    # with labels that are both shared and kept: broadcast, multiply, sum
    rows = "".join([c for c in lx if c not in ly])
    columns = "".join([c for c in ly if c not in lx])
    full = batch + rows + columns + inner_labels
    p = _einsum_spread(x, lx, full) * _einsum_spread(y, ly, full)
    for _ in inner_labels:
        p = np.sum(p, axis=p.ndim - 1)
    return p, batch + rows + columns


def _einsum_spread(x, labels, full):
    """x transposed to the order of `full`, with axes of length one where it lacks a label."""
    order = tuple([labels.index(c) for c in full if c in labels])
    v = np.transpose(x, order)
    shape = ()
    at = 0
    for c in full:
        if c in labels:
            shape = shape + (v.shape[at],)
            at = at + 1
        else:
            shape = shape + (1,)
    return np.reshape(v, shape)


# binds: numpy.einsum
def einsum(subscripts, *operands, optimize=False):
    """Einstein summation; operands are contracted from left to right."""
    inputs, result = _einsum_labels(subscripts, len(operands))
    arrays = []
    labels = []
    for i in range(len(operands)):
        x = np.asarray(operands[i])
        if x.ndim != len(inputs[i]):
            raise ValueError("einsum: the number of labels differs from the operand's dimensions")
        x, l = _einsum_diagonal(x, inputs[i])
        arrays.append(x)
        labels.append(l)
    x = arrays[0]
    l = labels[0]
    for i in range(1, len(arrays)):
        keep = result + "".join(labels[i + 1 :])
        x, l = _einsum_pair(x, l, arrays[i], labels[i], keep)
    for c in l:
        if c not in result:
            x = np.sum(x, axis=l.index(c))
            l = l.replace(c, "")
    return np.transpose(x, tuple([l.index(c) for c in result]))
