# Max-log LLRs against a constellation table.
# family: qam
# entry: llr_qam
# compare: derived
import numpy as np

def llr_qam(y, noise_var):
    pts = np.array([-3.0, -1.0, 1.0, 3.0])
    labels = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    d = np.abs(y[:, None] - pts[None, :]) ** 2
    out = np.zeros((len(y), 2))
    for k in range(2):
        zero = np.min(d[:, labels[:, k] == 0], axis=1)
        one = np.min(d[:, labels[:, k] == 1], axis=1)
        out[:, k] = (one - zero) / noise_var
    return out.ravel()

if __name__ == "__main__":
    rng = np.random.default_rng(126)
    llr_qam(rng.standard_normal(30) * 2, 0.5)
