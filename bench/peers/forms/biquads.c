/* Eight biquads as a wavefront: at step t, section s works on sample t - s*SKEW, so the sections are independent and
   stand side by side in one vector. Each section's arithmetic is the definition's, sample after sample.

   Section s leaves its output in row t, column s+1; section s+1 reads it SKEW steps later as column s+1 of that row.
   The skew lets the store reach the cache before it is read back shifted by one place.
   LANES is 16 although there are 8 sections: gcc unrolls an inner loop of 8 into scalars before it vectorises; the
   lanes past the last section compute zeros nobody reads. */
#include "form.h"

#define SECTIONS 8
#define LANES 16
#define SKEW 16
#define BLOCK 64
#define REACH ((SECTIONS - 1) * SKEW)

#ifdef USE_FMA
#define SECTION(b0, b1, b2, a1, a2, z0, z1, v, w)      \
    w = tap_add(z0, b0, v);                            \
    z0 = tap_add(tap_add(z1, b1, v), -(a1), w);        \
    z1 = tap_add((b2) * (v), -(a2), w);
#else
#define SECTION(b0, b1, b2, a1, a2, z0, z1, v, w) \
    w = (b0) * (v) + z0;                          \
    z0 = (b1) * (v) - (a1) * (w) + z1;            \
    z1 = (b2) * (v) - (a2) * (w);
#endif

void biquads(const T *restrict x, int n, const T *restrict sos, T *restrict y)
{
    T b0[LANES] = {0}, b1[LANES] = {0}, b2[LANES] = {0}, a1[LANES] = {0}, a2[LANES] = {0};
    T z0[LANES] = {0}, z1[LANES] = {0};
    T row[BLOCK + SKEW][LANES + 1];
    const int head = n < REACH ? n : REACH;

    for (int s = 0; s < SECTIONS; s++) {
        b0[s] = sos[6 * s];
        b1[s] = sos[6 * s + 1];
        b2[s] = sos[6 * s + 2];
        a1[s] = sos[6 * s + 4];
        a2[s] = sos[6 * s + 5];
    }
    if (n <= REACH) {
        for (int i = 0; i < n; i++) {
            T v = x[i], w;
            for (int s = 0; s < SECTIONS; s++) {
                SECTION(b0[s], b1[s], b2[s], a1[s], a2[s], z0[s], z1[s], v, w)
                v = w;
            }
            y[i] = v;
        }
        return;
    }
    memset(row, 0, sizeof row);
    /* Before the wavefront is full: sample i goes through the sections that come before its place in step REACH. */
    for (int i = 0; i < head; i++) {
        const int to = SECTIONS - 1 - i / SKEW;
        T v = x[i], w;
        for (int s = 0; s < to; s++) {
            SECTION(b0[s], b1[s], b2[s], a1[s], a2[s], z0[s], z1[s], v, w)
            v = w;
        }
        row[i % SKEW][to] = v;
    }
    for (int t = 0; t < n - REACH; t += BLOCK) {
        const int some = n - REACH - t < BLOCK ? n - REACH - t : BLOCK;
        for (int k = 0; k < some; k++)
            row[k][0] = x[REACH + t + k];
        for (int k = 0; k < some; k++) {
            const T *restrict in = row[k];
            T *restrict out = row[k + SKEW] + 1;
            for (int s = 0; s < LANES; s++) {
                const T v = in[s];
                T w;
                SECTION(b0[s], b1[s], b2[s], a1[s], a2[s], z0[s], z1[s], v, w)
                out[s] = w;
            }
        }
        for (int k = 0; k < some; k++)
            y[t + k] = row[k + SKEW][SECTIONS];
        for (int k = 0; k < SKEW; k++)
            for (int s = 1; s < LANES; s++)
                row[k][s] = row[k + some][s];
    }
    /* The last samples go through the sections still before them. */
    for (int i = 0; i < REACH; i++) {
        const int first = SECTIONS - 1 - i / SKEW;
        T v = row[i % SKEW][first], w;
        for (int s = first; s < SECTIONS; s++) {
            SECTION(b0[s], b1[s], b2[s], a1[s], a2[s], z0[s], z1[s], v, w)
            v = w;
        }
        y[n - REACH + i] = v;
    }
}
