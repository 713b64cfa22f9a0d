/* FIR by 64 taps, decimating by 8: the input dealt into 8 phases, then groups of outputs in registers.

   The vector runs over neighbouring outputs; each output adds its taps in ascending order. Dealing a block of input into
   rows, one a phase, makes every load of the tap loops consecutive. A group of GROUP outputs is a local array that gcc
   and clang keep in registers over all taps, because its length is constant; the taps of one turn through the phases
   are written out, so that every row is a fixed one (with a computed row index gcc gathers). */
#include "form.h"

#define DOWN 8
#define BLOCK (2048 / (int)sizeof(T)) /* outputs a block; its rows take 17 KiB of stack */
#define GROUP (256 / (int)sizeof(T))  /* outputs in registers: four 512-bit vectors */
#define BACK (TAPS / DOWN)            /* outputs of history that 64 taps reach */

/* a[q] takes the tap at from[q]. */
#define TAP(at, row_of_tap)                                            \
    {                                                                  \
        const T tap = h[at];                                           \
        const T *restrict from = (row_of_tap);                         \
        for (int q = 0; q < some; q++)                                 \
            a[q] = tap_add(a[q], tap, from[q]);                        \
    }

/* Outputs m .. m+some-1 of the block. */
static inline INLINE void group(T (*restrict row)[BLOCK + 16], int m, int some, const T *restrict h, T *restrict y)
{
    ALIGNED T a[GROUP];
    for (int q = 0; q < some; q++)
        a[q] = 0;
    for (int k = 0; k < BACK; k++) {
        const int at = m + BACK - 1 - k;
        TAP(DOWN * k, row[0] + at + 1)
        TAP(DOWN * k + 1, row[7] + at)
        TAP(DOWN * k + 2, row[6] + at)
        TAP(DOWN * k + 3, row[5] + at)
        TAP(DOWN * k + 4, row[4] + at)
        TAP(DOWN * k + 5, row[3] + at)
        TAP(DOWN * k + 6, row[2] + at)
        TAP(DOWN * k + 7, row[1] + at)
    }
    for (int q = 0; q < some; q++)
        y[m + q] = a[q];
}

/* Outputs y[0 .. some-1] from the samples x[0] .. x[8*(some + 8) - 1], of which the first 64 are history. */
static inline INLINE void block(const T *restrict x, int some, const T *restrict h, T *restrict y)
{
    ALIGNED T row[DOWN][BLOCK + 16];
    int m = 0;
    for (int i = 0; i < some + BACK; i++) {
        row[0][i] = x[DOWN * i];
        row[1][i] = x[DOWN * i + 1];
        row[2][i] = x[DOWN * i + 2];
        row[3][i] = x[DOWN * i + 3];
        row[4][i] = x[DOWN * i + 4];
        row[5][i] = x[DOWN * i + 5];
        row[6][i] = x[DOWN * i + 6];
        row[7][i] = x[DOWN * i + 7];
    }
    for (; m + GROUP <= some; m += GROUP)
        group(row, m, GROUP, h, y);
    if (m < some)
        group(row, m, some - m, h, y);
}

void fir8(const T *restrict x, int n, const T *restrict h, T *restrict y)
{
    const int count = (n + TAPS - 1 + DOWN - 1) / DOWN;
    const int whole = n / DOWN; /* outputs before it need no sample after the end */
    int m = BACK < count ? BACK : count;

    fir_ends(x, n, h, DOWN, 0, m, y);
    for (; m + BLOCK <= whole; m += BLOCK)
        block(x + DOWN * (m - BACK), BLOCK, h, y + m);
    if (m < whole) {
        block(x + DOWN * (m - BACK), whole - m, h, y + m);
        m = whole;
    }
    fir_ends(x, n, h, DOWN, m, count, y);
}
