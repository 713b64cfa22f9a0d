# A dict cache of tables keyed by a static size.
# family: functions
# entry: transform
# compare: derived
import numpy as np

_cache = {}

def twiddles(n):
    if n not in _cache:
        _cache[n] = np.exp(-2j * np.pi * np.arange(n) / n)
    return _cache[n]

def transform(x):
    return np.cumsum(x * twiddles(8)) + twiddles(4)[1]

if __name__ == "__main__":
    rng = np.random.default_rng(375)
    transform(rng.standard_normal(8))
    transform(rng.standard_normal(8))
