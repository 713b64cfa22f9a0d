# An envelope follower with different rise and fall times.
# family: agc
# entry: follow
# compare: derived
import numpy as np

def follow(x, rise=0.4, fall=0.02):
    env = np.zeros(len(x))
    e = 0.0
    for i in range(len(x)):
        mag = np.abs(x[i])
        coeff = rise if mag > e else fall
        e = (1 - coeff) * e + coeff * mag
        env[i] = e
    return env

if __name__ == "__main__":
    rng = np.random.default_rng(119)
    follow(rng.standard_normal(90))
    follow(rng.standard_normal(40), fall=0.1)
