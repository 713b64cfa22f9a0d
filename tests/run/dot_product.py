# Inner product and projection of one vector onto another.
# family: linalg
# entry: project
# compare: derived
import numpy as np

def project(a, b):
    return (a @ b) / (b @ b) * b

if __name__ == "__main__":
    rng = np.random.default_rng(13)
    project(rng.standard_normal(16), rng.standard_normal(16))
