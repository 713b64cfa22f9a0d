# A recursive filter whose coefficient lists are set by a method: the object keeps the lists of a call.
# family: biquad
# entry: Recursive
# compare: exact
class Recursive:
    def __init__(self, order):
        self.order = order
        self.feed = [1.0] + [0.0] * order
        self.back = [1.0] + [0.0] * order
        self.seen = [0.0] * order
        self.gave = [0.0] * order

    def configure(self, back, feed):
        if len(back) < self.order:
            back = [1.0, *back]
        self.back = back
        self.feed = feed

    def step(self, sample):
        total = 0.0
        for i in range(1, self.order + 1):
            total += self.feed[i] * self.seen[i - 1] - self.back[i] * self.gave[i - 1]
        total = (total + self.feed[0] * sample) / self.back[0]
        self.seen[1:] = self.seen[:-1]
        self.gave[1:] = self.gave[:-1]
        self.seen[0] = sample
        self.gave[0] = total
        return total


if __name__ == "__main__":
    f = Recursive(2)
    f.configure([1.25, -1.5, 0.5], [0.25, 0.5, 0.25])
    for k in range(12):
        f.step(1.0 if k == 0 else 0.25 * k)
    f.configure([2.0, -0.5, 0.25], [1.0, 0.0, -1.0])
    for k in range(5):
        f.step(0.5 - k)
