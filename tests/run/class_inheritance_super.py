# Three levels of inheritance with super and an overridden method.
# family: classes
# entry: Bandpass
# compare: derived
import numpy as np

class Block:
    def __init__(self, name):
        self.name = name
        self.calls = 0

    def process(self, x):
        self.calls += 1
        return self.kernel(x)

    def kernel(self, x):
        return x

class Lowpass(Block):
    def __init__(self, alpha):
        super().__init__("lowpass")
        self.alpha = alpha
        self.y = 0.0

    def kernel(self, x):
        self.y = self.y + self.alpha * (x - self.y)
        return self.y

class Bandpass(Lowpass):
    def __init__(self, slow, fast):
        super().__init__(fast)
        self.slow = Lowpass(slow)

    def kernel(self, x):
        return super().kernel(x) - self.slow.process(x)

if __name__ == "__main__":
    rng = np.random.default_rng(248)
    b = Bandpass(0.05, 0.4)
    for v in rng.standard_normal(10):
        b.process(v)
