"""Arrays made from parameters: grids, ranges, diagonals and structured matrices."""

import numpy as np


# binds: numpy.linspace
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """`num` evenly spaced numbers from start to stop."""
    if num < 0:
        raise ValueError("Number of samples must be non-negative.")
    if np.ndim(start) != 0 or np.ndim(stop) != 0:
        raise NotImplementedError("linspace: start and stop must be numbers")
    if axis != 0:
        raise NotImplementedError("linspace: numbers have no other axis")
    div = num - 1 if endpoint else num
    delta = np.asarray(stop * 1.0 - start * 1.0)
    y = np.arange(num).astype(delta.dtype)
    step = np.nan
    if div > 0:
        step = delta / div
        if step == 0:
            y = y / div * delta
        else:
            y = y * step
        y = y + start
    else:
        y = y * delta + start
    if endpoint and num > 1:
        y[num - 1] = stop
    if dtype is not None:
        if dtype == int or dtype == np.int64 or dtype == np.int32 or dtype == np.int16 or dtype == np.uint8:
            y = np.floor(y)
        y = y.astype(dtype)
    if retstep:
        return y, step
    return y


# binds: numpy.logspace
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None):
    """`num` numbers evenly spaced on a log scale, from base**start to base**stop."""
    y = np.power(base, linspace(start, stop, num, endpoint))
    if dtype is not None:
        return y.astype(dtype)
    return y


# binds: numpy.geomspace
def geomspace(start, stop, num=50, endpoint=True, dtype=None):
    """`num` numbers in geometric progression between real start and stop of the same sign."""
    if start == 0 or stop == 0:
        raise ValueError("Geometric sequence cannot include zero")
    if isinstance(start, complex) or isinstance(stop, complex):
        raise NotImplementedError("geomspace: complex ends")
    if (start < 0) != (stop < 0):
        raise NotImplementedError("geomspace: ends of different sign")
    sign = -1.0 if start < 0 else 1.0
    y = np.power(10.0, linspace(np.log10(sign * start), np.log10(sign * stop), num, endpoint)) * sign
    if num > 0:
        y[0] = start
        if num > 1 and endpoint:
            y[num - 1] = stop
    if dtype is not None:
        return y.astype(dtype)
    return y


# binds: numpy.meshgrid
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """Coordinate matrices of coordinate vectors."""
    if not copy:
        raise NotImplementedError("meshgrid: views of the vectors (copy=False)")
    if indexing != "xy" and indexing != "ij":
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    n = len(xi)
    xs = [np.ravel(x) for x in xi]
    place = list(range(n))
    if indexing == "xy" and n > 1:
        place[0] = 1
        place[1] = 0
    shape = [1] * n
    for i in range(n):
        shape[place[i]] = xs[i].shape[0]
    grids = []
    for i in range(n):
        g = np.reshape(xs[i], (1,) * place[i] + (xs[i].shape[0],) + (1,) * (n - place[i] - 1))
        if not sparse:
            g = np.broadcast_to(g, tuple(shape)).copy()
        grids.append(g)
    return tuple(grids)


# binds: numpy.indices
def indices(dimensions, dtype=np.int64):
    """The index grids of an array of that shape, along a new first axis."""
    dims = tuple(dimensions)
    n = len(dims)
    grids = []
    for i in range(n):
        g = np.reshape(np.arange(dims[i], dtype=dtype), (1,) * i + (dims[i],) + (1,) * (n - i - 1))
        grids.append(np.expand_dims(np.broadcast_to(g, dims), 0))
    return np.concatenate(grids, axis=0)


def _grid_axis(s):
    """The points of start:stop:step, or of start:stop:nj (n points, both ends included)."""
    start = 0 if s.start is None else s.start
    step = 1 if s.step is None else s.step
    if isinstance(step, complex):
        return linspace(start, s.stop, int(abs(step)))
    return np.arange(start, s.stop, step)


# binds: numpy.ogrid
def ogrid(*slices):
    """np.ogrid[slices]: the points of each axis, shaped to broadcast together."""
    n = len(slices)
    points = [_grid_axis(s) for s in slices]
    kind = points[0].dtype
    for v in points:
        kind = np.promote_types(kind, v.dtype)
    out = ()
    for i in range(n):
        v = points[i].astype(kind)
        out = out + (np.reshape(v, (1,) * i + (v.shape[0],) + (1,) * (n - i - 1)),)
    if n == 1:
        return out[0]
    return out


# binds: numpy.mgrid
def mgrid(*slices):
    """np.mgrid[slices]: coordinate grids along a new first axis; of one slice its points."""
    if len(slices) == 1:
        return _grid_axis(slices[0])
    axes = ogrid(*slices)
    shape = tuple([axes[i].shape[i] for i in range(len(axes))])
    return np.concatenate([np.expand_dims(np.broadcast_to(v, shape), 0) for v in axes], axis=0)


# binds: numpy.identity
def identity(n, dtype=np.float64):
    """The identity matrix."""
    return np.eye(n, dtype=dtype)


# binds: numpy.tri
def tri(N, M=None, k=0, dtype=np.float64):
    """Ones at and below the k-th diagonal."""
    columns = N if M is None else M
    return (np.reshape(np.arange(columns), (1, columns)) <= np.reshape(np.arange(N), (N, 1)) + k).astype(dtype)


# binds: numpy.tril
def tril(m, k=0):
    """Elements above the k-th diagonal zeroed."""
    x = np.asarray(m)
    if x.ndim == 1:
        x = np.broadcast_to(x, (x.shape[0], x.shape[0]))
    return np.where(tri(x.shape[-2], x.shape[-1], k, np.bool_), x, np.zeros_like(x))


# binds: numpy.triu
def triu(m, k=0):
    """Elements below the k-th diagonal zeroed."""
    x = np.asarray(m)
    if x.ndim == 1:
        x = np.broadcast_to(x, (x.shape[0], x.shape[0]))
    return np.where(tri(x.shape[-2], x.shape[-1], k - 1, np.bool_), np.zeros_like(x), x)


# binds: numpy.diag
def diag(v, k=0):
    """The k-th diagonal of a matrix, or a matrix with a vector on its k-th diagonal."""
    x = np.asarray(v)
    if x.ndim == 1:
        n = x.shape[0] + abs(k)
        m = np.zeros((n, n), dtype=x.dtype)
        for i in range(x.shape[0]):
            m[i + max(-k, 0), i + max(k, 0)] = x[i]
        return m
    return diagonal(x, k)


# binds: numpy.diagonal
def diagonal(a, offset=0):
    """The diagonal of a matrix, above the main one by `offset`."""
    x = np.asarray(a)
    if x.ndim != 2:
        raise NotImplementedError("diag, diagonal and trace: matrices only")
    row = max(-offset, 0)
    column = max(offset, 0)
    n = max(min(x.shape[0] - row, x.shape[1] - column), 0)
    i = np.arange(n)
    return x[i + row, i + column]


# binds: numpy.diagflat
def diagflat(v, k=0):
    """A matrix with the flattened input on its k-th diagonal."""
    return diag(np.ravel(v), k)


# binds: numpy.trace
def trace(a, offset=0):
    """Sum along the diagonal."""
    return np.sum(diagonal(a, offset))


# binds: numpy.fill_diagonal
def fill_diagonal(a, val, wrap=False):
    """Write `val`, a number or a vector repeated as needed, onto the main diagonal in place."""
    if a.ndim != 2:
        raise NotImplementedError("fill_diagonal: matrices only")
    if wrap:
        raise NotImplementedError("fill_diagonal: wrap")
    for i in range(min(a.shape[0], a.shape[1])):
        if np.ndim(val) == 0:
            a[i, i] = val
        else:
            a[i, i] = val[i % len(val)]


# binds: numpy.tril_indices
def tril_indices(n, k=0, m=None):
    """Row and column indices of the lower triangle; static sizes."""
    columns = n if m is None else m
    rows = [i for i in range(n) for j in range(columns) if j <= i + k]
    cols = [j for i in range(n) for j in range(columns) if j <= i + k]
    return np.array(rows, dtype=np.int64), np.array(cols, dtype=np.int64)


# binds: numpy.triu_indices
def triu_indices(n, k=0, m=None):
    """Row and column indices of the upper triangle; static sizes."""
    columns = n if m is None else m
    rows = [i for i in range(n) for j in range(columns) if j >= i + k]
    cols = [j for i in range(n) for j in range(columns) if j >= i + k]
    return np.array(rows, dtype=np.int64), np.array(cols, dtype=np.int64)


# binds: numpy.vander
def vander(x, N=None, increasing=False):
    """Powers of x as columns, highest first unless increasing."""
    v = np.asarray(x)
    if v.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    if v.dtype == np.float32:
        v = v.astype(np.float64)
    elif v.dtype == np.complex64:
        v = v.astype(np.complex128)
    n = v.shape[0] if N is None else N
    m = np.ones((v.shape[0], n), dtype=v.dtype)
    for j in range(1, n):
        if increasing:
            m[:, j] = m[:, j - 1] * v
        else:
            m[:, n - 1 - j] = m[:, n - j] * v
    return m


# binds: numpy.kron
def kron(a, b):
    """Kronecker product of two vectors or two matrices."""
    x = np.asarray(a)
    y = np.asarray(b)
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    if x.ndim > 2 or y.ndim > 2:
        raise NotImplementedError("kron: vectors and matrices only")
    if x.ndim == 1 and y.ndim == 1:
        p = np.reshape(x, (x.shape[0], 1)) * np.reshape(y, (1, y.shape[0]))
        return np.reshape(p, (x.shape[0] * y.shape[0],))
    if x.ndim == 1:
        x = np.reshape(x, (1, x.shape[0]))
    if y.ndim == 1:
        y = np.reshape(y, (1, y.shape[0]))
    p = np.reshape(x, (x.shape[0], 1, x.shape[1], 1)) * np.reshape(y, (1, y.shape[0], 1, y.shape[1]))
    return np.reshape(p, (x.shape[0] * y.shape[0], x.shape[1] * y.shape[1]))
