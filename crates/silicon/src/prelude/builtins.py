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


# binds: functools.reduce, _functools.reduce
def reduce_(function, iterable, *initial):
    """function(function(function(initial, items[0]), items[1]), ...), without `initial` from items[0]."""
    start = 0
    if len(initial) == 0:
        if len(iterable) == 0:
            raise TypeError("reduce() of empty iterable with no initial value")
        value = iterable[0]
        start = 1
    else:
        value = initial[0]
    for k in range(start, len(iterable)):
        value = function(value, iterable[k])
    return value
