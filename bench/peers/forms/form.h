/* What the loop forms share. Every form is plain C99 whose arithmetic order is the order of the operation's definition,
   so -O0 and -O3 give the same bits; build with -ffp-contract=off. */
#ifndef FORM_H
#define FORM_H

#include "peer.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define TAPS 64

/* Only speed depends on it. */
#if defined(__GNUC__)
#define ALIGNED __attribute__((aligned(64)))
#define INLINE __attribute__((always_inline))
#else
#define ALIGNED
#define INLINE
#endif

/* One filter tap: acc + tap*x in two roundings, or in one with -DUSE_FMA. */
static inline T tap_add(T acc, T tap, T x)
{
#ifdef USE_FMA
    return sizeof(T) == 4 ? (T)fmaf((float)tap, (float)x, (float)acc) : (T)fma((double)tap, (double)x, (double)acc);
#else
    return acc + tap * x;
#endif
}

/* y[m] for from <= m < to by the definition, taps outside the signal left out: the two ends of a FIR. */
static inline void fir_ends(const T *restrict x, int n, const T *restrict h, int down, int from, int to, T *restrict y)
{
    for (int m = from; m < to; m++) {
        T acc = 0;
        int first = down * m - n + 1 > 0 ? down * m - n + 1 : 0;
        int last = down * m < TAPS - 1 ? down * m : TAPS - 1;
        for (int j = first; j <= last; j++)
            acc = tap_add(acc, h[j], x[down * m - j]);
        y[m] = acc;
    }
}

#endif
