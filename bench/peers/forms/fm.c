/* FM chain as the translator sees it: three elementwise loops and two FIRs over whole arrays in the caller's workspace.

   Complex arrays inside the chain are split into real and imaginary halves: the loops then need no shuffles. The source
   computes its mixer's phasor in float64 whatever the samples are, and so does this. */
#include "form.h"
#include "kernels.h"

#define GROUP (256 / (int)sizeof(T))

static inline T angle_of(T im, T re)
{
    return sizeof(T) == 4 ? (T)atan2_f32((float)im, (float)re) : (T)atan2_f64((double)im, (double)re);
}

/* samples[i] * T(exp(-2i pi 0.125 i)) */
static void mix(const T *restrict x, int n, T *restrict re, T *restrict im)
{
    for (int i = 0; i < n; i++) {
        const double r = -0.0 * (double)i, p = -0.7853981633974483 * (double)i, e = exp_f64(r);
        double s, c;
        sincos_f64(p, &s, &c);
        const T a = x[2 * i], b = x[2 * i + 1], u = (T)(e * c), v = (T)(e * s);
        re[i] = a * u - b * v;
        im[i] = a * v + b * u;
    }
}

/* a[q] takes the tap at from[q]. */
#define TAP(at)                                                        \
    {                                                                  \
        const T tap = h[j + (at)];                                     \
        const T *restrict from = x + (TAPS - 1 - (at)) - j;            \
        for (int q = 0; q < some; q++)                                 \
            a[q] = tap_add(a[q], tap, from[q]);                        \
    }

/* Outputs y[0 .. some-1] of the FIR at the same rate from x[0 .. some+62]: in registers over all taps, as in fir.c. */
static inline INLINE void group(const T *restrict x, int some, const T *restrict h, T *restrict y)
{
    ALIGNED T a[GROUP];
    for (int q = 0; q < some; q++)
        a[q] = 0;
    for (int j = 0; j < TAPS; j += 8) {
        TAP(0) TAP(1) TAP(2) TAP(3) TAP(4) TAP(5) TAP(6) TAP(7)
    }
    for (int q = 0; q < some; q++)
        y[q] = a[q];
}

static void fir(const T *restrict x, int n, const T *restrict h, T *restrict y)
{
    const int count = n + TAPS - 1;
    int m = TAPS - 1 < count ? TAPS - 1 : count;

    fir_ends(x, n, h, 1, 0, m, y);
    for (; m + GROUP <= n; m += GROUP)
        group(x + m - (TAPS - 1), GROUP, h, y + m);
    if (m < n) {
        group(x + m - (TAPS - 1), n - m, h, y + m);
        m = n;
    }
    fir_ends(x, n, h, 1, m, count, y);
}

/* angle(b[i + 1] * conj(b[i])) */
static void steps(const T *restrict re, const T *restrict im, int n, T *restrict y)
{
    for (int i = 0; i < n; i++) {
        const T a = re[i + 1], b = im[i + 1], c = re[i], d = -im[i];
        y[i] = angle_of(a * d + b * c, a * c - b * d);
    }
}

void fm_chain(const T *restrict x, int n, const T *restrict h, T *restrict y, T *restrict work)
{
    const int full = n + TAPS - 1;
    T *restrict mr = work, *restrict mi = mr + n, *restrict br = mi + n, *restrict bi = br + full;
    mix(x, n, mr, mi);
    fir(mr, n, h, br);
    fir(mi, n, h, bi);
    steps(br, bi, full - 1, bi + full);
    fir8(bi + full, full - 1, h, y);
}
