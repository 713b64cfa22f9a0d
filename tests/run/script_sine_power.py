# A script without functions whose variables are the results.
# family: functions
# entry: script:x,p
# compare: derived
import numpy as np

fs = 8000.0
n = np.arange(256)
x = 0.5 * np.sin(2 * np.pi * 440.0 * n / fs)
p = np.mean(x ** 2)
