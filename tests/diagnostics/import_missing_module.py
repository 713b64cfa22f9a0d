# expect: bench-raises
# about: an import of a module that does not exist
# line: 6
# entry: scale
import numpy as np
import no_such_signal_toolbox as nst

def scale(x):
    return nst.scale(x)

if __name__ == "__main__":
    scale(np.arange(4.0))
