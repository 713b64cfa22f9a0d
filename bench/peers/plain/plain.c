/* The four kernels as one would first write them in C: plain loops, libm. */
#include "peer.h"

#include <math.h>

#define TAPS 64
#define SECTIONS 8
#define POINTS 1024

static void fir(const T *restrict x, int n, const T *restrict h, int down, int count, T *restrict y)
{
    for (int m = 0; m < count; m++) {
        T sum = 0;
        int first = down * m - n + 1 > 0 ? down * m - n + 1 : 0;
        int last = down * m < TAPS - 1 ? down * m : TAPS - 1;
        for (int j = first; j <= last; j++)
            sum += h[j] * x[down * m - j];
        y[m] = sum;
    }
}

void fir8(const T *restrict x, int n, const T *restrict h, T *restrict y)
{
    fir(x, n, h, 8, (n + TAPS - 1 + 7) / 8, y);
}

void biquads(const T *restrict x, int n, const T *restrict sos, T *restrict y)
{
    T z[SECTIONS][2] = {{0}};
    for (int i = 0; i < n; i++) {
        T v = x[i];
        for (int s = 0; s < SECTIONS; s++) {
            const T *c = sos + 6 * s;
            T w = c[0] * v + z[s][0];
            z[s][0] = c[1] * v - c[4] * w + z[s][1];
            z[s][1] = c[2] * v - c[5] * w;
            v = w;
        }
        y[i] = v;
    }
}

/* Iterative radix 2, decimation in time, twiddles from a table. */
void fft1024(const T *restrict x, int rows, T *restrict y)
{
    static T wr[POINTS / 2], wi[POINTS / 2];
    static int reversed[POINTS];
    if (wr[0] == 0) {
        for (int k = 0; k < POINTS / 2; k++) {
            wr[k] = (T)cos(6.283185307179586 * k / POINTS);
            wi[k] = (T)-sin(6.283185307179586 * k / POINTS);
        }
        for (int k = 1; k < POINTS; k++)
            reversed[k] = reversed[k / 2] / 2 + (k % 2) * POINTS / 2;
    }
    for (int b = 0; b < rows; b++, x += 2 * POINTS, y += 2 * POINTS) {
        for (int k = 0; k < POINTS; k++) {
            y[2 * k] = x[2 * reversed[k]];
            y[2 * k + 1] = x[2 * reversed[k] + 1];
        }
        for (int half = 1; half < POINTS; half *= 2)
            for (int base = 0; base < POINTS; base += 2 * half)
                for (int k = 0; k < half; k++) {
                    T *restrict p = y + 2 * (base + k), *restrict q = p + 2 * half;
                    T cr = wr[k * (POINTS / 2 / half)], ci = wi[k * (POINTS / 2 / half)];
                    T tr = q[0] * cr - q[1] * ci, ti = q[0] * ci + q[1] * cr;
                    q[0] = p[0] - tr;
                    q[1] = p[1] - ti;
                    p[0] += tr;
                    p[1] += ti;
                }
    }
}

void fm_chain(const T *restrict x, int n, const T *restrict h, T *restrict y, T *restrict work)
{
    int full = n + TAPS - 1;
    T *mr = work, *mi = mr + n, *br = mi + n, *bi = br + full, *step = bi + full;
    for (int i = 0; i < n; i++) {
        double phase = -2 * 3.141592653589793 * 0.125 * i;
        T c = (T)cos(phase), s = (T)sin(phase);
        mr[i] = x[2 * i] * c - x[2 * i + 1] * s;
        mi[i] = x[2 * i] * s + x[2 * i + 1] * c;
    }
    fir(mr, n, h, 1, full, br);
    fir(mi, n, h, 1, full, bi);
    for (int i = 0; i + 1 < full; i++) {
        T re = br[i + 1] * br[i] + bi[i + 1] * bi[i], im = bi[i + 1] * br[i] - br[i + 1] * bi[i];
        step[i] = sizeof(T) == 4 ? (T)atan2f((float)im, (float)re) : (T)atan2((double)im, (double)re);
    }
    fir(step, full - 1, h, 8, (full - 1 + TAPS - 1 + 7) / 8, y);
}
