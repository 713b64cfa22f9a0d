# expect: refused
# about: an environment variable read in the entry
# line: 9
# entry: configured
import os
import numpy as np

def configured(x):
    g = float(os.environ.get("PROOFMARK_TEST_GAIN", "2.0"))
    return g * x

if __name__ == "__main__":
    configured(np.arange(3.0))
