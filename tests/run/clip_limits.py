# Hard limiting with np.clip.
# family: math
# entry: limit
# compare: exact
import numpy as np

def limit(x, peak):
    return np.clip(x, -peak, peak)

if __name__ == "__main__":
    rng = np.random.default_rng(15)
    limit(rng.standard_normal(50), 0.8)
