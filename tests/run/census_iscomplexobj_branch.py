# Real and complex inputs take different branches of the same function.
# family: functions
# entry: magnitude
# compare: derived
import numpy as np

def magnitude(x):
    if np.iscomplexobj(x):
        return np.sqrt(x.real ** 2 + x.imag ** 2)
    if np.issubdtype(x.dtype, np.integer):
        return np.abs(x) / np.iinfo(x.dtype).max
    return np.abs(x)

if __name__ == "__main__":
    magnitude(np.array([3 + 4j, -1j]))
    magnitude(np.array([-0.5, 2.0]))
    magnitude(np.array([-128, 100], dtype=np.int8))
