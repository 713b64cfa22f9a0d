# Int16 PCM to float32 and back with rounding and saturation.
# family: promotion
# entry: pcm
# compare: derived
import numpy as np

def pcm(x, gain):
    f = x.astype(np.float32) / 32768
    y = np.round(f * gain * 32768)
    return np.clip(y, -32768, 32767).astype(np.int16)

if __name__ == "__main__":
    rng = np.random.default_rng(196)
    pcm(rng.integers(-32768, 32768, 40).astype(np.int16), 1.7)
