"""Elementary functions on float64: straight-line kernels, the same bits on every target.

Each kernel takes and returns np.float64 (a scalar, or an array elementwise). Only IEEE basic operations, comparisons, selects and
bit casts are used: no fused multiply-add, no library call, no branch, so a loop over a kernel vectorises without fast-math.
A name starting with an underscore is a helper, inlined where it is called; helpers may return a pair (high, low) whose
unevaluated sum carries about twice the precision. The ULP figure of a kernel is the largest error found: 1.8e5 or more arguments
spread over its domain and its edge cases against mpmath, and 1.5e6 more against 80-bit arithmetic; beyond 2**20, sin, cos and tan
were checked on 1500 angles. NaN, infinities, signed zeros and subnormals follow IEEE 754 and NumPy.
The polynomial coefficients interpolate the function at Chebyshev nodes of the reduced interval, rounded to float64.
"""

import numpy as np

_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer that stands in the low mantissa bits
_LOG2E = 1.4426950408889634
_LN2 = 0.6931471805599453
_LN2_LOW = 2.3190468138462996e-17
_LN2_HI = 0.6931471805598903  # 42 bits: k * _LN2_HI is exact for |k| < 2048
_LN2_LO = 5.497923018708371e-14
_PI = 3.141592653589793
_PI_LO = 1.2246467991473532e-16
_PIO2 = 1.5707963267948966
_PIO2_LO = 6.123233995736766e-17
_PIO4 = 0.7853981633974483
_PIO4_LO = 3.061616997868383e-17
_INF = float("inf")
_NAN = float("nan")
_TRIG_FAST = 1048576.0  # largest |x| whose reduction by the four-part pi/2 below is exact

# The bits of 2/pi after the binary point in 32-bit words, behind 34 zeros.
_TWO_OVER_PI = np.array((
    0x00000000, 0x28BE60DB, 0x9391054A, 0x7F09D5F4, 0x7D4D3770, 0x36D8A566, 0x4F10E410, 0x7F9458EA, 0xF7AEF158, 0x6DC91B8E,
    0x909374B8, 0x01924BBA, 0x82746487, 0x3F877AC7, 0x2C4A69CF, 0xBA208D7D, 0x4BAED121, 0x3A671C09, 0xAD17DF90, 0x4E64758E,
    0x60D4CE7D, 0x272117E2, 0xEF7E4A0E, 0xC7FE25FF, 0xF7816603, 0xFBCBC462, 0xD6829B47, 0xDB4D9FB3, 0xC9F2C26D, 0xD3D18FD9,
    0xA797FA8B, 0x5D49EEB1, 0xFAF97C5E, 0xCF41CE7D, 0xE294A4BA, 0x9AFED7EC, 0x47E35742, 0x1580CC11,
), dtype=np.uint64)


def _two_sum(a, b):
    """a + b as (rounded sum, exact error), for any a, b."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _fast_two_sum(a, b):
    """a + b as (rounded sum, exact error), where |a| >= |b| or a == 0."""
    s = a + b
    return s, (a - s) + b


def _top(a):
    """a cut to its leading 26 bits, so that products of two such values are exact."""
    return (a.view(np.uint64) & 0xFFFFFFFFF8000000).view(np.float64)


def _two_prod(a, b):
    """a * b as (rounded product, error), the error exact to 2**-106 of the product."""
    p = a * b
    ah = _top(a)
    al = a - ah
    bh = _top(b)
    bl = b - bh
    return p, (((ah * bh - p) + ah * bl) + al * bh) + al * bl


def _quotient(ah, al, bh, bl):
    """(ah + al) / (bh + bl) as (rounded quotient, correction)."""
    q = ah / bh
    p, e = _two_prod(q, bh)
    return q, ((((ah - p) - e) + al) - q * bl) / bh


def _pow2(k):
    """2**k for integral -1022 <= k <= 1023."""
    return (((k + _ROUND).view(np.int64) + 1023) << 52).view(np.float64)


def _exp_tail(r):
    """(exp(r) - 1 - r) / r**2 for |r| <= ln(2)/2."""
    return 0.5 + r * (0.1666666666666667 + r * (0.04166666666666667 + r * (0.008333333333326084 + r * (0.001388888888888384 + r * (
        0.0001984126987500228 + r * (2.480158732543272e-05 + r * (2.755725517000089e-06 + r * (2.7557273682072415e-07 + r * (
            2.5105312729622103e-08 + r * 2.0914693884565418e-09)))))))))


def _scale(p, k):
    """p * 2**k for integral -1080 <= k <= 1030, rounded once."""
    h = (k * 0.5 + _ROUND) - _ROUND
    return p * _pow2(h) * _pow2(k - h)


# kernel: numpy.exp
def exp(x):
    """e**x; 0.95 ULP."""
    t = np.where(x > 710.0, 710.0, np.where(x < -746.0, -746.0, x))
    k = (t * _LOG2E + _ROUND) - _ROUND
    r = (t - k * _LN2_HI) - k * _LN2_LO
    return _scale(1.0 + (r + r * r * _exp_tail(r)), k)


# kernel: numpy.exp2
def exp2(x):
    """2**x; 1.01 ULP."""
    t = np.where(x > 1025.0, 1025.0, np.where(x < -1076.0, -1076.0, x))
    k = (t + _ROUND) - _ROUND
    d = t - k
    r = d * _LN2
    return _scale(1.0 + (r + r * r * _exp_tail(r)), k)


def _half_expm1(t):
    """(exp(t) - 1) / 2 for |t| < 720 as (high, low, factor): the value is (high + low) * factor, factor 1 below t = 693."""
    k = (t * _LOG2E + _ROUND) - _ROUND
    rh = t - k * _LN2_HI
    rl = k * _LN2_LO
    r = rh - rl
    c = (rh - r) - rl
    q = r * r * _exp_tail(r)
    p = r + q
    pl = ((r - p) + q) + (c + c * r)
    k1 = np.where(k > 1000.0, 1000.0, k)
    s = _pow2(k1 - 1.0)
    a, al = _two_sum(s, -0.5)
    h, hl = _fast_two_sum(a, s * p)
    return h, hl + (s * pl + al), _pow2(k - k1)


# kernel: numpy.expm1
def expm1(x):
    """e**x - 1; 0.80 ULP."""
    t = np.where(x > 715.0, 715.0, np.where(x < -60.0, -60.0, x))
    h, l, f = _half_expm1(t)
    return np.where(np.abs(x) < 1e-17, x, (h + l) * f * 2.0)


def _log_split(x):
    """Positive x as (k, m): x = 2**k * m, sqrt(1/2) <= m < sqrt(2), k integral as a float."""
    tiny = x < 2.2250738585072014e-308
    y = np.where(tiny, x * 18014398509481984.0, x)
    b = y.view(np.uint64) + 0x00195F619980C433
    k = ((b >> 52) | 0x4330000000000000).view(np.float64) - np.where(tiny, 4503599627371574.0, 4503599627371520.0)
    return k, ((b & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD).view(np.float64)


def _log_tail(z):
    """(2*atanh(s) - 2*s) / s as a function of z = s*s, |s| <= 0.1716."""
    return z * (0.6666666666666666 + z * (0.4000000000000088 + z * (0.2857142857080329 + z * (0.222222223917858 + z * (
        0.18181795632452163 + z * (0.1538624012056702 + z * (0.13268761951330021 + z * 0.13086743139119072)))))))


def _log_edges(x, y):
    """y = log(x) for positive finite x, with the values at 0, below 0, at infinity and NaN put in."""
    return np.where(x > 0.0, np.where(x < _INF, y, x), np.where(x == 0.0, -_INF, _NAN))


# kernel: numpy.log
def log(x):
    """Natural logarithm; 0.83 ULP."""
    k, m = _log_split(x)
    f = m - 1.0
    s = f / (2.0 + f)
    h = 0.5 * f * f
    y = k * _LN2_HI - ((h - (s * (h + _log_tail(s * s)) + k * _LN2_LO)) - f)
    return _log_edges(x, y)


def _log_pair(m):
    """log(m) for sqrt(1/2) <= m < sqrt(2) as (high of 21 bits, low)."""
    f = m - 1.0
    s = f / (2.0 + f)
    h = 0.5 * f * f
    hi = ((f - h).view(np.uint64) & 0xFFFFFFFF00000000).view(np.float64)
    return hi, ((f - hi) - h) + s * (h + _log_tail(s * s))


# kernel: numpy.log2
def log2(x):
    """Logarithm to base 2; 0.80 ULP."""
    k, m = _log_split(x)
    hi, lo = _log_pair(m)
    v = hi * 1.4426946640014648
    l = (lo + hi) * 3.768874985636099e-07 + lo * 1.4426946640014648
    w = k + v
    return _log_edges(x, w + (l + ((k - w) + v)))


# kernel: numpy.log10
def log10(x):
    """Logarithm to base 10; 0.73 ULP."""
    k, m = _log_split(x)
    hi, lo = _log_pair(m)
    v = hi * 0.4342944622039795
    l = k * 1.1451100898021838e-10 + ((lo + hi) * 1.9699272335463627e-08 + lo * 0.4342944622039795)
    a = k * 0.3010299955494702
    w = a + v
    return _log_edges(x, w + (l + ((a - w) + v)))


def _log_sum(h, l):
    """log(h + l) for normal positive h and |l| of at most half an ulp of h; relative accuracy holds next to 1."""
    b = h.view(np.uint64) + 0x00195F619980C433
    e = b >> 52
    k = (e | 0x4330000000000000).view(np.float64) - 4503599627371520.0
    m = ((b & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD).view(np.float64)
    f, c = _two_sum(m - 1.0, l * np.where(k > 1000.0, 0.0, ((2047 - e) << 52).view(np.float64)))
    s = f / (2.0 + f)
    q = 0.5 * f * f
    return k * _LN2_HI - ((q - (s * (q + _log_tail(s * s)) + (k * _LN2_LO + (c - c * f)))) - f)


# kernel: numpy.log1p
def log1p(x):
    """log(1 + x); 0.81 ULP."""
    t = np.where(x > -1.0, x, 0.0)
    h, l = _two_sum(1.0, np.where(t < _INF, t, 1.0))
    y = np.where(np.abs(x) < 1e-17, x, _log_sum(h, l))
    return np.where(x > -1.0, np.where(x < _INF, y, x), np.where(x == -1.0, -_INF, _NAN))


def _sin_tail(z):
    """(sin(r)/r - 1) / z for z = r*r, |r| <= pi/4."""
    return -0.16666666666666666 + z * (0.008333333333330946 + z * (-0.0001984126983675497 + z * (2.755731610068303e-06 + z * (
        -2.5051131455427946e-08 + z * 1.591810123027412e-10))))


def _cos_tail(z):
    """(cos(r) - 1 + z/2) / z**2 for z = r*r, |r| <= pi/4."""
    return 0.041666666666666664 + z * (-0.0013888888888887395 + z * (2.4801587298763433e-05 + z * (-2.7557317270560326e-07 + z * (
        2.0876146024689747e-09 + z * -1.1382614868556325e-11))))


def _sin_reduced(r, l):
    """sin(r + l), |r| <= pi/4, l below an ulp of r."""
    z = r * r
    return r + (r * z * _sin_tail(z) + (l - 0.5 * z * l))


def _cos_reduced(r, l):
    """cos(r + l), |r| <= pi/4, l below an ulp of r."""
    z = r * r
    h = 0.5 * z
    w = 1.0 - h
    return w + (((1.0 - w) - h) + (z * z * _cos_tail(z) - r * l))


def _reduce_fast(x):
    """x - n*pi/2 as (n as int64, high, low) for |x| <= 2**20."""
    q = x * 0.6366197723675814 + _ROUND
    k = q - _ROUND
    t = x - k * 1.5707963267341256
    w = k * 6.077100506303966e-11
    h = t - w
    e = (t - h) - w
    r, d = _two_sum(h, k * -2.0222662487111665e-21)
    return q.view(np.int64), r, (e + d) - k * 8.4784276603689e-32


def _window(first, second, up):
    """32 bits of two 32-bit words, `up` bits from the top."""
    return (((first << 32) | second) << up) >> 32 & 0xFFFFFFFF


def _column(ml, mh, w, below, carry):
    """One 32-bit digit of (mh * 2**32 + ml) times a number with digits w and, one place lower, below: (digit, carry)."""
    a = ml * w
    c = mh * below
    s = (a & 0xFFFFFFFF) + (c & 0xFFFFFFFF) + carry
    return s & 0xFFFFFFFF, (a >> 32) + (c >> 32) + (s >> 32)


def _reduce_huge(x):
    """x - n*pi/2 as (n as int64, high, low) for finite |x| > 2**20, by multiplication with the bits of 2/pi (Payne and Hanek 1983).

    The fraction of x*2/pi is found to 2**-125 or so; the nearest a float64 comes to a multiple of pi/2 is about 2**-62. Each digit
    that is kept, and each carry, decides the result for some of those nearest ones.
    """
    b = np.abs(x).view(np.uint64)
    m = (b & 0x000FFFFFFFFFFFFF) | 0x0010000000000000
    # from 0 to 1003 for a finite x; the mask shows that every index is inside the table, also for what is not finite
    start = int(np.int64(b >> 52)) - 1043 & 1023
    j = start >> 5
    up = np.uint64(start & 31)
    ml = m & 0xFFFFFFFF
    mh = m >> 32
    t1 = _TWO_OVER_PI[j + 1]
    t2 = _TWO_OVER_PI[j + 2]
    t3 = _TWO_OVER_PI[j + 3]
    t4 = _TWO_OVER_PI[j + 4]
    t5 = _TWO_OVER_PI[j + 5]
    w0 = _window(_TWO_OVER_PI[j], t1, up)
    w1 = _window(t1, t2, up)
    w2 = _window(t2, t3, up)
    w3 = _window(t3, t4, up)
    w4 = _window(t4, t5, up)
    w5 = _window(t5, _TWO_OVER_PI[j + 6], up)
    # digits of m * 0.w0w1...; of the last one only the carry
    carry = (ml * w4 >> 32) + (mh * w5 >> 32)
    p3, carry = _column(ml, mh, w3, w4, carry)
    p2, carry = _column(ml, mh, w2, w3, carry)
    p1, carry = _column(ml, mh, w1, w2, carry)
    p0, carry = _column(ml, mh, w0, w1, carry)
    # the product modulo 4 has two bits before the point; beyond a half, the fraction is counted down from the next integer
    half = (p0 >> 29) & 1
    n = np.int64((p0 >> 30) + half)
    flip = half * 0xFFFFFFFF
    hi = np.float64((((p0 << 2) | (p1 >> 30)) & 0xFFFFFFFF) ^ flip) * 2.3283064365386963e-10
    hi, e1 = _fast_two_sum(hi, np.float64((((p1 << 2) | (p2 >> 30)) & 0xFFFFFFFF) ^ flip) * 5.421010862427522e-20)
    hi, e2 = _fast_two_sum(hi, np.float64((((p2 << 2) | (p3 >> 30)) & 0xFFFFFFFF) ^ flip) * 1.262177448353619e-29)
    hi, e3 = _fast_two_sum(hi, np.float64((p3 << 2 & 0xFFFFFFFF) ^ flip) * 2.938735877055719e-39)
    lo = e1 + e2 + e3
    s = np.where((half == 1) ^ (x < 0.0), -1.0, 1.0)
    ph, pl = _two_prod(hi, np.float64(_PIO2))
    return np.where(x < 0.0, -n, n), s * ph, s * (pl + (hi * _PIO2_LO + lo * _PIO2))


def _sin_quadrant(n, r, l):
    y = np.where((n & 1) == 0, _sin_reduced(r, l), _cos_reduced(r, l))
    return (y.view(np.int64) ^ ((n & 2) << 62)).view(np.float64)


def _cos_quadrant(n, r, l):
    y = np.where((n & 1) == 0, _cos_reduced(r, l), _sin_reduced(r, l))
    return (y.view(np.int64) ^ (((n + 1) & 2) << 62)).view(np.float64)


def _tan_quadrant(n, r, l):
    z, zl = _two_prod(r, r)
    h = 0.5 * z
    sh, sl = _fast_two_sum(r, r * z * _sin_tail(z) + (l - h * l))
    w = 1.0 - h
    ch, cl = _fast_two_sum(w, ((1.0 - w) - h) + (z * z * _cos_tail(z) - (r * l + 0.5 * zl)))
    odd = (n & 1) != 0
    q, c = _quotient(np.where(odd, -ch, sh), np.where(odd, -cl, sl), np.where(odd, sh, ch), np.where(odd, sl, cl))
    return q + c


def _sin_fast(x):
    n, r, l = _reduce_fast(x)
    return np.where(x == 0.0, x, _sin_quadrant(n, r, l))


def _cos_fast(x):
    n, r, l = _reduce_fast(x)
    return _cos_quadrant(n, r, l)


def _tan_fast(x):
    n, r, l = _reduce_fast(x)
    return np.where(np.abs(x) < 1e-160, x, _tan_quadrant(n, r, l))


def _sin_huge(x):
    n, r, l = _reduce_huge(x)
    return np.where(np.isinf(x), _NAN, _sin_quadrant(n, r, l))


def _cos_huge(x):
    n, r, l = _reduce_huge(x)
    return np.where(np.isinf(x), _NAN, _cos_quadrant(n, r, l))


def _tan_huge(x):
    n, r, l = _reduce_huge(x)
    return np.where(np.isinf(x), _NAN, _tan_quadrant(n, r, l))


# kernel: numpy.sin
def sin(x):
    """Sine of x radians; 0.83 ULP."""
    return _sin_huge(x) if np.abs(x) > _TRIG_FAST else _sin_fast(x)


# kernel: numpy.cos
def cos(x):
    """Cosine of x radians; 0.86 ULP."""
    return _cos_huge(x) if np.abs(x) > _TRIG_FAST else _cos_fast(x)


# kernel: numpy.tan
def tan(x):
    """Tangent of x radians; 1.01 ULP."""
    return _tan_huge(x) if np.abs(x) > _TRIG_FAST else _tan_fast(x)


def _atan_tail(z):
    """(atan(t)/t - 1) / z for z = t*t, |t| <= tan(pi/8)."""
    return -0.3333333333333333 + z * (0.199999999999998 + z * (-0.14285714285658824 + z * (0.1111111110505757 + z * (
        -0.09090908748635232 + z * (0.07692296234491514 + z * (-0.06666422364033206 + z * (0.05878900032342983 + z * (
            -0.052302411507894 + z * (0.045506220391755364 + z * (-0.034545610104858494 + z * 0.016258132064979208))))))))))


def _atan_ratio(small, large):
    """atan(small / large) in [0, pi/4] as (high, low), for 0 <= small <= large, large normal and below 2**1023."""
    near = small > 0.41421356237309503 * large
    n, nl = _fast_two_sum(-large, small)
    d, dl = _fast_two_sum(large, small)
    t, c = _quotient(np.where(near, n, small), np.where(near, nl, 0.0), np.where(near, d, large), np.where(near, dl, 0.0))
    z = t * t
    c = np.where(small < 1e-250, 0.0, c)  # there the residual of the division has underflowed
    tail = t * z * _atan_tail(z) + (c - z * c)
    h, l = _fast_two_sum(np.where(near, _PIO4, t), np.where(near, t, tail))
    return h, l + np.where(near, tail + _PIO4_LO, 0.0)


# kernel: numpy.arctan2, numpy.atan2, math.atan2
def arctan2(y, x):
    """Angle of the point (x, y) in radians, -pi..pi; 0.74 ULP."""
    a = np.abs(x)
    b = np.abs(y)
    steep = b > a
    large = np.where(steep, b, a)
    small = np.where(steep, a, b)
    both = (a == _INF) & (b == _INF)
    factor = np.where(large > 1e300, 9.094947017729282e-13, np.where(large < 1e-200, 2.5822498780869086e+120, 1.0))
    large = np.where(both, 1.0, np.where(large == 0.0, 1.0, np.where(large == _INF, _INF, large * factor)))
    small = np.where(both, 1.0, np.where(large == _INF, 0.0, small * factor))
    large = np.where(large == _INF, 1.0, large)
    h, l = _atan_ratio(small, large)
    left = np.signbit(x)
    # quadrant: c + g * atan, with c a multiple of pi/2
    c = np.where(steep, _PIO2, np.where(left, _PI, 0.0))
    cl = np.where(steep, _PIO2_LO, np.where(left, _PI_LO, 0.0))
    down = steep ^ left
    g = np.where(down, -h, h)
    s, e = _fast_two_sum(c, g)
    r = np.where(c == 0.0, h + l, s + (e + (cl + np.where(down, -l, l))))
    return np.where(np.isnan(x) | np.isnan(y), _NAN, np.copysign(r, y))


# kernel: numpy.arctan, numpy.atan, math.atan
def arctan(x):
    """Arc tangent in radians; 0.63 ULP."""
    a = np.abs(x)
    inv = a > 1.0
    f = np.where(a > 1e300, 1e300, a)
    h, l = _atan_ratio(np.where(inv, 1.0, f), np.where(inv, f, 1.0))
    s, e = _fast_two_sum(_PIO2, -h)
    r = np.where(inv, s + (e + (_PIO2_LO - l)), h + l)
    return np.where(np.isnan(x), x, np.copysign(np.where(a < 1e-150, a, r), x))


def _asin_tail(z):
    """(asin(t)/t - 1) for z = t*t <= 1/4."""
    return z * (0.16666666666666669 + z * (0.07499999999998433 + z * (0.04464285714635543 + z * (0.030381944138531247 + z * (
        0.02237217294214989 + z * (0.017352392720869973 + z * (0.013971212973552933 + z * (0.011479177415184906 + z * (
            0.01032281435018578 + z * (0.005457506718640358 + z * (0.01740087944269402 + z * (-0.014851887071247204
            + z * 0.028757851367421566))))))))))))


def _asin_parts(a):
    """For a = |x|: (t, low, tail): asin(t) = t + (low + tail) where t = a up to 1/2, else t = sqrt((1 - a)/2)."""
    far = a > 0.5
    z = np.where(far, (1.0 - a) * 0.5, a * a)
    r = np.sqrt(z)
    p, e = _two_prod(r, r)
    low = np.where(z == 0.0, 0.0, ((z - p) - e) / (r + r))
    t = np.where(far, r, a)
    return t, np.where(far, low, 0.0), t * _asin_tail(z)


# kernel: numpy.arcsin, numpy.asin
def arcsin(x):
    """Arc sine in radians, NaN outside -1..1; 0.64 ULP."""
    a = np.abs(x)
    t, low, tail = _asin_parts(a)
    h, l = _fast_two_sum(_PIO2, -2.0 * t)
    r = np.where(a > 0.5, h + (l + (_PIO2_LO - 2.0 * (low + tail))), t + tail)
    return np.where(a < 1e-150, x, np.copysign(r, x))


# kernel: numpy.arccos, numpy.acos
def arccos(x):
    """Arc cosine in radians, NaN outside -1..1; 0.65 ULP."""
    a = np.abs(x)
    t, low, tail = _asin_parts(a)
    near = np.where(x < 0.0, -t, t)
    h, l = _fast_two_sum(_PIO2, -near)
    mid = h + (l + (_PIO2_LO - np.where(x < 0.0, -tail, tail)))
    g, e = _fast_two_sum(_PI, -2.0 * t)
    left = g + (e + (_PI_LO - 2.0 * (low + tail)))
    return np.where(a > 0.5, np.where(x < 0.0, left, 2.0 * (t + (low + tail))), mid)


# kernel: numpy.sinh
def sinh(x):
    """Hyperbolic sine; 0.75 ULP."""
    a = np.abs(x)
    h, l, f = _half_expm1(np.where(a > 715.0, 715.0, a))
    q, c = _quotient(h, l, 1.0 + 2.0 * h, 2.0 * l + ((1.0 - (1.0 + 2.0 * h)) + 2.0 * h))
    s, e = _fast_two_sum(h, q)
    r = (s + (e + (l + c))) * f
    return np.where(a < 1e-9, x, np.copysign(r, x))


# kernel: numpy.cosh
def cosh(x):
    """Hyperbolic cosine; 0.87 ULP."""
    a = np.abs(x)
    h, l, f = _half_expm1(np.where(a > 715.0, 715.0, a))
    e, el = _two_sum(h, 0.5)
    el = el + l
    q = 0.25 / e
    s, sl = _fast_two_sum(e, q)
    return (s + (sl + el)) * f


# kernel: numpy.tanh, math.tanh
def tanh(x):
    """Hyperbolic tangent; 0.73 ULP."""
    a = np.abs(x)
    h, l, f = _half_expm1(np.where(a > 22.0, -44.0, -2.0 * a))
    d, dl = _two_sum(1.0, h)
    q, c = _quotient(-h, -l, d, dl + l)
    return np.where(a < 1e-9, x, np.copysign(q + c, x))


def _sqrt_pair(h, l):
    """sqrt(h + l) as (high, low) for h >= 0."""
    s = np.sqrt(h)
    p, e = _two_prod(s, s)
    return s, np.where(h > 0.0, (((h - p) - e) + l) / (s + s), 0.0)


# kernel: numpy.arcsinh, numpy.asinh, math.asinh
def arcsinh(x):
    """Inverse hyperbolic sine; 0.99 ULP."""
    a = np.abs(x)
    big = a > 1e9
    t = np.where(big, 1.0, a)
    p, e = _two_prod(t, t)
    w, wl = _two_sum(1.0, p)
    s, sl = _sqrt_pair(w, wl + e)
    h, l = _two_sum(t, s)
    h, l = _fast_two_sum(h, l + sl)
    y = _log_sum(np.where(big, np.where(a < _INF, a, 2.0), h), np.where(big, 0.0, l)) + np.where(big, _LN2, 0.0)
    y = np.where(a < 2e-8, a - a * a * a * 0.16666666666666666, np.where(a < _INF, y, a))
    return np.where(a < 1e-100, x, np.copysign(y, x))


# kernel: numpy.arccosh, numpy.acosh
def arccosh(x):
    """Inverse hyperbolic cosine, NaN below 1; 0.99 ULP."""
    big = x > 1e9
    t = np.where(big, 2.0, np.where(x >= 1.0, x, 1.0))
    p, e = _two_prod(t, t)
    w, wl = _fast_two_sum(p, -1.0)
    w, wl = _fast_two_sum(w, wl + e)
    s, sl = _sqrt_pair(w, wl)
    h, l = _two_sum(t, s)
    h, l = _fast_two_sum(h, l + sl)
    y = _log_sum(np.where(big, np.where(x < _INF, x, 2.0), h), np.where(big, 0.0, l)) + np.where(big, _LN2, 0.0)
    return np.where(x >= 1.0, np.where(x < _INF, y, x), _NAN)


# kernel: numpy.arctanh, numpy.atanh
def arctanh(x):
    """Inverse hyperbolic tangent, NaN outside -1..1; 0.84 ULP."""
    a = np.abs(x)
    t = np.where(a < 1.0, a, 0.5)
    n, nl = _fast_two_sum(1.0, t)
    d, dl = _fast_two_sum(1.0, -t)
    q, c = _quotient(n, nl, d, dl)
    h, l = _fast_two_sum(q, c)
    y = np.where(a < 1e-8, a + a * a * a * 0.3333333333333333, 0.5 * _log_sum(h, l))
    y = np.where(a < 1.0, y, np.where(a == 1.0, _INF, _NAN))
    return np.where(a < 1e-100, x, np.copysign(y, x))


# kernel: numpy.hypot
def hypot(x, y):
    """sqrt(x*x + y*y) without overflow or underflow on the way; 1.18 ULP."""
    a = np.abs(x)
    b = np.abs(y)
    m = np.where(a > b, a, b)
    big = m > 1e150
    small = m < 1e-140
    up = np.where(big, 7.458340731200207e-155, np.where(small, 4.149515568880993e+180, 1.0))
    down = np.where(big, 1.3407807929942597e+154, np.where(small, 2.409919865102884e-181, 1.0))
    a = a * up
    b = b * up
    r = np.sqrt(a * a + b * b) * down
    return np.where((np.abs(x) == _INF) | (np.abs(y) == _INF), _INF, r)


# kernel: numpy.cbrt, math.cbrt
def cbrt(x):
    """Real cube root; 0.50 ULP."""
    a = np.abs(x)
    ok = (a > 0.0) & (a < _INF)
    v = np.where(ok, a, 1.0)
    tiny = v < 2.2250738585072014e-308
    v = np.where(tiny, v * 18014398509481984.0, v)
    b = v.view(np.uint64)
    k = ((b >> 52) | 0x4330000000000000).view(np.float64) - 4503599627371519.0
    m = ((b & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64)
    # 2**k * m = 8**q * (m * 2**j), j in 0..2
    q = ((k - 1.0) * 0.3333333333333333 + _ROUND) - _ROUND
    j = k - 3.0 * q
    w = m * np.where(j == 0.0, 1.0, np.where(j == 1.0, 2.0, 4.0))
    r = 1.6662787377309156 + m * (-1.1623973573078166 + m * (0.6846527077322325 + m * (-0.21636185469244387 + m * 0.02778280101858424)))
    r = r * np.where(j == 0.0, 1.0, np.where(j == 1.0, 0.7937005259840998, 0.6299605249474366))
    r = r + r * (1.0 - w * r * r * r) * 0.3333333333333333
    r = r + r * (1.0 - w * r * r * r) * 0.3333333333333333
    y = w * r * r
    s, e = _two_prod(y, y)
    p, d = _two_prod(s, y)
    y = y + (((w - p) - d) - e * y) * r * r * 0.3333333333333333
    y = y * _pow2(q - np.where(tiny, 18.0, 0.0))
    return np.where(ok, np.copysign(y, x), x)


def _pow_positive(x, y):
    """x**y for 0 < x < inf and finite y: the logarithm carries about 66 bits."""
    k, m = _log_split(x)
    f = m - 1.0
    d, dl = _two_sum(2.0, f)
    s, sl = _quotient(f, 0.0, d, dl)
    z = s * s
    tail = 0.4 + z * (0.28571428571429364 + z * (0.22222222221655943 + z * (0.18181818335379513 + z * (0.153845949639382 + z * (
        0.1333480461663011 + z * (0.11706238407260777 + z * 0.11723157001190189))))))
    # log(m) = 2 s + (2/3) s**3 + s**5 tail
    zh, zl = _two_prod(s, s)
    ch, cl = _two_prod(zh, s)
    cl = cl + (zl * s + 3.0 * (zh * sl))
    th, tl = _two_prod(ch, np.float64(0.6666666666666666))
    tl = tl + (ch * 3.700743415417188e-17 + cl * 0.6666666666666666)
    h, l = _fast_two_sum(2.0 * s, th)
    l = l + ((2.0 * sl + tl) + z * z * s * tail)
    a, al = _fast_two_sum(k * _LN2_HI, h)
    h, l = _fast_two_sum(a, al + (l + k * _LN2_LO))
    # e**(y * (h + l)); the clamp only cuts values that overflow or underflow for any rounding
    y = np.where(y > 1e300, 1e300, np.where(y < -1e300, -1e300, y))
    p, e = _two_prod(y, h)
    e = e + y * l
    far = np.abs(p) > 750.0
    p = np.where(far, np.copysign(750.0, p), p)
    e = np.where(far, 0.0, e)
    k = (p * _LOG2E + _ROUND) - _ROUND
    rh = p - k * _LN2_HI
    rl = k * _LN2_LO - e
    r = rh - rl
    return _scale(1.0 + (r + (r * r * _exp_tail(r) + ((rh - r) - rl))), k)


# kernel: numpy.power, numpy.pow
def power(x, y):
    """x**y with the special cases of IEEE 754 pow; 0.99 ULP."""
    a = np.abs(x)
    ok = (a > 0.0) & (a < _INF)
    finite = np.abs(y) < _INF
    v = _pow_positive(np.where(ok, a, 1.0), np.where(finite, y, 0.0))
    whole = np.floor(y) == y
    half = y * 0.5
    odd = whole & finite & (np.floor(half) != half)
    zero = np.where(y > 0.0, 0.0, _INF)  # |x| = 0
    huge = np.where(y > 0.0, _INF, 0.0)  # |x| = inf
    v = np.where(a == 0.0, zero, np.where(a == _INF, huge, v))
    v = np.where(finite, v, np.where(a == 1.0, 1.0, np.where((a > 1.0) ^ (y > 0.0), 0.0, _INF)))
    v = np.where(odd & np.signbit(x), -v, v)
    v = np.where((x < 0.0) & (a < _INF) & finite & ~whole, _NAN, v)
    v = np.where(np.isnan(x) | np.isnan(y), _NAN, v)
    return np.where((y == 0.0) | (x == 1.0), 1.0, v)
