# Complex exp, log, sqrt and powers over arrays.
# family: math
# entry: cfun
# compare: derived
import numpy as np

def cfun(z):
    return np.exp(z), np.log(z), np.sqrt(z), z ** 3, z ** 0.5, np.conj(z) * z, 1 / z

if __name__ == "__main__":
    rng = np.random.default_rng(307)
    cfun(rng.standard_normal(12) + 1j * rng.standard_normal(12))
