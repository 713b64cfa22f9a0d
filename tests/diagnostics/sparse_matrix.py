# expect: refused
# about: scipy.sparse
# line: 9
# entry: apply_sparse
import numpy as np
from scipy import sparse

def apply_sparse(x, w):
    A = sparse.diags(w, format="csr")
    return A @ x

if __name__ == "__main__":
    apply_sparse(np.arange(4.0), np.ones(4))
