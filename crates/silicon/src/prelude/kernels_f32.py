"""Elementary functions on float32: straight-line kernels, the same bits on every target.

Each kernel takes and returns np.float32 (a scalar, or an array elementwise). The frequent ones (exp, log, sin, cos, arctan2, hypot)
stay in float32, so that a vector holds as many as it can; the others compute in float64 and round once. Only IEEE basic operations,
comparisons, selects and bit casts are used. The ULP figure of a kernel is the largest error
found on 1.5e6 or more arguments spread over its domain and its edge cases, against float64 results. NaN, infinities, signed zeros
and subnormals follow IEEE 754 and NumPy.
"""

import numpy as np

_ROUND = 12582912.0  # 1.5 * 2**23: adding it rounds to an integer that stands in the low mantissa bits
_ROUND64 = 6755399441055744.0
_LOG2E = 1.4426950408889634
_LN2 = 0.6931471805599453
_PI = 3.141592653589793
_PIO2 = 1.5707963267948966
_INF = float("inf")
_NAN = float("nan")
_TRIG_FAST = 12000.0  # largest |x| reduced in float32
_TRIG_MIDDLE = 1000000.0  # largest |x| reduced in float64

# The bits of 2/pi after the binary point in 32-bit words, behind 6 zeros.
_TWO_OVER_PI = np.array(
    (0x028BE60D, 0xB9391054, 0xA7F09D5F, 0x47D4D377, 0x036D8A56, 0x64F10E41, 0x07F9458E), dtype=np.uint64
)


def _pow2(k):
    """2**k for integral -126 <= k <= 127."""
    return (((k + _ROUND).view(np.int32) + 127) << 23).view(np.float32)


def _exp_reduced(r, k):
    """exp(r) * 2**k for |r| <= ln(2)/2, integral -160 <= k <= 140."""
    p = 0.5 + r * (0.166666672 + r * (0.041666463 + r * (0.00833331048 + r * (0.00139337312 + r * 0.000198910799))))
    h = (k * 0.5 + _ROUND) - _ROUND
    return (1.0 + (r + r * r * p)) * _pow2(h) * _pow2(k - h)


# kernel: numpy.exp
def exp(x):
    """e**x; 0.95 ULP."""
    t = np.where(x > 89.0, 89.0, np.where(x < -104.0, -104.0, x))
    k = (t * 1.44269502 + _ROUND) - _ROUND
    return _exp_reduced((t - k * 0.693145751953125) - k * 1.428606765330187e-06, k)


# kernel: numpy.exp2
def exp2(x):
    """2**x; 0.96 ULP."""
    t = np.where(x > 129.0, 129.0, np.where(x < -151.0, -151.0, x))
    k = (t + _ROUND) - _ROUND
    return _exp_reduced((t - k) * 0.693147182, k)


# kernel: numpy.log
def log(x):
    """Natural logarithm; 0.83 ULP."""
    tiny = x < 1.17549435e-38
    y = np.where(tiny, x * 16777216.0, x)
    b = y.view(np.uint32) + 0x00CAFB0D
    k = ((b >> 23) | 0x4B000000).view(np.float32) - np.where(tiny, np.float32(8388760.0), np.float32(8388736.0))
    f = ((b & 0x007FFFFF) + 0x3F3504F3).view(np.float32) - 1.0
    p = 0.333333313 + f * (-0.24999997 + f * (0.200007156 + f * (-0.166678026 + f * (0.142490581 + f * (-0.124256872 + f * (
        0.116854198 + f * (-0.114797339 + f * 0.0697161183)))))))
    z = f * f
    r = k * 0.693145751953125 + (f + (z * f * p + k * 1.428606765330187e-06 - 0.5 * z))
    return np.where(x > 0.0, np.where(x < _INF, r, x), np.where(x == 0.0, np.float32(-_INF), np.float32(_NAN)))


def _reduce_fast(x):
    """x - n*pi/2 as (n as int32, high, low) for |x| <= 12000."""
    q = x * 0.636619747 + _ROUND
    k = q - _ROUND
    t = (x - k * 1.5703125) - k * 0.0004837512969970703
    w = k * 7.549533620476723e-08
    r = t - w
    return q.view(np.int32), r, ((t - r) - w) - k * 2.5633440682570896e-12


def _sin_reduced(r, l):
    """sin(r + l), |r| <= pi/4, l below an ulp of r."""
    z = r * r
    return r + (r * z * (-0.166666672 + z * (0.00833333191 + z * (-0.000198400856 + z * 2.72498642e-06))) + l)


def _cos_reduced(r, l):
    """cos(r + l), |r| <= pi/4, l below an ulp of r."""
    z = r * r
    h = 0.5 * z
    w = 1.0 - h
    return w + (((1.0 - w) - h) + (z * z * (0.0416666679 + z * (-0.00138888881 + z * (2.48005999e-05 + z * -2.73009078e-07))) - r * l))


def _sin_fast(x):
    n, r, l = _reduce_fast(x)
    y = np.where((n & 1) == 0, _sin_reduced(r, l), _cos_reduced(r, l))
    return np.where(x == 0.0, x, (y.view(np.int32) ^ ((n & 2) << 30)).view(np.float32))


def _cos_fast(x):
    n, r, l = _reduce_fast(x)
    y = np.where((n & 1) == 0, _cos_reduced(r, l), _sin_reduced(r, l))
    return (y.view(np.int32) ^ (((n + 1) & 2) << 30)).view(np.float32)


def _reduce_middle(x):
    """x - n*pi/2 as (n as int64, float64 remainder) for |x| <= 10**6."""
    d = np.float64(x)
    q = d * 0.6366197723675814 + _ROUND64
    k = q - _ROUND64
    return q.view(np.int64), (d - k * 1.5707963267341256) - k * 6.077100506506192e-11


def _reduce_huge(x):
    """x - n*pi/2 as (n as int64, float64 remainder) for finite |x| > 10**6: x times a 96-bit window of 2/pi, modulo 4."""
    b = np.abs(x).view(np.uint32)
    m = np.uint64((b & 0x007FFFFF) | 0x00800000)
    # from 0 to 108 for a finite x; the mask shows that every index is inside the table, also for what is not finite
    start = int(np.int64(b >> 23)) - 146 & 127
    j = start >> 5
    up = np.uint64(start & 31)
    w0 = _TWO_OVER_PI[j]
    w1 = _TWO_OVER_PI[j + 1]
    w2 = _TWO_OVER_PI[j + 2]
    w3 = _TWO_OVER_PI[j + 3]
    a = (((w0 << 32) | w1) << up) >> 32
    c = ((((w1 << 32) | w2) << up) >> 32) & 0xFFFFFFFF
    d = ((((w2 << 32) | w3) << up) >> 32) & 0xFFFFFFFF
    p = m * ((a << 32) | c) + ((m * d) >> 32)
    # p / 2**62 is x*2/pi modulo 4; the top two bits, rounded to nearest, are the quadrant
    n = np.int64((p + (1 << 61)) >> 62)
    r = np.float64((p << 2).view(np.int64)) * 8.515303950216386e-20
    s = np.where(x < 0.0, -1.0, 1.0)
    return np.where(x < 0.0, -n, n), s * r


def _sin64(r):
    """sin(r) for float64 |r| <= pi/4 to 2**-35."""
    z = r * r
    return r + r * z * (-0.16666666663853044 + z * (0.008333331873837089 + z * (-0.00019840086263755443 + z * 2.7249864655139585e-06)))


def _cos64(r):
    """cos(r) for float64 |r| <= pi/4 to 2**-38."""
    z = r * r
    return 1.0 - 0.5 * z + z * z * (0.04166666666431933 + z * (-0.0013888887671288108 + z * (2.480059998353171e-05
                                                                                            + z * -2.7300908167996537e-07)))


def _sin_quadrant(n, r):
    y = np.where((n & 1) == 0, _sin64(r), _cos64(r))
    return np.float32(np.where((n & 2) == 0, y, -y))


def _cos_quadrant(n, r):
    y = np.where((n & 1) == 0, _cos64(r), _sin64(r))
    return np.float32(np.where(((n + 1) & 2) == 0, y, -y))


def _tan_quadrant(n, r):
    s = _sin64(r)
    c = _cos64(r)
    odd = (n & 1) != 0
    return np.where(odd, -c, s) / np.where(odd, s, c)


def _sin_middle(x):
    n, r = _reduce_middle(x)
    return _sin_quadrant(n, r)


def _cos_middle(x):
    n, r = _reduce_middle(x)
    return _cos_quadrant(n, r)


def _tan_middle(x):
    n, r = _reduce_middle(x)
    d = np.float64(x)
    return np.float32(np.where(d == 0.0, d, _tan_quadrant(n, r)))


def _sin_huge(x):
    n, r = _reduce_huge(x)
    return np.where(np.isinf(x), np.float32(_NAN), _sin_quadrant(n, r))


def _cos_huge(x):
    n, r = _reduce_huge(x)
    return np.where(np.isinf(x), np.float32(_NAN), _cos_quadrant(n, r))


def _tan_huge(x):
    n, r = _reduce_huge(x)
    return np.where(np.isinf(x), np.float32(_NAN), np.float32(_tan_quadrant(n, r)))


def _sin_slow(x):
    return _sin_huge(x) if np.abs(x) > _TRIG_MIDDLE else _sin_middle(x)


def _cos_slow(x):
    return _cos_huge(x) if np.abs(x) > _TRIG_MIDDLE else _cos_middle(x)


# kernel: numpy.sin
def sin(x):
    """Sine of x radians; 0.91 ULP."""
    return _sin_slow(x) if np.abs(x) > _TRIG_FAST else _sin_fast(x)


# kernel: numpy.cos
def cos(x):
    """Cosine of x radians; 0.93 ULP."""
    return _cos_slow(x) if np.abs(x) > _TRIG_FAST else _cos_fast(x)


# kernel: numpy.tan
def tan(x):
    """Tangent of x radians; 0.51 ULP."""
    return _tan_huge(x) if np.abs(x) > _TRIG_MIDDLE else _tan_middle(x)


def _atan_unit(t):
    """atan(t) for 0 <= t <= 1 as (high, low)."""
    z = t * t
    p = -0.333333313 + z * (0.199997395 + z * (-0.142785683 + z * (0.110337645 + z * (-0.0865688026 + z * (0.0625016913 + z * (
        -0.0358715393 + z * (0.0135077713 + z * -0.00238699722)))))))
    q = t * z * p
    h = t + q
    return h, (t - h) + q


# kernel: numpy.arctan2, numpy.atan2
def arctan2(y, x):
    """Angle of the point (x, y) in radians, -pi..pi; 1.51 ULP."""
    a = np.abs(x)
    b = np.abs(y)
    steep = b > a
    large = np.where(steep, b, a)
    small = np.where(steep, a, b)
    h, e = _atan_unit(np.where(small == large, np.where(large == 0.0, large, 1.0), small / large))
    left = np.signbit(x)
    c = np.where(steep, np.float32(1.57079637), np.where(left, np.float32(3.14159274), np.float32(0.0)))
    l = np.where(steep, np.float32(-4.37113883e-08), np.where(left, np.float32(-8.74227766e-08), np.float32(0.0)))
    down = steep ^ left
    r = c + np.where(down, (l - e) - h, h + (l + e))
    return np.where(np.isnan(x) | np.isnan(y), np.float32(_NAN), np.copysign(r, y))


# kernel: numpy.arctan, numpy.atan
def arctan(x):
    """Arc tangent in radians; 1.26 ULP."""
    a = np.abs(x)
    steep = a > 1.0
    h, e = _atan_unit(np.where(steep, 1.0, a) / np.where(steep, a, 1.0))
    return np.copysign(np.where(steep, 1.57079637 - (h - (-4.37113883e-08 - e)), h), x)


# kernel: numpy.hypot
def hypot(x, y):
    """sqrt(x*x + y*y) without overflow or underflow on the way; 1.18 ULP."""
    a = np.abs(x)
    b = np.abs(y)
    m = np.where(a > b, a, b)
    big = m > 1e18
    small = m < 1e-13
    up = np.where(big, np.float32(5.421010862427522e-20), np.where(small, np.float32(1.2089258196146292e+24), np.float32(1.0)))
    down = np.where(big, np.float32(1.8446744073709552e+19), np.where(small, np.float32(8.271806125530277e-25), np.float32(1.0)))
    u = a * up
    v = b * up
    r = np.sqrt(u * u + v * v) * down
    return np.where((a == _INF) | (b == _INF), np.float32(_INF), r)


def _pow2_64(k):
    """float64 2**k for integral -1022 <= k <= 1023."""
    return (((k + _ROUND64).view(np.int64) + 1023) << 52).view(np.float64)


def _exp_parts(t):
    """float64 (s, p): exp(t) = s * (1 + p) for |t| <= 700, s a power of two, p to 2**-40 relative."""
    k = (t * _LOG2E + _ROUND64) - _ROUND64
    r = (t - k * 0.6931471805598903) - k * 5.497923018708371e-14
    p = r + r * r * (0.4999999999995475 + r * (0.16666666666662555 + r * (0.04166666678698556 + r * (0.008333333344268395 + r * (
        0.0013888838910996056 + r * (0.00019841224418291943 + r * (2.4868002978056962e-05 + r * 2.7617685465165067e-06)))))))
    return _pow2_64(k), p


def _expm1_64(t):
    s, p = _exp_parts(t)
    return s * p + (s - 1.0)


def _exp_64(t):
    s, p = _exp_parts(t)
    return s * p + s


def _log_64(x):
    """float64 log(x) for positive normal x to 2**-40 relative."""
    b = x.view(np.uint64) + 0x00195F619980C433
    k = ((b >> 52) | 0x4330000000000000).view(np.float64) - 4503599627371520.0
    return k * _LN2 + _log1p_reduced(((b & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD).view(np.float64) - 1.0)


def _log1p_reduced(f):
    """float64 log(1 + f) for sqrt(1/2) - 1 <= f <= sqrt(2) - 1."""
    s = f / (2.0 + f)
    z = s * s
    return 2.0 * s + s * z * (0.6666666666737538 + z * (0.39999998796931535 + z * (0.2857175461881594 + z * (
        0.22191395567123384 + z * 0.1936275597214568))))


def _log1p_64(x):
    """float64 log(1 + x) for finite x > -1."""
    small = np.abs(x) < 1e-3
    return np.where(small, _log1p_reduced(np.where(small, x, 0.0)), _log_64(1.0 + x))


def _log_edges(d, y):
    """y = log(d) for positive finite float64 d, with the values at 0, below 0, at infinity and NaN put in."""
    return np.where(d > 0.0, np.where(d < _INF, y, d), np.where(d == 0.0, -_INF, _NAN))


# kernel: numpy.log2
def log2(x):
    """Logarithm to base 2; 0.51 ULP."""
    d = np.float64(x)
    return np.float32(_log_edges(d, _log_64(d) * _LOG2E))


# kernel: numpy.log10
def log10(x):
    """Logarithm to base 10; 0.51 ULP."""
    d = np.float64(x)
    return np.float32(_log_edges(d, _log_64(d) * 0.4342944819032518))


# kernel: numpy.log1p
def log1p(x):
    """log(1 + x); 0.51 ULP."""
    d = np.float64(x)
    y = np.where(np.abs(d) < 1e-30, d, _log1p_64(d))
    return np.float32(np.where(d > -1.0, np.where(d < _INF, y, d), np.where(d == -1.0, -_INF, _NAN)))


# kernel: numpy.expm1
def expm1(x):
    """e**x - 1; 0.51 ULP."""
    d = np.float64(x)
    t = np.where(d > 100.0, 100.0, np.where(d < -40.0, -40.0, d))
    return np.float32(np.where(np.abs(d) < 1e-30, d, _expm1_64(t)))


def _cut(a):
    """a cut at 100: beyond it the hyperbolic functions have overflowed or saturated."""
    return np.where(a > 100.0, 100.0, a)


def _odd(d, y):
    """The odd function whose value at |d| is y and whose slope at 0 is 1."""
    return np.float32(np.where(np.abs(d) < 1e-30, d, np.copysign(y, d)))


# kernel: numpy.sinh
def sinh(x):
    """Hyperbolic sine; 0.51 ULP."""
    d = np.float64(x)
    e = _expm1_64(_cut(np.abs(d)))
    return _odd(d, 0.5 * (e + e / (e + 1.0)))


# kernel: numpy.cosh
def cosh(x):
    """Hyperbolic cosine; 0.51 ULP."""
    e = _exp_64(_cut(np.abs(np.float64(x))))
    return np.float32(0.5 * (e + 1.0 / e))


# kernel: numpy.tanh
def tanh(x):
    """Hyperbolic tangent; 0.51 ULP."""
    d = np.float64(x)
    e = _expm1_64(-2.0 * _cut(np.abs(d)))
    return _odd(d, -e / (e + 2.0))


# kernel: numpy.arcsinh, numpy.asinh
def arcsinh(x):
    """Inverse hyperbolic sine; 0.51 ULP."""
    d = np.float64(x)
    a = np.abs(d)
    y = _log1p_64(a + a * a / (1.0 + np.sqrt(a * a + 1.0)))
    return _odd(d, np.where(a < _INF, y, a))


# kernel: numpy.arccosh, numpy.acosh
def arccosh(x):
    """Inverse hyperbolic cosine, NaN below 1; 0.51 ULP."""
    d = np.float64(x)
    t = d - 1.0
    y = _log1p_64(t + np.sqrt(t * (t + 2.0)))
    return np.float32(np.where(d >= 1.0, np.where(d < _INF, y, d), _NAN))


# kernel: numpy.arctanh, numpy.atanh
def arctanh(x):
    """Inverse hyperbolic tangent, NaN outside -1..1; 0.51 ULP."""
    d = np.float64(x)
    a = np.abs(d)
    y = 0.5 * _log1p_64(2.0 * a / (1.0 - a))
    return _odd(d, np.where(a < 1.0, y, np.where(a == 1.0, _INF, _NAN)))


def _asin_64(t):
    """float64 asin(t) for 0 <= t <= 1/2."""
    z = t * t
    return t + t * z * (0.16666666665495086 + z * (0.07500000598829049 + z * (0.044642358484883196 + z * (0.030397634130580702 + z * (
        0.022132443623426794 + z * (0.019306260869368045 + z * (0.0054431851027481075 + z * 0.02930523970533579)))))))


# kernel: numpy.arcsin, numpy.asin
def arcsin(x):
    """Arc sine in radians, NaN outside -1..1; 0.51 ULP."""
    a = np.abs(np.float64(x))
    far = a > 0.5
    r = _asin_64(np.where(far, np.sqrt((1.0 - a) * 0.5), a))
    return np.copysign(np.float32(np.where(far, _PIO2 - 2.0 * r, r)), x)


# kernel: numpy.arccos, numpy.acos
def arccos(x):
    """Arc cosine in radians, NaN outside -1..1; 0.51 ULP."""
    d = np.float64(x)
    a = np.abs(d)
    far = a > 0.5
    r = _asin_64(np.where(far, np.sqrt((1.0 - a) * 0.5), a))
    s = np.where(d < 0.0, -r, r)
    return np.float32(np.where(far, np.where(d < 0.0, _PI, 0.0) + 2.0 * s, _PIO2 - s))


# kernel: numpy.cbrt
def cbrt(x):
    """Real cube root; 0.51 ULP."""
    d = np.float64(x)
    a = np.abs(d)
    ok = (a > 0.0) & (a < _INF)
    b = a.view(np.uint64)
    k = ((b >> 52) | 0x4330000000000000).view(np.float64) - 4503599627371519.0
    m = ((b & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64)
    # 2**k * m = 8**q * (m * 2**j), j in 0..2; r tends to the reciprocal cube root
    q = ((k - 1.0) * 0.3333333333333333 + _ROUND64) - _ROUND64
    j = k - 3.0 * q
    w = m * np.where(j == 0.0, 1.0, np.where(j == 1.0, 2.0, 4.0))
    r = 1.6662787377309156 + m * (-1.1623973573078166 + m * (0.6846527077322325 + m * (-0.21636185469244387 + m * 0.02778280101858424)))
    r = r * np.where(j == 0.0, 1.0, np.where(j == 1.0, 0.7937005259840998, 0.6299605249474366))
    r = r + r * (1.0 - w * r * r * r) * 0.3333333333333333
    r = r + r * (1.0 - w * r * r * r) * 0.3333333333333333
    return np.float32(np.where(ok, np.copysign(w * r * r * _pow2_64(q), d), d))


# kernel: numpy.power, numpy.pow
def power(x, y):
    """x**y with the special cases of IEEE 754 pow; 0.51 ULP."""
    d = np.float64(x)
    g = np.float64(y)
    a = np.abs(d)
    up = g > 0.0
    finite = np.abs(g) < _INF
    p = g * _log_64(a)
    v = _exp_64(np.where(p > 200.0, 200.0, np.where(p < -200.0, -200.0, p)))
    whole = np.floor(g) == g
    half = g * 0.5
    odd = whole & finite & (np.floor(half) != half)
    v = np.where(a == 0.0, np.where(up, 0.0, _INF), np.where(a == _INF, np.where(up, _INF, 0.0), v))
    v = np.where(finite, v, np.where(a == 1.0, 1.0, np.where((a > 1.0) ^ up, 0.0, _INF)))
    v = np.where(odd & np.signbit(d), -v, v)
    v = np.where((d < 0.0) & (a < _INF) & finite & ~whole, _NAN, v)
    v = np.where(np.isnan(d) | np.isnan(g), _NAN, v)
    return np.float32(np.where((g == 0.0) | (d == 1.0), 1.0, v))
