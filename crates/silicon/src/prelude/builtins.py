"""Python builtins over iterables, as sequential loops."""


# binds: builtins.sum
def sum_of(items, start=0):
    """start + items[0] + items[1] + ..., from left to right."""
    total = start
    for x in items:
        total = total + x
    return total


# binds: builtins.max
def max_of(items):
    """The largest item, the first of equals."""
    if len(items) == 0:
        raise ValueError("max() arg is an empty sequence")
    best = items[0]
    for x in items:
        if x > best:
            best = x
    return best


# binds: builtins.min
def min_of(items):
    """The smallest item, the first of equals."""
    if len(items) == 0:
        raise ValueError("min() arg is an empty sequence")
    best = items[0]
    for x in items:
        if x < best:
            best = x
    return best


# binds: builtins.any
def any_of(items):
    """Whether some item is true."""
    for x in items:
        if x:
            return True
    return False


# binds: builtins.all
def all_of(items):
    """Whether every item is true."""
    for x in items:
        if not x:
            return False
    return True
