# expect: refused
# about: a list that grows in a loop whose count has no bound
# line: 10
# entry: until_converged
import numpy as np

def until_converged(x):
    history = []
    while abs(x) > 1e-3:
        history.append(x)
        x = np.sin(x) * 0.9
    return np.array(history)

if __name__ == "__main__":
    until_converged(1.0)
    until_converged(0.2)
