# A recursive filter of fourth order by lfilter: its delays are the state.
# family: streaming
# entry: lowpass
# compare: derived
import numpy as np
from scipy.signal import butter, lfilter

B, A = butter(4, 0.2)

def lowpass(x):
    return lfilter(B, A, x)

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    for n in (100, 57, 23):
        lowpass(rng.standard_normal(n))
