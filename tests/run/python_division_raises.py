# A Python float divided by zero raises.
# family: errors
# entry: ratio
# compare: derived
import numpy as np

def ratio(a, b):
    return a / b

if __name__ == "__main__":
    ratio(3.0, 4.0)
    try:
        ratio(1.0, 0.0)
    except ZeroDivisionError:
        pass
