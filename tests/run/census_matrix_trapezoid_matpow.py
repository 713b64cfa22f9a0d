# matrix_power, multi_dot, matrix exponential of constants and slogdet.
# family: linalg
# entry: propagate
# compare: derived
import numpy as np
from scipy.linalg import expm

def propagate(x, n):
    F = expm(np.array([[0.0, 0.1], [-0.1, -0.02]]))
    G = np.linalg.matrix_power(F, 3)
    sign, logdet = np.linalg.slogdet(G + np.eye(2) * x[0])
    return np.linalg.multi_dot([G, F, x]), sign, logdet

if __name__ == "__main__":
    propagate(np.array([1.0, 0.5]), 3)
