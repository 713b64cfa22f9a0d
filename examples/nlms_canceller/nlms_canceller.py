"""Normalised LMS canceller: removes from one signal what is correlated with a reference.

Source: Haykin, "Adaptive Filter Theory", chapter on the normalised LMS filter; Widrow et al., "Adaptive noise
cancelling: principles and applications", Proc. IEEE 63 (1975).
"""

import numpy as np


class NlmsCanceller:
    """Adaptive transversal filter; weights and delay line persist from block to block."""

    def __init__(self, num_taps=32, step=0.5, regularization=1e-6):
        self.num_taps = num_taps
        self.step = step
        self.regularization = regularization
        self.weights = np.zeros(num_taps)
        self.delay_line = np.zeros(num_taps)

    def shift_in(self, sample):
        self.delay_line[1:] = self.delay_line[:-1]
        self.delay_line[0] = sample

    def process(self, x, d):
        """Cancel in `d` what a filtered `x` explains.

        x: reference, float64[n]; d: primary signal, float64[n], same unit.
        Returns the residual float64[n].
        """
        residual = np.zeros(len(x))
        for n in range(len(x)):
            self.shift_in(x[n])
            estimate = np.dot(self.weights, self.delay_line)
            error = d[n] - estimate
            power = np.dot(self.delay_line, self.delay_line) + self.regularization
            self.weights += self.step * error / power * self.delay_line
            residual[n] = error
        return residual
