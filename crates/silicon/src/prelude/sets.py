"""Searching, counting, sets of values and histograms, on flattened or one-dimensional arrays."""

import numpy as np


# binds: numpy.flatnonzero
def flatnonzero(a):
    """Positions of nonzero elements in the flattened array."""
    return np.nonzero(np.ravel(a) != 0)[0]


# binds: numpy.argwhere
def argwhere(a):
    """Positions of nonzero elements, one row each."""
    x = np.asarray(a)
    i = flatnonzero(x)
    if x.ndim == 1:
        return np.reshape(i, (i.shape[0], 1))
    if x.ndim != 2:
        raise NotImplementedError("argwhere: one or two dimensions")
    n = i.shape[0]
    return np.concatenate((np.reshape(i // x.shape[1], (n, 1)), np.reshape(i % x.shape[1], (n, 1))), axis=1)


# binds: numpy.searchsorted
def searchsorted(a, v, side="left"):
    """Where to insert v into the ascending a: before equal values with 'left', after them with 'right'."""
    if side != "left" and side != "right":
        raise ValueError("search side must be 'left' or 'right'")
    x = np.asarray(a)
    keys = np.ravel(v)
    n = x.shape[0]
    r = np.zeros(keys.shape[0], dtype=np.int64)
    for i in range(keys.shape[0]):
        key = keys[i]
        low = 0
        high = n
        while low < high:
            mid = (low + high) // 2
            # NaN sorts after every number
            if side == "left":
                before = x[mid] < key or (key != key and x[mid] == x[mid])
            else:
                before = not (key < x[mid] or (x[mid] != x[mid] and key == key))
            if before:
                low = mid + 1
            else:
                high = mid
        r[i] = low
    if np.ndim(v) == 0:
        return r[0]
    return np.reshape(r, np.asarray(v).shape)


# binds: numpy.digitize
def digitize(x, bins, right=False):
    """Index of the bin each value falls into; bins ascending or descending."""
    b = np.asarray(bins)
    n = b.shape[0]
    if n > 1 and b[0] > b[n - 1]:
        if np.any(b[1:] > b[:-1]):
            raise ValueError("bins must be monotonically increasing or decreasing")
        return n - searchsorted(b[::-1], x, "right" if not right else "left")
    if np.any(b[1:] < b[:-1]):
        raise ValueError("bins must be monotonically increasing or decreasing")
    return searchsorted(b, x, "left" if right else "right")


# binds: numpy.bincount
def bincount(x, weights=None, minlength=0):
    """How often each non-negative integer occurs, or the sum of its weights; length max(x) + 1 or more."""
    v = np.ravel(x)
    if v.shape[0] > 0 and np.any(v < 0):
        raise ValueError("'list' argument must have no negative elements")
    n = minlength
    if v.shape[0] > 0:
        n = max(n, int(np.max(v)) + 1)
    if weights is None or v.shape[0] == 0:
        count = np.zeros(n, dtype=np.int64)
        for i in range(v.shape[0]):
            count[v[i]] += 1
        return count
    w = np.ravel(weights).astype(np.float64)
    if w.shape[0] != v.shape[0]:
        raise ValueError("The weights and list don't have the same length.")
    total = np.zeros(n)
    for i in range(v.shape[0]):
        total[v[i]] += w[i]
    return total


# binds: numpy.histogram_bin_edges
def histogram_bin_edges(a, bins=10, range=None):
    """Edges of equal bins over the data's range or the given one; given edges are returned as they are."""
    if isinstance(bins, str):
        raise NotImplementedError("histogram: automatic choice of bins")
    if np.ndim(bins) == 1:
        return np.asarray(bins)
    if bins < 1:
        raise ValueError("`bins` must be positive, when an integer")
    x = np.ravel(a)
    if range is not None:
        low = range[0] * 1.0
        high = range[1] * 1.0
        if low > high:
            raise ValueError("max must be larger than min in range parameter.")
    elif x.shape[0] == 0:
        low = 0.0
        high = 1.0
    else:
        low = np.min(x) * 1.0
        high = np.max(x) * 1.0
    if low == high:
        low = low - 0.5
        high = high + 0.5
    return np.linspace(low, high, bins + 1)


# binds: numpy.histogram
def histogram(a, bins=10, range=None, density=False, weights=None):
    """Counts per bin and the bin edges; the last bin includes its right edge."""
    x = np.ravel(a)
    edges = histogram_bin_edges(a, bins, range)
    if np.any(edges[1:] < edges[:-1]):
        raise ValueError("`bins` must increase monotonically, when an array")
    n = edges.shape[0] - 1
    at = searchsorted(edges, x, "right") - 1
    at = np.where(x == edges[n], n - 1, at)
    if weights is None:
        count = np.zeros(n, dtype=np.int64)
        for i in np.arange(x.shape[0]):
            if at[i] >= 0 and at[i] < n:
                count[at[i]] += 1
    else:
        w = np.ravel(weights)
        count = np.zeros(n, dtype=w.dtype)
        for i in np.arange(x.shape[0]):
            if at[i] >= 0 and at[i] < n:
                count[at[i]] += w[i]
    if density:
        return count / (edges[1:] - edges[:-1]) / np.sum(count), edges
    return count, edges


# binds: numpy.unique
def unique(ar, return_index=False, return_inverse=False, return_counts=False):
    """Sorted distinct values of the flattened array, with first positions, inverse and counts as asked; NaNs are one value."""
    x = np.ravel(ar)
    n = x.shape[0]
    order = np.argsort(x, kind="stable")
    s = x[order]
    first = np.ones(n, dtype=np.bool_)
    first[1:] = (s[1:] != s[:-1]) & ((s[1:] == s[1:]) | (s[:-1] == s[:-1]))
    values = s[first]
    if not return_index and not return_inverse and not return_counts:
        return values
    out = (values,)
    if return_index:
        out = out + (order[first],)
    if return_inverse:
        inverse = np.zeros(n, dtype=np.int64)
        inverse[order] = np.cumsum(first.astype(np.int64)) - 1
        out = out + (np.reshape(inverse, np.asarray(ar).shape),)
    if return_counts:
        starts = np.nonzero(first)[0]
        out = out + (np.concatenate((starts[1:], np.full(1, n, dtype=np.int64)))[: starts.shape[0]] - starts,)
    return out


# binds: numpy.isin, numpy.in1d
def isin(element, test_elements, invert=False):
    """Whether each element is among the test elements; NaN never is."""
    x = np.asarray(element)
    t = np.sort(np.ravel(test_elements))
    m = t.shape[0]
    if m == 0:
        found = x != x
        found = found & np.False_
    else:
        i = np.minimum(searchsorted(t, x), m - 1)
        found = t[i] == x
    if invert:
        return ~found
    return found


# binds: numpy.intersect1d
def intersect1d(ar1, ar2):
    """Sorted distinct values in both."""
    a = unique(ar1)
    return a[isin(a, ar2)]


# binds: numpy.setdiff1d
def setdiff1d(ar1, ar2):
    """Sorted distinct values of the first that are not in the second."""
    a = unique(ar1)
    return a[~isin(a, ar2)]


# binds: numpy.union1d
def union1d(ar1, ar2):
    """Sorted distinct values of both."""
    return unique(np.concatenate((np.ravel(ar1), np.ravel(ar2))))


# binds: numpy.setxor1d
def setxor1d(ar1, ar2):
    """Sorted distinct values in exactly one of the two."""
    a = unique(ar1)
    b = unique(ar2)
    return np.sort(np.concatenate((a[~isin(a, b)], b[~isin(b, a)])))


# binds: numpy.nanargmax
def nanargmax(a):
    """Position of the maximum of the elements that are not NaN, flattened."""
    x = np.ravel(a)
    if np.all(np.isnan(x)):
        raise ValueError("All-NaN slice encountered")
    return np.argmax(np.where(np.isnan(x), np.full_like(x, -np.inf), x))


# binds: numpy.nanargmin
def nanargmin(a):
    """Position of the minimum of the elements that are not NaN, flattened."""
    x = np.ravel(a)
    if np.all(np.isnan(x)):
        raise ValueError("All-NaN slice encountered")
    return np.argmin(np.where(np.isnan(x), np.full_like(x, np.inf), x))


# binds: numpy.unravel_index
def unravel_index(indices, shape):
    """Flat positions as one index per axis."""
    dims = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    rest = indices
    out = ()
    for d in dims[::-1]:
        out = (rest % d,) + out
        rest = rest // d
    return out


# binds: numpy.ravel_multi_index
def ravel_multi_index(multi_index, dims):
    """Flat positions of one index per axis."""
    flat = multi_index[0]
    for i in range(1, len(dims)):
        flat = flat * dims[i] + multi_index[i]
    return flat
