# A filter chosen by a specification string that is taken apart.
# family: strings-modes
# entry: filter_named
# compare: derived
import numpy as np
from scipy import signal

def filter_named(x, spec):
    kind, order = spec.split("-")
    if kind == "butter":
        b, a = signal.butter(int(order), 0.3)
    elif kind.startswith("cheb"):
        b, a = signal.cheby1(int(order), 1.0, 0.3)
    else:
        b, a = np.ones(int(order)) / int(order), [1.0]
    return signal.lfilter(b, a, x)

if __name__ == "__main__":
    rng = np.random.default_rng(267)
    x = rng.standard_normal(40)
    filter_named(x, "butter-2")
    filter_named(x, "cheby-3")
    filter_named(x, "box-4")
