# Strided, reversed, transposed and Fortran-ordered arguments.
# family: aliasing
# entry: weighted
# compare: derived
import numpy as np

def weighted(a):
    return a.ravel() * np.arange(a.size), a.sum(axis=0), a[0], a.reshape(-1)[1]

if __name__ == "__main__":
    base = np.arange(48.0).reshape(6, 8) ** 1.5
    weighted(base[::2, 1:5])
    weighted(base[:4, :3].T)
    weighted(np.asfortranarray(base[:3, :4]))
    weighted(base[2::-1, ::-2])
