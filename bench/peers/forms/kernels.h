/* The prelude's elementary functions (kernels_f32.py, kernels_f64.py) as C, for arguments in their fast range.

   gcc vectorises a loop over them at plain -O3 because no floating-point operation stands in an arm of ?: -- under the
   default -ftrapping-math it may not compute such an arm speculatively and leaves a branch. Selects between computed
   values therefore go through the bits. */
#ifndef KERNELS_H
#define KERNELS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline int32_t bits_f32(float x)
{
    int32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline float f32_bits(int32_t b)
{
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static inline int64_t bits_f64(double x)
{
    int64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline double f64_bits(int64_t b)
{
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static inline float select_f32(int c, float a, float b)
{
    const int32_t mask = -(int32_t)c;
    return f32_bits((bits_f32(a) & mask) | (bits_f32(b) & ~mask));
}

static inline double select_f64(int c, double a, double b)
{
    const int64_t mask = -(int64_t)c;
    return f64_bits((bits_f64(a) & mask) | (bits_f64(b) & ~mask));
}

#define ROUND_F64 6755399441055744.0

static inline double pow2_f64(double k)
{
    return f64_bits((int64_t)((uint64_t)(bits_f64(k + ROUND_F64) + 1023) << 52));
}

static inline double exp_f64(double x)
{
    const double t = select_f64(x > 710.0, 710.0, select_f64(x < -746.0, -746.0, x));
    const double k = (t * 1.4426950408889634 + ROUND_F64) - ROUND_F64;
    const double r = (t - k * 0.6931471805598903) - k * 5.497923018708371e-14;
    const double p = 0.5 + r * (0.1666666666666667 + r * (0.04166666666666667 + r * (0.008333333333326084
        + r * (0.001388888888888384 + r * (0.0001984126987500228 + r * (2.480158732543272e-05 + r * (2.755725517000089e-06
        + r * (2.7557273682072415e-07 + r * (2.5105312729622103e-08 + r * 2.0914693884565418e-09)))))))));
    const double h = (k * 0.5 + ROUND_F64) - ROUND_F64;
    return (1.0 + (r + r * r * p)) * pow2_f64(h) * pow2_f64(k - h);
}

/* Sine and cosine for |x| <= 2**20. */
static inline void sincos_f64(double x, double *sine, double *cosine)
{
    const double q = x * 0.6366197723675814 + ROUND_F64, k = q - ROUND_F64;
    const double t = x - k * 1.5707963267341256, w = k * 6.077100506303966e-11;
    const double h = t - w, e = (t - h) - w, b = k * -2.0222662487111665e-21;
    const double r = h + b, u = r - h, d = (h - (r - u)) + (b - u);
    const double l = (e + d) - k * 8.4784276603689e-32, z = r * r;
    const int64_t n = bits_f64(q);
    const double ps = -0.16666666666666666 + z * (0.008333333333330946 + z * (-0.0001984126983675497
        + z * (2.755731610068303e-06 + z * (-2.5051131455427946e-08 + z * 1.591810123027412e-10))));
    const double pc = 0.041666666666666664 + z * (-0.0013888888888887395 + z * (2.4801587298763433e-05
        + z * (-2.7557317270560326e-07 + z * (2.0876146024689747e-09 + z * -1.1382614868556325e-11))));
    const double rs = r + (r * z * ps + (l - 0.5 * z * l));
    const double half = 0.5 * z, rest = 1.0 - half;
    const double rc = rest + (((1.0 - rest) - half) + (z * z * pc - r * l));
    const double ys = select_f64((n & 1) == 0, rs, rc), yc = select_f64((n & 1) == 0, rc, rs);
    *sine = select_f64(x == 0.0, x, f64_bits(bits_f64(ys) ^ (int64_t)((uint64_t)(n & 2) << 62)));
    *cosine = f64_bits(bits_f64(yc) ^ (int64_t)((uint64_t)((n + 1) & 2) << 62));
}

static inline float atan2_f32(float y, float x)
{
    const float a = fabsf(x), b = fabsf(y);
    const int steep = b > a, left = bits_f32(x) < 0, down = steep ^ left;
    const float large = steep ? b : a, small = steep ? a : b;
    const float t = select_f32(small == large, large == 0.0f ? large : 1.0f, small / large), z = t * t;
    const float p = -0.333333313f + z * (0.199997395f + z * (-0.142785683f + z * (0.110337645f + z * (-0.0865688026f
        + z * (0.0625016913f + z * (-0.0358715393f + z * (0.0135077713f + z * -0.00238699722f)))))));
    const float q = t * z * p, h = t + q, e = (t - h) + q;
    const float c = steep ? 1.57079637f : (left ? 3.14159274f : 0.0f);
    const float l = steep ? -4.37113883e-08f : (left ? -8.74227766e-08f : 0.0f);
    const float r = copysignf(c + select_f32(down, (l - e) - h, h + (l + e)), y);
    return select_f32((x != x) | (y != y), f32_bits(0x7fc00000), r);
}

static inline double top_f64(double a)
{
    return f64_bits(bits_f64(a) & (int64_t)0xFFFFFFFFF8000000);
}

static inline double atan2_f64(double y, double x)
{
    const double a = fabs(x), b = fabs(y), inf = (double)INFINITY;
    const int steep = b > a, left = bits_f64(x) < 0, down = steep ^ left;
    const double g0 = steep ? b : a, s0 = steep ? a : b;
    const int both = (a == inf) & (b == inf), wide = g0 == inf;
    const double factor = g0 > 1e300 ? 9.094947017729282e-13 : (g0 < 1e-200 ? 2.5822498780869086e+120 : 1.0);
    const double g1 = g0 * factor, s1 = s0 * factor;
    const double large = select_f64(both | (g0 == 0.0) | wide, 1.0, g1);
    const double small = select_f64(both, 1.0, select_f64(wide, 0.0, s1));
    const int near = small > 0.41421356237309503 * large;
    const double n = -large + small, nl = (-large - n) + small, d = large + small, dl = (large - d) + small;
    const double ah = select_f64(near, n, small), al = select_f64(near, nl, 0.0);
    const double bh = select_f64(near, d, large), bl = select_f64(near, dl, 0.0);
    const double t = ah / bh, p = t * bh, th = top_f64(t), tl = t - th, ch = top_f64(bh), cl = bh - ch;
    const double e = (((th * ch - p) + th * cl) + tl * ch) + tl * cl;
    const double c1 = ((((ah - p) - e) + al) - t * bl) / bh, z = t * t;
    const double c = select_f64(small < 1e-250, 0.0, c1);
    const double poly = -0.3333333333333333 + z * (0.199999999999998 + z * (-0.14285714285658824 + z * (0.1111111110505757
        + z * (-0.09090908748635232 + z * (0.07692296234491514 + z * (-0.06666422364033206 + z * (0.05878900032342983
        + z * (-0.052302411507894 + z * (0.045506220391755364 + z * (-0.034545610104858494 + z * 0.016258132064979208))))))))));
    const double tail = t * z * poly + (c - z * c);
    const double u = select_f64(near, 0.7853981633974483, t), v = select_f64(near, t, tail);
    const double h = u + v, hl = (u - h) + v, l = hl + select_f64(near, tail + 3.061616997868383e-17, 0.0);
    const double k = steep ? 1.5707963267948966 : (left ? 3.141592653589793 : 0.0);
    const double kl = steep ? 6.123233995736766e-17 : (left ? 1.2246467991473532e-16 : 0.0);
    const double g = select_f64(down, -h, h), s = k + g, se = (k - s) + g;
    const double r = select_f64(k == 0.0, h + l, s + (se + (kl + select_f64(down, -l, l))));
    return select_f64((x != x) | (y != y), (double)NAN, copysign(r, y));
}

#endif
