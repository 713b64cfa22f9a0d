//! Plots as inline SVG: the error of each element with its tolerance, and the spectra of reference and difference.
//! Colours come from the page's style sheet, so that they follow light and dark.

use proofmark_base::html::escape;
use proofmark_silicon::dtype::Scalar;
use proofmark_silicon::interp::Tensor;
use std::fmt::Write;

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
/// Points of the longest transform drawn.
const LONGEST: usize = 1 << 14;

/// An axis: its range and where its ticks stand.
struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Ticks at 1, 2 or 5 times a power of ten, about `n` of them.
    fn linear(low: f64, high: f64, n: f64) -> Axis {
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        let raw = (high - low) / n;
        let power = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|k| k * power).find(|s| *s >= raw).unwrap_or(raw);
        let mut ticks = Vec::new();
        let mut v = (low / step).ceil() * step;
        while v <= high + step * 1e-9 {
            let shown = if v.abs() < step * 1e-9 { 0.0 } else { v };
            ticks.push((v, format!("{}", (shown / step).round() * step)));
            v += step;
        }
        Axis { low, high, ticks: ticks.into_iter().map(|(v, t)| (v, short(&t))).collect() }
    }
    /// Whole powers of ten, over log10 values.
    fn decades(low: f64, high: f64) -> Axis {
        let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
        let every = ((high - low) / 5.0).ceil().max(1.0);
        let count = ((high - low) / every) as usize;
        let ticks = (0..=count).map(|k| low + k as f64 * every).map(|v| (v, format!("1e{v}"))).collect();
        Axis { low, high, ticks }
    }
}

/// Rounding noise off a tick's text.
fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(v) if text.len() > 8 => format!("{}", (v * 1e9).round() / 1e9),
        _ => text.to_string(),
    }
}

struct Frame {
    svg: String,
    x: Axis,
    y: Axis,
}

impl Frame {
    fn new(x: Axis, y: Axis, x_label: &str, y_label: &str, title: &str) -> Frame {
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(title)
        );
        let mut frame = Frame { svg, x, y };
        for (v, text) in &frame.y.ticks {
            let at = frame.py(*v);
            let _ = write!(
                frame.svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 3.5
            );
        }
        for (v, text) in &frame.x.ticks {
            let at = frame.px(*v);
            let _ = write!(
                frame.svg,
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{:.1}\"/>\
                 <text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 14.0
            );
        }
        let _ = write!(
            frame.svg,
            "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text class=\"label\" transform=\"translate(13 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 4.0,
            escape(x_label),
            (TOP + HEIGHT - BOTTOM) / 2.0,
            escape(y_label)
        );
        frame
    }
    fn px(&self, v: f64) -> f64 {
        LEFT + (v - self.x.low) / (self.x.high - self.x.low) * (WIDTH - LEFT - RIGHT)
    }
    fn py(&self, v: f64) -> f64 {
        let v = v.clamp(self.y.low, self.y.high);
        HEIGHT - BOTTOM - (v - self.y.low) / (self.y.high - self.y.low) * (HEIGHT - TOP - BOTTOM)
    }
    /// A line through points that ascend in x; where many share a pixel column their extremes are drawn.
    fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let mut path = String::new();
        let mut column: Option<(i64, f64, f64, f64)> = None;
        let flush = |c: Option<(i64, f64, f64, f64)>, path: &mut String| {
            if let Some((_, x, low, high)) = c {
                let (a, b) = (self.py(low), self.py(high));
                let _ = write!(path, "{}{x:.1} {a:.1}", if path.is_empty() { "M" } else { "L" });
                if (a - b).abs() > 0.05 {
                    let _ = write!(path, "L{x:.1} {b:.1}");
                }
            }
        };
        for (x, y) in points {
            let px = self.px(x);
            let at = (px * 2.0) as i64;
            match &mut column {
                Some((c, _, low, high)) if *c == at => {
                    *low = low.min(y);
                    *high = high.max(y);
                }
                _ => flush(column.replace((at, px, y, y)), &mut path),
            }
        }
        flush(column, &mut path);
        let _ = write!(self.svg, "<path class=\"{class}\" d=\"{path}\"/>");
    }
    fn level(&mut self, class: &str, y: f64, text: &str) {
        let at = self.py(y);
        let _ = write!(
            self.svg,
            "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            WIDTH - RIGHT,
            WIDTH - RIGHT - 4.0,
            at - 4.0
        );
    }
    fn end(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

fn elements(t: &Tensor) -> Vec<Scalar> {
    (0..t.len()).filter_map(|i| t.get(i)).collect()
}

/// |actual - reference| of each element on a logarithmic axis, and the tolerance. Elements that agree exactly lie on
/// the bottom.
pub fn error_plot(reference: &Tensor, actual: &Tensor, tolerance: f64) -> Option<String> {
    if reference.len() < 8 || reference.shape != actual.shape || tolerance.is_nan() || tolerance <= 0.0 {
        return None;
    }
    let errors: Vec<f64> = elements(reference)
        .into_iter()
        .zip(elements(actual))
        .map(|(r, a)| super::super::compare::element_error(r, a))
        .collect();
    let high = errors.iter().copied().filter(|e| e.is_finite()).fold(tolerance, f64::max);
    let least = errors.iter().copied().filter(|e| *e > 0.0 && e.is_finite()).fold(high, f64::min);
    let low = least.log10().max(high.log10() - 12.0).min(high.log10() - 2.0);
    let x = Axis::linear(0.0, (errors.len() - 1) as f64, 8.0);
    let mut frame = Frame::new(x, Axis::decades(low, high.log10()), "element", "absolute error", "error per element");
    let bottom = frame.y.low;
    let value = |e: f64| if e > 0.0 { e.log10().max(bottom) } else { bottom };
    frame.line("series error", errors.iter().enumerate().map(|(i, e)| (i as f64, value(*e))));
    frame.level("limit", tolerance.log10(), "tolerance");
    Some(frame.end())
}

/// Power spectra (Hann window) of reference and difference in dB of the reference's largest line, over normalised
/// frequency. Real signals: 0 to 0.5 cycles per sample; complex: -0.5 to 0.5.
pub fn spectrum_plot(reference: &Tensor, actual: &Tensor) -> Option<String> {
    let row = *reference.shape.last()?;
    if row < 32 || reference.shape != actual.shape || !(reference.dtype.is_float() || reference.dtype.is_complex()) {
        return None;
    }
    // The first row of a matrix; the longest power of two of it, for the window hides what is cut off.
    let n = (1usize << row.ilog2()).min(LONGEST);
    let (r, a) = (elements(reference), elements(actual));
    if r[..n].iter().chain(&a[..n]).any(|s| !(s.real_f64().is_finite() && s.imag_f64().is_finite())) {
        return None;
    }
    let window = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos();
    let power = |value: &dyn Fn(usize) -> (f64, f64)| {
        let mut x: Vec<(f64, f64)> = (0..n).map(|i| (value(i).0 * window(i), value(i).1 * window(i))).collect();
        fft(&mut x);
        x.into_iter().map(|(re, im)| re * re + im * im).collect::<Vec<f64>>()
    };
    let signal = power(&|i| (r[i].real_f64(), r[i].imag_f64()));
    let noise = power(&|i| (a[i].real_f64() - r[i].real_f64(), a[i].imag_f64() - r[i].imag_f64()));
    let peak = signal.iter().copied().fold(0.0, f64::max);
    if !(peak > 0.0 && peak.is_finite()) {
        return None;
    }
    const FLOOR: f64 = -400.0;
    let db = |p: f64| if p > 0.0 { (10.0 * (p / peak).log10()).max(FLOOR) } else { FLOOR };
    let lowest = noise.iter().chain(&signal).map(|p| db(*p)).filter(|v| *v > FLOOR).fold(-60.0, f64::min);
    let complex = reference.dtype.is_complex();
    let (first, last) = if complex { (-0.5, 0.5) } else { (0.0, 0.5) };
    let x = Axis::linear(first, last, 10.0);
    let y = Axis::linear((lowest / 20.0).floor() * 20.0, 0.0, 6.0);
    let mut frame =
        Frame::new(x, y, "frequency, cycles per sample", "dB of peak", "spectra of reference and difference");
    let bins: Vec<usize> = if complex { (n / 2..n).chain(0..n / 2).collect() } else { (0..=n / 2).collect() };
    let frequency = |k: usize| {
        let f = k as f64 / n as f64;
        if complex && k >= n / 2 { f - 1.0 } else { f }
    };
    frame.line("series reference", bins.iter().map(|k| (frequency(*k), db(signal[*k]))));
    if noise.iter().any(|p| *p > 0.0) {
        frame.line("series error", bins.iter().map(|k| (frequency(*k), db(noise[*k]))));
    }
    Some(frame.end())
}

/// Radix-2 Fourier transform in place; the length is a power of two. For drawing only.
fn fft(x: &mut [(f64, f64)]) {
    let n = x.len();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits.max(1));
        if bits > 0 && i < j {
            x.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        for k in 0..half {
            let (s, c) = (-std::f64::consts::PI * k as f64 / half as f64).sin_cos();
            for i in (k..n).step_by(2 * half) {
                let ((ar, ai), (br, bi)) = (x[i], x[i + half]);
                let (tr, ti) = (br * c - bi * s, br * s + bi * c);
                x[i] = (ar + tr, ai + ti);
                x[i + half] = (ar - tr, ai - ti);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_stands_at_its_frequency() {
        let n = 256;
        let mut x: Vec<(f64, f64)> =
            (0..n).map(|i| ((std::f64::consts::TAU * 16.0 * i as f64 / n as f64).cos(), 0.0)).collect();
        fft(&mut x);
        for (k, (re, im)) in x.iter().enumerate() {
            let expected = if k == 16 || k == n - 16 { n as f64 / 2.0 } else { 0.0 };
            assert!((re.hypot(*im) - expected).abs() < 1e-9, "bin {k}");
        }
    }

    #[test]
    fn plots_need_something_to_plot() {
        let t = |v: Vec<f64>| Tensor::from_f64(&[v.len()], v).unwrap();
        let r = t((0..64).map(|i| (f64::from(i) * 0.3).sin()).collect());
        let a = t((0..64).map(|i| (f64::from(i) * 0.3).sin() + 1e-12).collect());
        let svg = error_plot(&r, &a, 1e-11).unwrap();
        assert!(svg.contains("tolerance") && svg.ends_with("</svg>"));
        assert!(spectrum_plot(&r, &a).unwrap().matches("<path").count() == 2);
        assert!(spectrum_plot(&r, &r).unwrap().matches("<path").count() == 1);
        assert!(error_plot(&t(vec![1.0]), &t(vec![1.0]), 1.0).is_none());
    }
}
