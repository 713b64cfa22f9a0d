/* What every C peer of bench/peers exports. T is float or double; complex arrays are interleaved (re, im).
   Outputs do not overlap inputs. */
#ifndef PEER_H
#define PEER_H

#ifndef T
#define T float
#endif

/* upfirdn(h, x, 1, 8) with 64 taps: y has (n + 70) / 8 elements. */
void fir8(const T *restrict x, int n, const T *restrict h, T *restrict y);

/* sosfilt(sos, x) with 8 sections from rest: sos is [8][6] with sos[s][3] == 1, y has n elements. */
void biquads(const T *restrict x, int n, const T *restrict sos, T *restrict y);

/* fft(x) of `rows` rows of 1024 complex points each. */
void fft1024(const T *restrict x, int rows, T *restrict y);

/* kernels/fm_chain.py: x complex [n], n >= 1, h 64 real taps, y real [(n + 132) / 8], work [5 * n + 512]. */
void fm_chain(const T *restrict x, int n, const T *restrict h, T *restrict y, T *restrict work);

#endif
