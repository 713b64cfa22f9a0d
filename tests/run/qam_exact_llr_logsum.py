# Exact LLRs of 8-PSK with a stable log-sum-exp.
# family: qam
# entry: llr_psk8
# compare: derived
import numpy as np

def logsumexp(v):
    m = np.max(v, axis=-1, keepdims=True)
    return np.squeeze(m, axis=-1) + np.log(np.sum(np.exp(v - m), axis=-1))

def llr_psk8(y, n0):
    gray = np.array([0, 1, 3, 2, 6, 7, 5, 4])
    const = np.exp(1j * np.pi / 4 * np.arange(8))
    metric = -np.abs(y[:, np.newaxis] - const) ** 2 / n0
    out = []
    for bit in (2, 1, 0):
        one = (gray >> bit) & 1 == 1
        out.append(logsumexp(metric[:, ~one]) - logsumexp(metric[:, one]))
    return np.stack(out, axis=1)

if __name__ == "__main__":
    rng = np.random.default_rng(128)
    llr_psk8(rng.standard_normal(16) + 1j * rng.standard_normal(16), 0.2)
