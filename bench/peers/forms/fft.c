/* FFT of 1024 points in split real and imaginary arrays: 1024 = 16*64, Stockham stages down the columns of the 16 x 64
   view (radix 4, 4), twiddles, transposition, Stockham stages down the 64 x 16 view (radix 8, 8). The inner loops run
   over at least 16 neighbouring points, loads and stores alike. The order is the prelude's (fft_kernel.py). */
#include "form.h"

#define POINTS 1024

static T four_re[16], four_im[16], eight_re[64], eight_im[64], split_re[POINTS], split_im[POINTS];

static void tables(void)
{
    const double turn = -6.283185307179586;
    for (int p = 0; p < 4; p++)
        for (int k = 0; k < 4; k++) {
            four_re[4 * p + k] = (T)cos(turn * (p * k) / 16);
            four_im[4 * p + k] = (T)sin(turn * (p * k) / 16);
        }
    for (int p = 0; p < 8; p++)
        for (int k = 0; k < 8; k++) {
            eight_re[8 * p + k] = (T)cos(turn * (p * k) / 64);
            eight_im[8 * p + k] = (T)sin(turn * (p * k) / 64);
        }
    for (int k = 0; k < 16; k++)
        for (int p = 0; p < 64; p++) {
            split_re[64 * k + p] = (T)cos(turn * (k * p) / POINTS);
            split_im[64 * k + p] = (T)sin(turn * (k * p) / POINTS);
        }
}

/* x (length, lanes), length = 4*m, to y (m, 4, lanes). */
static inline INLINE void radix4(const T *restrict xr, const T *restrict xi, int m, int lanes, T *restrict yr, T *restrict yi)
{
    const int step = m * lanes;
    for (int p = 0; p < m; p++) {
        const T w1r = four_re[4 * p + 1], w1i = four_im[4 * p + 1], w2r = four_re[4 * p + 2], w2i = four_im[4 * p + 2];
        const T w3r = four_re[4 * p + 3], w3i = four_im[4 * p + 3];
        const T *restrict ar = xr + lanes * p, *restrict ai = xi + lanes * p;
        T *restrict br = yr + 4 * lanes * p, *restrict bi = yi + 4 * lanes * p;
        for (int q = 0; q < lanes; q++) {
            const T s0r = ar[q] + ar[q + 2 * step], s0i = ai[q] + ai[q + 2 * step];
            const T d0r = ar[q] - ar[q + 2 * step], d0i = ai[q] - ai[q + 2 * step];
            const T s1r = ar[q + step] + ar[q + 3 * step], s1i = ai[q + step] + ai[q + 3 * step];
            const T d1r = ar[q + step] - ar[q + 3 * step], d1i = ai[q + step] - ai[q + 3 * step];
            const T e1r = d0r + d1i, e1i = d0i - d1r, e2r = s0r - s1r, e2i = s0i - s1i, e3r = d0r - d1i, e3i = d0i + d1r;
            br[q] = s0r + s1r;
            bi[q] = s0i + s1i;
            br[q + lanes] = m > 1 ? e1r * w1r - e1i * w1i : e1r;
            bi[q + lanes] = m > 1 ? e1r * w1i + e1i * w1r : e1i;
            br[q + 2 * lanes] = m > 1 ? e2r * w2r - e2i * w2i : e2r;
            bi[q + 2 * lanes] = m > 1 ? e2r * w2i + e2i * w2r : e2i;
            br[q + 3 * lanes] = m > 1 ? e3r * w3r - e3i * w3i : e3r;
            bi[q + 3 * lanes] = m > 1 ? e3r * w3i + e3i * w3r : e3i;
        }
    }
}

/* x (length, lanes), length = 8*m, to y (m, 8, lanes). */
static inline INLINE void radix8(const T *restrict xr, const T *restrict xi, int m, int lanes, T *restrict yr, T *restrict yi)
{
    const T half_sqrt = (T)0.70710678118654752440;
    const int step = m * lanes;
    for (int p = 0; p < m; p++) {
        const T *restrict w = eight_re + 8 * p, *restrict v = eight_im + 8 * p;
        const T w1r = w[1], w2r = w[2], w3r = w[3], w4r = w[4], w5r = w[5], w6r = w[6], w7r = w[7];
        const T w1i = v[1], w2i = v[2], w3i = v[3], w4i = v[4], w5i = v[5], w6i = v[6], w7i = v[7];
        const T *restrict ar = xr + lanes * p, *restrict ai = xi + lanes * p;
        T *restrict br = yr + 8 * lanes * p, *restrict bi = yi + 8 * lanes * p;
        for (int q = 0; q < lanes; q++) {
            const T p0r = ar[q] + ar[q + 4 * step], p0i = ai[q] + ai[q + 4 * step];
            const T m0r = ar[q] - ar[q + 4 * step], m0i = ai[q] - ai[q + 4 * step];
            const T p1r = ar[q + step] + ar[q + 5 * step], p1i = ai[q + step] + ai[q + 5 * step];
            const T m1r = ar[q + step] - ar[q + 5 * step], m1i = ai[q + step] - ai[q + 5 * step];
            const T p2r = ar[q + 2 * step] + ar[q + 6 * step], p2i = ai[q + 2 * step] + ai[q + 6 * step];
            const T m2r = ar[q + 2 * step] - ar[q + 6 * step], m2i = ai[q + 2 * step] - ai[q + 6 * step];
            const T p3r = ar[q + 3 * step] + ar[q + 7 * step], p3i = ai[q + 3 * step] + ai[q + 7 * step];
            const T m3r = ar[q + 3 * step] - ar[q + 7 * step], m3i = ai[q + 3 * step] - ai[q + 7 * step];
            const T s0r = p0r + p2r, s0i = p0i + p2i, d0r = p0r - p2r, d0i = p0i - p2i;
            const T s1r = p1r + p3r, s1i = p1i + p3i, d1r = p1r - p3r, d1i = p1i - p3i;
            const T g1r = (m1r + m1i) * half_sqrt, g1i = (m1i - m1r) * half_sqrt;
            const T g3r = (m3i - m3r) * half_sqrt, g3i = (m3r + m3i) * half_sqrt;
            const T t0r = m0r + m2i, t0i = m0i - m2r, t2r = m0r - m2i, t2i = m0i + m2r;
            const T t1r = g1r + g3r, t1i = g1i - g3i, t3r = g1r - g3r, t3i = g1i + g3i;
            const T e1r = t0r + t1r, e1i = t0i + t1i, e2r = d0r + d1i, e2i = d0i - d1r, e3r = t2r + t3i, e3i = t2i - t3r;
            const T e4r = s0r - s1r, e4i = s0i - s1i, e5r = t0r - t1r, e5i = t0i - t1i, e6r = d0r - d1i, e6i = d0i + d1r;
            const T e7r = t2r - t3i, e7i = t2i + t3r;
            br[q] = s0r + s1r;
            bi[q] = s0i + s1i;
            br[q + lanes] = m > 1 ? e1r * w1r - e1i * w1i : e1r;
            bi[q + lanes] = m > 1 ? e1r * w1i + e1i * w1r : e1i;
            br[q + 2 * lanes] = m > 1 ? e2r * w2r - e2i * w2i : e2r;
            bi[q + 2 * lanes] = m > 1 ? e2r * w2i + e2i * w2r : e2i;
            br[q + 3 * lanes] = m > 1 ? e3r * w3r - e3i * w3i : e3r;
            bi[q + 3 * lanes] = m > 1 ? e3r * w3i + e3i * w3r : e3i;
            br[q + 4 * lanes] = m > 1 ? e4r * w4r - e4i * w4i : e4r;
            bi[q + 4 * lanes] = m > 1 ? e4r * w4i + e4i * w4r : e4i;
            br[q + 5 * lanes] = m > 1 ? e5r * w5r - e5i * w5i : e5r;
            bi[q + 5 * lanes] = m > 1 ? e5r * w5i + e5i * w5r : e5i;
            br[q + 6 * lanes] = m > 1 ? e6r * w6r - e6i * w6i : e6r;
            bi[q + 6 * lanes] = m > 1 ? e6r * w6i + e6i * w6r : e6i;
            br[q + 7 * lanes] = m > 1 ? e7r * w7r - e7i * w7i : e7r;
            bi[q + 7 * lanes] = m > 1 ? e7r * w7i + e7i * w7r : e7i;
        }
    }
}

static void row_fft(const T *restrict x, T *restrict y)
{
    T ar[POINTS], ai[POINTS], br[POINTS], bi[POINTS];
    for (int i = 0; i < POINTS; i++) {
        ar[i] = x[2 * i];
        ai[i] = x[2 * i + 1];
    }
    radix4(ar, ai, 4, 64, br, bi);
    radix4(br, bi, 1, 256, ar, ai);
    for (int i = 0; i < POINTS; i++) {
        br[i] = ar[i] * split_re[i] - ai[i] * split_im[i];
        bi[i] = ar[i] * split_im[i] + ai[i] * split_re[i];
    }
    for (int p = 0; p < 64; p++)
        for (int k = 0; k < 16; k++)
            ar[16 * p + k] = br[64 * k + p];
    for (int p = 0; p < 64; p++)
        for (int k = 0; k < 16; k++)
            ai[16 * p + k] = bi[64 * k + p];
    radix8(ar, ai, 8, 16, br, bi);
    radix8(br, bi, 1, 128, ar, ai);
    for (int i = 0; i < POINTS; i++) {
        y[2 * i] = ar[i];
        y[2 * i + 1] = ai[i];
    }
}

void fft1024(const T *restrict x, int rows, T *restrict y)
{
    if (four_re[0] == 0)
        tables();
    for (int b = 0; b < rows; b++)
        row_fft(x + 2 * POINTS * b, y + 2 * POINTS * b);
}
