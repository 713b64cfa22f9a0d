# A Python integer divided by zero raises.
# family: errors
# entry: per_slot
# compare: exact
import numpy as np

def per_slot(total, slots):
    return total // slots, total % slots

if __name__ == "__main__":
    per_slot(17, 5)
    per_slot(-17, 5)
    try:
        per_slot(17, 0)
    except ZeroDivisionError:
        pass
