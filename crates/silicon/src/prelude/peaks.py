"""Peaks and extrema. What they find is a list whose length depends on the data, bounded by the input's.

Equal heights are taken in the order of their place; SciPy's order among them is that of an unstable sort.
"""

import numpy as np

import _pm


def _local_maxima(x):
    """(middles, left edges, right edges, count) of the strict maxima and plateaus inside the 1-D x."""
    n = x.shape[0]
    most = (n + 1) // 2
    middle = np.zeros(most, np.int64)
    left = np.zeros(most, np.int64)
    right = np.zeros(most, np.int64)
    count = 0
    i = 1
    while i < n - 1:
        if x[i - 1] < x[i]:
            ahead = i + 1
            while ahead < n - 1 and x[ahead] == x[i]:
                ahead += 1
            if x[ahead] < x[i]:
                left[count] = i
                right[count] = ahead - 1
                middle[count] = (i + ahead - 1) // 2
                count += 1
                i = ahead
        i += 1
    return middle, left, right, count


def _bounds(interval):
    """(least, most) of a condition given as a number or a pair."""
    if isinstance(interval, (tuple, list)):
        return interval[0], interval[1]
    if np.ndim(interval) > 0:
        raise NotImplementedError("a condition of scipy.signal.find_peaks that differs from sample to sample")
    return interval, None


def _within(values, least, most):
    keep = np.ones(values.shape, np.bool_)
    if least is not None:
        keep = keep & (values >= least)
    if most is not None:
        keep = keep & (values <= most)
    return keep


def _far_enough(peaks, heights, distance):
    """Which peaks stay when, from the highest down, each removes those nearer than `distance`."""
    count = peaks.shape[0]
    keep = np.ones(count, np.bool_)
    order = np.argsort(heights, kind="stable")
    for back in range(count):
        j = order[count - 1 - back]
        if keep[j]:
            k = j - 1
            while k >= 0 and peaks[j] - peaks[k] < distance:
                keep[k] = False
                k -= 1
            k = j + 1
            while k < count and peaks[k] - peaks[j] < distance:
                keep[k] = False
                k += 1
    return keep


def _prominences(x, peaks, wlen):
    """(prominence, left base, right base) of each peak, looking wlen//2 samples to each side, or all the way for -1."""
    count = peaks.shape[0]
    n = x.shape[0]
    height = np.zeros(count, x.dtype)
    left = np.zeros(count, np.int64)
    right = np.zeros(count, np.int64)
    for k in range(count):
        p = peaks[k]
        first = 0
        last = n - 1
        if wlen >= 2:
            first = max(p - wlen // 2, 0)
            last = min(p + wlen // 2, n - 1)
        i = p
        left[k] = p
        low = x[p]
        while i >= first and x[i] <= x[p]:
            if x[i] < low:
                low = x[i]
                left[k] = i
            i -= 1
        i = p
        right[k] = p
        high = x[p]
        while i <= last and x[i] <= x[p]:
            if x[i] < high:
                high = x[i]
                right[k] = i
            i += 1
        height[k] = x[p] - max(low, high)
    return height, left, right


# binds: scipy.signal.find_peaks
def find_peaks(
    x,
    height=None,
    threshold=None,
    distance=None,
    prominence=None,
    width=None,
    wlen=None,
    rel_height=0.5,
    plateau_size=None,
):
    x = np.asarray(x)
    if x.ndim != 1:
        raise ValueError("`x` must be a 1-D array")
    if np.iscomplexobj(x):
        raise TypeError("Cannot cast array data to float64")
    if width is not None:
        raise NotImplementedError("scipy.signal.find_peaks with width=")
    if distance is not None and distance < 1:
        raise ValueError("`distance` must be greater or equal to 1")
    x = x.astype(np.float64)
    middle, first, last, count = _local_maxima(x)
    peaks = middle[:count]
    found = {}
    if plateau_size is not None:
        least, most = _bounds(plateau_size)
        size = last[:count] - first[:count] + 1
        keep = _within(size, least, most)
        peaks = peaks[keep]
        found["plateau_sizes"] = size[keep]
        found["left_edges"] = first[:count][keep]
        found["right_edges"] = last[:count][keep]
    if height is not None:
        least, most = _bounds(height)
        heights = x[peaks]
        keep = _within(heights, least, most)
        peaks = peaks[keep]
        found["peak_heights"] = heights
        found = {name: found[name][keep] for name in found}
    if threshold is not None:
        least, most = _bounds(threshold)
        before = x[peaks] - x[peaks - 1]
        after = x[peaks] - x[peaks + 1]
        keep = _within(np.minimum(before, after), least, None) & _within(np.maximum(before, after), None, most)
        peaks = peaks[keep]
        found["left_thresholds"] = before
        found["right_thresholds"] = after
        found = {name: found[name][keep] for name in found}
    if distance is not None:
        keep = _far_enough(peaks, x[peaks], np.ceil(distance))
        peaks = peaks[keep]
        found = {name: found[name][keep] for name in found}
    if prominence is not None:
        if not _pm.is_static(wlen):
            _pm.refuse("wlen of scipy.signal.find_peaks must be known at translation time")
        if wlen is not None and wlen <= 1:
            raise ValueError("`wlen` must be larger than 1")
        reach = -1 if wlen is None else int(np.ceil(wlen))
        size, left, right = _prominences(x, peaks, reach)
        least, most = _bounds(prominence)
        keep = _within(size, least, most)
        peaks = peaks[keep]
        found["prominences"] = size
        found["left_bases"] = left
        found["right_bases"] = right
        found = {name: found[name][keep] for name in found}
    return peaks, found


def _extrema(data, comparator, axis, order, mode):
    x = np.asarray(data)
    if x.ndim != 1 or axis not in (0, -1):
        raise NotImplementedError("relative extrema of %d-dimensional data" % x.ndim)
    if int(order) != order or order < 1:
        raise ValueError("Order must be an int >= 1")
    if mode not in ("clip", "wrap"):
        raise NotImplementedError("relative extrema with mode=%r" % (mode,))
    n = x.shape[0]
    keep = np.ones(n, np.bool_)
    at = np.arange(n)
    for k in range(1, order + 1):
        if mode == "wrap":
            after = np.take(x, (at + k) % n)
            before = np.take(x, (at - k) % n)
        else:
            after = np.take(x, np.minimum(at + k, n - 1))
            before = np.take(x, np.maximum(at - k, 0))
        keep = keep & comparator(x, after) & comparator(x, before)
    return (at[keep],)


# binds: scipy.signal.argrelextrema
def argrelextrema(data, comparator, axis=0, order=1, mode="clip"):
    return _extrema(data, comparator, axis, order, mode)


# binds: scipy.signal.argrelmax
def argrelmax(data, axis=0, order=1, mode="clip"):
    return _extrema(data, np.greater, axis, order, mode)


# binds: scipy.signal.argrelmin
def argrelmin(data, axis=0, order=1, mode="clip"):
    return _extrema(data, np.less, axis, order, mode)
