"""What a recording says: is it what was spoken, is the tone there, when did it arrive. 48 kHz mono throughout; numpy."""
import pathlib
import wave

try:
    import numpy as np
except ImportError:  # then install.py has said why, and every test is skipped with that reason
    np = None

RATE = 48000
SPEECH = pathlib.Path("/usr/share/sounds/alsa")


def read(path):
    """Samples from -1 to 1."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), \
            f"{path} is not 16-bit mono at {RATE} Hz"
        return np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768.0


def write(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes())


def sentences(count):
    """So many of the spoken ones (eight there are), one after the other."""
    files = [file for file in sorted(SPEECH.glob("*.wav")) if file.name != "Noise.wav"]
    assert len(files) >= count, f"{SPEECH} holds {len(files)} sentences; Debian's package alsa-utils brings them"
    return np.concatenate([read(file) for file in files[:count]])


def tone(frequency, seconds, level=0.3):
    return level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)


def telephone_band(samples):
    """300 to 3400 Hz, where speech is understood; without delay."""
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    rise = np.clip((frequency - 250) / 100, 0, 1)
    fall = np.clip((3600 - frequency) / 400, 0, 1)
    return np.fft.irfft(spectrum * rise * fall, len(samples))


def best_place(needle, hay):
    """(how well, where) the needle fits into the hay; 1.0 is the same shape."""
    if len(hay) < len(needle):
        return 0.0, 0
    size = 1 << int(np.ceil(np.log2(len(hay) + len(needle))))
    products = np.fft.irfft(np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size)), size)[:len(hay) - len(needle) + 1]
    power = np.concatenate(([0.0], np.cumsum(hay * hay)))
    energy = np.maximum(power[len(needle):] - power[:-len(needle)], 1e-9)
    fit = products / np.sqrt(energy * max(float(needle @ needle), 1e-9))
    place = int(np.argmax(fit))
    return float(fit[place]), place


def fits(pushed, heard):
    """(energy, fit) of each half second of what was said, found within 60 ms of the common delay: a playout may move that much."""
    window, forgiven = RATE // 2, RATE * 60 // 1000
    pushed, heard = telephone_band(pushed), telephone_band(heard) if len(heard) else heard
    starts = range(0, len(pushed) - window + 1, window)
    loudest = sorted(starts, key=lambda at: -float(np.sum(pushed[at:at + window] ** 2)))[:3]
    fit, place, at = max((*best_place(pushed[at:at + window], heard), at) for at in loudest)
    common = place - at
    for at in starts:
        needle = pushed[at:at + window]
        hay = heard[max(0, at + common - forgiven):max(0, at + common + window + forgiven)]
        yield float(needle @ needle), max(0.0, best_place(needle, hay)[0])


def likeness(pushed, heard):
    """The fits, weighted by their energy: 1.0 is the same."""
    found = list(fits(pushed, heard))
    return sum(energy * fit for energy, fit in found) / sum(energy for energy, _ in found)


def level_of(samples, frequency, block=RATE // 100):
    """The amplitude of one frequency in each block of 10 ms."""
    blocks = len(samples) // block
    cut = samples[:blocks * block].reshape(blocks, block)
    wave_ = np.exp(-2j * np.pi * frequency * np.arange(block) / RATE)
    return 2 * np.abs(cut @ wave_) / block


def times(path):
    """(monotonic seconds, samples before it) of each frame that a peer pushed or was given: the lines of its CSV file."""
    lines = np.loadtxt(path, delimiter=",", ndmin=2)
    return lines[:, 0] * 1e-9, lines[:, 1].astype(int)


def heard_at(recording, stamps, frequency, level=0.03):
    """The monotonic seconds at which the tone was in the recording, one for each 10 ms that had it."""
    when, first = times(stamps)
    there = np.flatnonzero(level_of(read(recording), frequency) > level) * (RATE // 100)
    frame = np.clip(np.searchsorted(first, there, side="right") - 1, 0, len(first) - 1)
    return when[frame] + (there - first[frame]) / RATE


MARKER_EVERY = RATE // 2


def markers(count):
    """Chirps from 500 to 3000 Hz of 60 ms, one each half second, over a faint noise that keeps the encoder awake."""
    length = RATE * 60 // 1000
    at = np.arange(length) / length
    chirp = 0.5 * np.hanning(length) * np.sin(2 * np.pi * (500 * at + 1250 * at * at) * length / RATE)
    sound = np.random.default_rng(1).normal(0, 0.004, count * MARKER_EVERY)
    for begin in range(MARKER_EVERY // 2, len(sound), MARKER_EVERY):
        sound[begin:begin + length] += chirp
    return sound, chirp


def delays(count, pushed, heard, stamps):
    """Mouth to ear, in seconds, of each marker that was found: a sample is captured 10 ms before the push of its frame, plus its
    offset; it can be played when its frame was delivered, plus its offset."""
    _, chirp = markers(1)
    push_times, push_first = times(pushed)
    ear_times, ear_first = times(stamps)
    recording = read(heard)
    found = []
    for begin in range(MARKER_EVERY // 2, count * MARKER_EVERY, MARKER_EVERY):
        frame = np.searchsorted(push_first, begin, side="right") - 1
        captured = push_times[frame] - 0.010 + (begin - push_first[frame]) / RATE
        first, last = np.searchsorted(ear_times, [captured - 0.02, captured + 0.45])
        if last >= len(ear_first) or first >= last:
            continue
        hay = recording[ear_first[first]:ear_first[last]]
        fit, place = best_place(chirp, hay)
        if fit < 0.6:
            continue
        place += ear_first[first]
        frame = np.searchsorted(ear_first, place, side="right") - 1
        found.append(ear_times[frame] + (place - ear_first[frame]) / RATE - captured)
    return np.array(found)
