/* The four kernels written by hand for 512-bit vectors (GCC vector extensions): the bar the generated C is held to.
   Orders of summation are whatever is fastest; the bits are nobody's reference. */
#include "peer.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define TAPS 64
#define POINTS 1024
#define W (64 / (int)sizeof(T))

typedef T V __attribute__((vector_size(64), may_alias));
typedef T U __attribute__((vector_size(64), aligned(1), may_alias)); /* anywhere in memory */
#define ALIGNED __attribute__((aligned(64)))
#define INLINE static inline __attribute__((always_inline))

INLINE V load(const T *p) { return *(const U *)p; }
INLINE void store(T *p, V v) { *(U *)p = v; }
INLINE V splat(T x) { return x - (V){0}; }

/* An integer as wide as an element: what shuffles and masks are made of. */
#ifdef DOUBLE
typedef int64_t N;
#else
typedef int32_t N;
#endif
typedef N I __attribute__((vector_size(64)));

/* The 2W elements a, b at first + step*k; or, with `half`, at first + k/2 and every odd place `half` further. */
INLINE V pick(V a, V b, int first, int step, int half)
{
    I at;
    for (int k = 0; k < W; k++)
        at[k] = half ? first + k / 2 + (k % 2) * half : first + step * k;
    return __builtin_shuffle(a, b, at);
}

INLINE V even(V a, V b) { return pick(a, b, 0, 2, 0); }
INLINE V odd(V a, V b) { return pick(a, b, 1, 2, 0); }
INLINE V zip_low(V a, V b) { return pick(a, b, 0, 0, W); }
INLINE V zip_high(V a, V b) { return pick(a, b, W / 2, 0, W); }

/* ---- FIR ------------------------------------------------------------------------------------------------ */

static void fir_ends(const T *x, int n, const T *h, int down, int from, int to, T *y)
{
    for (int m = from; m < to; m++) {
        T acc = 0;
        for (int j = 0; j < TAPS; j++)
            if (down * m - j >= 0 && down * m - j < n)
                acc += h[j] * x[down * m - j];
        y[m] = acc;
    }
}

#define GROUP 4            /* vectors of outputs that share a tap */
#define CHUNK (16 * W)     /* outputs between two deals of the input */

void fir8(const T *restrict x, int n, const T *restrict h, T *restrict y)
{
    const int count = (n + TAPS - 1 + 7) / 8, whole = n / 8;
    int m0 = 8 < count ? 8 : count;
    ALIGNED T row[8][CHUNK + 2 * W];

    fir_ends(x, n, h, 8, 0, m0, y);
    for (; m0 + CHUNK + W <= whole; m0 += CHUNK) {
        const T *from = x + 8 * (m0 - 8);
        for (int i = 0; i < CHUNK + W; i += W) {
            V s[8], e[4], o[4], p[2];
            for (int k = 0; k < 8; k++)
                s[k] = load(from + 8 * i + k * W);
            for (int k = 0; k < 4; k++) {
                e[k] = even(s[2 * k], s[2 * k + 1]);
                o[k] = odd(s[2 * k], s[2 * k + 1]);
            }
            p[0] = even(e[0], e[1]), p[1] = even(e[2], e[3]);
            store(row[0] + i, even(p[0], p[1])), store(row[4] + i, odd(p[0], p[1]));
            p[0] = odd(e[0], e[1]), p[1] = odd(e[2], e[3]);
            store(row[2] + i, even(p[0], p[1])), store(row[6] + i, odd(p[0], p[1]));
            p[0] = even(o[0], o[1]), p[1] = even(o[2], o[3]);
            store(row[1] + i, even(p[0], p[1])), store(row[5] + i, odd(p[0], p[1]));
            p[0] = odd(o[0], o[1]), p[1] = odd(o[2], o[3]);
            store(row[3] + i, even(p[0], p[1])), store(row[7] + i, odd(p[0], p[1]));
        }
        for (int m = 0; m < CHUNK; m += GROUP * W) {
            V acc[GROUP] = {{0}};
            for (int k = 0; k < 8; k++)
                for (int r = 0; r < 8; r++) { /* tap 8k + r reads row (8 - r) % 8 */
                    const T *from_row = row[(8 - r) % 8] + m + 8 - k - (r > 0);
                    const V tap = splat(h[8 * k + r]);
                    for (int g = 0; g < GROUP; g++)
                        acc[g] += tap * load(from_row + g * W);
                }
            for (int g = 0; g < GROUP; g++)
                store(y + m0 + m + g * W, acc[g]);
        }
    }
    fir_ends(x, n, h, 8, m0, count, y);
}

/* Both parts of a complex signal through the same real taps. */
static void fir_pair(const T *restrict xr, const T *restrict xi, int n, const T *restrict h, T *restrict yr, T *restrict yi)
{
    int m = TAPS - 1 < n ? TAPS - 1 : n;
    fir_ends(xr, n, h, 1, 0, m, yr);
    fir_ends(xi, n, h, 1, 0, m, yi);
    for (; m + GROUP * W <= n; m += GROUP * W) {
        V ar[GROUP] = {{0}}, ai[GROUP] = {{0}};
        for (int j = 0; j < TAPS; j++) {
            const V tap = splat(h[j]);
            for (int g = 0; g < GROUP; g++) {
                ar[g] += tap * load(xr + m + g * W - j);
                ai[g] += tap * load(xi + m + g * W - j);
            }
        }
        for (int g = 0; g < GROUP; g++) {
            store(yr + m + g * W, ar[g]);
            store(yi + m + g * W, ai[g]);
        }
    }
    fir_ends(xr, n, h, 1, m, n + TAPS - 1, yr);
    fir_ends(xi, n, h, 1, m, n + TAPS - 1, yi);
}

/* ---- biquads: one lane a section, the wavefront moved on by a shuffle ------------------------------------- */

typedef T V8 __attribute__((vector_size(8 * sizeof(T))));

typedef N I8 __attribute__((vector_size(8 * sizeof(T))));

/* w one lane up, x in lane 0. */
INLINE V8 move_on(V8 w, T x)
{
    const V8 first = {x};
    return __builtin_shuffle(w, first, (I8){8, 0, 1, 2, 3, 4, 5, 6});
}

void biquads(const T *restrict x, int n, const T *restrict sos, T *restrict y)
{
    V8 b0, b1, b2, a1, a2, z0 = {0}, z1 = {0}, w = {0};
    for (int s = 0; s < 8; s++) {
        b0[s] = sos[6 * s];
        b1[s] = sos[6 * s + 1];
        b2[s] = sos[6 * s + 2];
        a1[s] = sos[6 * s + 4];
        a2[s] = sos[6 * s + 5];
    }
    for (int t = 0; t < n + 7; t++) { /* from rest, lanes ahead of the wave compute zeros */
        const V8 v = move_on(w, t < n ? x[t] : 0);
        w = b0 * v + z0;
        z0 = (b1 * v + z1) - a1 * w;
        z1 = b2 * v - a2 * w;
        if (t >= 7)
            y[t - 7] = w[7];
    }
}

/* ---- FFT: 16 x 64, radix 16 in registers, then 8 x 8 ------------------------------------------------------ */

static ALIGNED T split_re[POINTS], split_im[POINTS], eight_re[64], eight_im[64];

static void tables(void)
{
    const double turn = -6.283185307179586;
    for (int k = 0; k < 16; k++)
        for (int p = 0; p < 64; p++) {
            split_re[64 * k + p] = (T)cos(turn * (k * p) / POINTS);
            split_im[64 * k + p] = (T)sin(turn * (k * p) / POINTS);
        }
    for (int p = 0; p < 8; p++)
        for (int k = 0; k < 8; k++) {
            eight_re[8 * p + k] = (T)cos(turn * (p * k) / 64);
            eight_im[8 * p + k] = (T)sin(turn * (p * k) / 64);
        }
}

INLINE void four(V *r, V *i, int a, int b, int c, int d)
{
    const V s0r = r[a] + r[c], s0i = i[a] + i[c], d0r = r[a] - r[c], d0i = i[a] - i[c];
    const V s1r = r[b] + r[d], s1i = i[b] + i[d], d1r = r[b] - r[d], d1i = i[b] - i[d];
    r[a] = s0r + s1r, i[a] = s0i + s1i, r[b] = d0r + d1i, i[b] = d0i - d1r;
    r[c] = s0r - s1r, i[c] = s0i - s1i, r[d] = d0r - d1i, i[d] = d0i + d1r;
}

INLINE void turn(V *r, V *i, T c, T s)
{
    const V t = *r * c - *i * s;
    *i = *r * s + *i * c;
    *r = t;
}

/* r, i: 8 points, in place, natural order in and out. */
INLINE void eight(V *r, V *i)
{
    const T q = (T)0.70710678118654752440;
    V t;
    for (int k = 0; k < 4; k++) {
        t = r[k] - r[k + 4], r[k] += r[k + 4], r[k + 4] = t;
        t = i[k] - i[k + 4], i[k] += i[k + 4], i[k + 4] = t;
    }
    t = (r[5] + i[5]) * q, i[5] = (i[5] - r[5]) * q, r[5] = t;
    t = i[6], i[6] = -r[6], r[6] = t;
    t = (i[7] - r[7]) * q, i[7] = (r[7] + i[7]) * -q, r[7] = t;
    four(r, i, 0, 1, 2, 3);
    four(r, i, 4, 5, 6, 7);
    V nr[8] = {r[0], r[4], r[1], r[5], r[2], r[6], r[3], r[7]}, ni[8] = {i[0], i[4], i[1], i[5], i[2], i[6], i[3], i[7]};
    memcpy(r, nr, sizeof nr);
    memcpy(i, ni, sizeof ni);
}

/* W x W elements in W vectors, transposed. */
INLINE void transpose(V *v)
{
    for (int half = W; half > 1; half /= 2) {
        V t[W];
        for (int k = 0; k < W / 2; k++) {
            t[2 * k] = zip_low(v[k], v[k + W / 2]);
            t[2 * k + 1] = zip_high(v[k], v[k + W / 2]);
        }
        memcpy(v, t, sizeof t);
    }
}

static void row_fft(const T *restrict x, T *restrict y)
{
    static const T c1 = (T)0.92387953251128675613, s1 = (T)0.38268343236508977173, q = (T)0.70710678118654752440;
    ALIGNED T ar[POINTS], ai[POINTS], br[POINTS], bi[POINTS];
    for (int p = 0; p < 64; p += W) {
        V r[16], i[16];
        for (int k = 0; k < 16; k++) {
            const V a = load(x + 2 * (64 * k + p)), b = load(x + 2 * (64 * k + p) + W);
            r[k] = even(a, b);
            i[k] = odd(a, b);
        }
        for (int k = 0; k < 4; k++)
            four(r, i, k, k + 4, k + 8, k + 12);
        turn(r + 5, i + 5, c1, -s1), turn(r + 6, i + 6, q, -q), turn(r + 7, i + 7, s1, -c1);
        turn(r + 9, i + 9, q, -q), turn(r + 10, i + 10, 0, -1), turn(r + 11, i + 11, -q, -q);
        turn(r + 13, i + 13, s1, -c1), turn(r + 14, i + 14, -q, -q), turn(r + 15, i + 15, -c1, s1);
        for (int k = 0; k < 16; k += 4)
            four(r, i, k, k + 1, k + 2, k + 3);
        V tr[16], ti[16]; /* output 4b + a stands at 4a + b */
        for (int k = 0; k < 16; k++) {
            const int at = 4 * (k % 4) + k / 4;
            const V wr = load(split_re + 64 * k + p), wi = load(split_im + 64 * k + p);
            tr[k] = r[at] * wr - i[at] * wi;
            ti[k] = r[at] * wi + i[at] * wr;
        }
        for (int k = 0; k < 16; k += W) {
            transpose(tr + k);
            transpose(ti + k);
            for (int c = 0; c < W; c++) {
                store(ar + 16 * (p + c) + k, tr[k + c]);
                store(ai + 16 * (p + c) + k, ti[k + c]);
            }
        }
    }
    for (int p = 0; p < 8; p++)
        for (int c = 0; c < 16; c += W) {
            V r[8], i[8];
            for (int j = 0; j < 8; j++) {
                r[j] = load(ar + 16 * (p + 8 * j) + c);
                i[j] = load(ai + 16 * (p + 8 * j) + c);
            }
            eight(r, i);
            for (int k = 0; k < 8; k++) {
                turn(r + k, i + k, eight_re[8 * p + k], eight_im[8 * p + k]);
                store(br + 16 * (8 * p + k) + c, r[k]);
                store(bi + 16 * (8 * p + k) + c, i[k]);
            }
        }
    for (int c = 0; c < 128; c += W) {
        V r[8], i[8];
        for (int j = 0; j < 8; j++) {
            r[j] = load(br + 128 * j + c);
            i[j] = load(bi + 128 * j + c);
        }
        eight(r, i);
        for (int k = 0; k < 8; k++) {
            store(y + 2 * (128 * k + c), zip_low(r[k], i[k]));
            store(y + 2 * (128 * k + c) + W, zip_high(r[k], i[k]));
        }
    }
}

void fft1024(const T *restrict x, int rows, T *restrict y)
{
    if (split_re[0] == 0)
        tables();
    for (int b = 0; b < rows; b++)
        row_fft(x + 2 * POINTS * b, y + 2 * POINTS * b);
}

/* ---- FM chain: phasors from a table turned block by block ------------------------------------------------- */

INLINE V choose(I c, V a, V b) { return (V)(((I)a & c) | ((I)b & ~c)); }

/* Angle of finite points, to a few ulp. */
INLINE V angle_of(V y, V x)
{
    const V zero = {0}, one = splat(1), pi = splat((T)3.141592653589793);
    const V a = choose(x < zero, -x, x), b = choose(y < zero, -y, y);
    V large = choose(b > a, b, a), small = choose(b > a, a, b), r;
    large = choose(large == zero, one, large);
    if (sizeof(T) == 4) {
        const V t = small / large, z = t * t;
        r = z * -(T)0.00238699722 + (T)0.0135077713;
        r = r * z - (T)0.0358715393;
        r = r * z + (T)0.0625016913;
        r = r * z - (T)0.0865688026;
        r = r * z + (T)0.110337645;
        r = r * z - (T)0.142785683;
        r = r * z + (T)0.199997395;
        r = r * z - (T)0.333333313;
        r = t + t * z * r;
    } else {
        static const double c[] = {-0.034545610104858494, 0.045506220391755364, -0.052302411507894, 0.05878900032342983,
            -0.06666422364033206, 0.07692296234491514, -0.09090908748635232, 0.1111111110505757, -0.14285714285658824,
            0.199999999999998, -0.3333333333333333};
        const V cut = splat((T)0.41421356237309503) * large;
        const V t = choose(small > cut, small - large, small) / choose(small > cut, small + large, large), z = t * t;
        r = splat((T)0.016258132064979208);
        for (int k = 0; k < 11; k++)
            r = r * z + (T)c[k];
        r = t + t * z * r;
        r += choose(small > cut, splat((T)0.7853981633974483), zero);
    }
    r = choose(b > a, pi * (T)0.5 - r, r);
    r = choose(x < zero, pi - r, r);
    return choose(y < zero, -r, r);
}

#define TABLE 512

void fm_chain(const T *restrict x, int n, const T *restrict h, T *restrict y, T *restrict work)
{
    static ALIGNED T table_re[TABLE], table_im[TABLE];
    const int full = n + TAPS - 1;
    const double w = -2 * 3.141592653589793 * 0.125;
    T *mr = work, *mi = mr + n, *br = mi + n, *bi = br + full, *step = bi + full;
    int i;
    for (i = 0; i < TABLE; i++) {
        table_re[i] = (T)cos(w * i);
        table_im[i] = (T)sin(w * i);
    }
    for (i = 0; i < n; i += TABLE) {
        const T c = (T)cos(w * i), s = (T)sin(w * i);
        int k = 0;
        for (; k + W <= TABLE && i + k + W <= n; k += W) {
            const V u = load(x + 2 * (i + k)), v = load(x + 2 * (i + k) + W), a = even(u, v), b = odd(u, v);
            const V tr = load(table_re + k), ti = load(table_im + k), pr = tr * c - ti * s, pi = tr * s + ti * c;
            store(mr + i + k, a * pr - b * pi);
            store(mi + i + k, a * pi + b * pr);
        }
        for (; k < TABLE && i + k < n; k++) {
            const T pr = table_re[k] * c - table_im[k] * s, pi = table_re[k] * s + table_im[k] * c;
            mr[i + k] = x[2 * (i + k)] * pr - x[2 * (i + k) + 1] * pi;
            mi[i + k] = x[2 * (i + k)] * pi + x[2 * (i + k) + 1] * pr;
        }
    }
    fir_pair(mr, mi, n, h, br, bi);
    for (i = 0; i + W < full; i += W) {
        const V a = load(br + i + 1), b = load(bi + i + 1), c = load(br + i), d = load(bi + i);
        store(step + i, angle_of(b * c - a * d, a * c + b * d));
    }
    for (; i + 1 < full; i++) {
        const double re = (double)br[i + 1] * br[i] + (double)bi[i + 1] * bi[i];
        step[i] = (T)atan2((double)bi[i + 1] * br[i] - (double)br[i + 1] * bi[i], re);
    }
    fir8(step, full - 1, h, y);
}
