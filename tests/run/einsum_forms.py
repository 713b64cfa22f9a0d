# einsum: trace, transpose, outer, batch product and double contraction.
# family: linalg
# entry: contractions
# compare: derived
import numpy as np

def contractions(A, B, x):
    return (np.einsum("ii", A), np.einsum("ij->ji", B), np.einsum("i,j->ij", x, x), np.einsum("ij,jk->ik", A, B),
            np.einsum("i,ij,j", x, A, x), np.einsum("ij,ij->i", A, A), np.einsum("ij->", B))

if __name__ == "__main__":
    rng = np.random.default_rng(290)
    contractions(rng.standard_normal((4, 4)), rng.standard_normal((4, 3)), rng.standard_normal(4))
