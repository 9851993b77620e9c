#!/usr/bin/env python3
"""Through the real livekit-server: `sidetone publish` and `sidetone record` in two processes, real speech, correlation.

usage: smoke.py PATH_TO_SIDETONE

livekit-server 1.13.5 is built once with Go into $SIDETONE_CACHE. Where Go 1.26 or newer is missing the test says so and is
skipped. Everything stays on 127.0.0.1, everything has a deadline, everything started here is stopped here.
"""
import array
import json
import math
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import wave

SERVER_VERSION = "v1.13.5"
KEY, SECRET = "devkey", "secret_at_least_32_characters_long_x"
MINIMUM_CORRELATION = 0.95


def skip(reason):
    print(f"interop smoke: skipped: {reason}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)


def livekit_server(cache):
    binary = cache / "bin" / f"livekit-server-{SERVER_VERSION}"
    if binary.exists():
        return binary
    go = shutil.which("go")
    if not go:
        skip("Go is not installed; livekit-server needs Go 1.26 or newer to build")
    version = re.search(r"go(\d+)\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True).stdout)
    if not version or (int(version[1]), int(version[2])) < (1, 26):
        skip(f"livekit-server needs Go 1.26 or newer; this is {version[0] if version else 'unknown'}")
    print(f"building livekit-server {SERVER_VERSION} into {cache} (once)", flush=True)
    binary.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([go, "install", f"github.com/livekit/livekit-server/cmd/server@{SERVER_VERSION}"],
                          env={**os.environ, "GOBIN": str(binary.parent)}, capture_output=True, text=True)
    if done.returncode != 0:
        skip("livekit-server could not be built: " + done.stderr.strip().splitlines()[-1])
    (binary.parent / "server").rename(binary)
    return binary


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(binary, folder):
    port, udp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    config = f"""
port: {port}
bind_addresses: ["127.0.0.1"]
keys: {{ {KEY}: {SECRET} }}
logging: {{ level: warn }}
rtc:
  udp_port: {udp}
  tcp_port: 0
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{ includes: [lo] }}
  ips: {{ includes: [127.0.0.0/8] }}
  stun_servers: ["127.0.0.1:3478"]
room: {{ empty_timeout: 5, departure_timeout: 5 }}
"""
    (folder / "livekit.yaml").write_text(config)
    log = open(folder / "livekit.log", "w")
    process = subprocess.Popen([binary, "--config", folder / "livekit.yaml"], stdout=log, stderr=log)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"ws://127.0.0.1:{port}"
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    sys.exit("interop smoke: livekit-server did not start:\n" + (folder / "livekit.log").read_text())


def speech():
    files = sorted(pathlib.Path("/usr/share/sounds/alsa").glob("*.wav"))
    return [str(file) for file in files if file.name != "Noise.wav"]


def samples(path):
    with wave.open(str(path)) as file:
        assert file.getsampwidth() == 2 and file.getnchannels() == 1, path
        data = array.array("h")
        data.frombytes(file.readframes(file.getnframes()))
        return file.getframerate(), data


def biquad(signal, frequency, high_pass, rate=48000):
    """One second-order section (RBJ cookbook)."""
    w = 2 * math.pi * frequency / rate
    alpha, c = math.sin(w) / math.sqrt(2), math.cos(w)
    edge = (1 + c) / 2 if high_pass else (1 - c) / 2
    scale = 1 / (1 + alpha)
    b0, b1 = edge * scale, (-2 if high_pass else 2) * edge * scale
    a1, a2 = -2 * c * scale, (1 - alpha) * scale
    out, z1, z2 = [], 0.0, 0.0
    for x in signal:
        y = b0 * x + z1
        z1 = b1 * x - a1 * y + z2
        z2 = b0 * x - a2 * y
        out.append(y)
    return out


def telephone_band(signal):
    for frequency, high_pass in ((300, True), (300, True), (3400, False), (3400, False)):
        signal = biquad(signal, frequency, high_pass)
    return signal


def dot(a, b):
    return sum(map(lambda x, y: x * y, a, b))


THIN = 6  # to 8 kHz, where the search is quick; the place found is refined at 48 kHz


def best_place(needle, hay, thin_hay, begin, end):
    """Where in hay[begin:end] the needle fits best, and how well."""
    thin = needle[::THIN]
    last = min(end // THIN, len(thin_hay) - len(thin))
    places = [(dot(thin, thin_hay[at:at + len(thin)]), at) for at in range(max(0, begin // THIN), last)]
    if not places:
        return 0.0, begin
    around = max(places)[1] * THIN
    power = math.sqrt(dot(needle, needle)) or 1.0
    results = []
    for at in range(max(0, around - THIN), min(len(hay) - len(needle), around + THIN)):
        window = hay[at:at + len(needle)]
        results.append((dot(needle, window) / (power * (math.sqrt(dot(window, window)) or 1.0)), at))
    return max(results, default=(0.0, begin))


def correlation(pushed, heard):
    """Half seconds of speech, each aligned within 60 ms of the common delay, weighted by their energy."""
    window, forgiven = 24000, 2880
    thin_heard = heard[::THIN]
    first = max(range(0, len(pushed) - window, window), key=lambda at: dot(pushed[at:at + window], pushed[at:at + window]))
    common = best_place(pushed[first:first + window], heard, thin_heard, 0, len(heard))[1] - first
    alike = said = 0.0
    for at in range(0, len(pushed) - window + 1, window):
        needle = pushed[at:at + window]
        energy = dot(needle, needle)
        said += energy
        near = at + common
        if near >= 0:
            alike += energy * max(0.0, best_place(needle, heard, thin_heard, near - forgiven, near + forgiven)[0])
    return alike / said if said else 0.0


def call(program, url, folder):
    room = f"smoke-{os.getpid()}"
    recording = folder / "heard.wav"
    files = speech()
    seconds = 0
    pushed = array.array("h")
    for file in files:
        rate, data = samples(file)
        pushed.extend(data)
        seconds += len(data) / rate
    environment = {**os.environ, "LIVEKIT_URL": url, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET}
    environment.pop("LIVEKIT_TOKEN", None)
    record = subprocess.Popen([program, "record", "--room", room, "--identity", "ear", "--from", "mouth", "--out",
                               recording, "--seconds", str(math.ceil(seconds) + 3), "--json"],
                              env=environment, stdout=subprocess.PIPE, text=True)
    publish = subprocess.run([program, "publish", "--room", room, "--identity", "mouth", "--json",
                              "--wait-for-listener", "10", *files],
                             env=environment, stdout=subprocess.PIPE, text=True, timeout=seconds + 40)
    heard_json, _ = record.communicate(timeout=seconds + 40)
    assert publish.returncode == 0, f"publish ended with {publish.returncode}: {publish.stdout}"
    assert record.returncode == 0, f"record ended with {record.returncode}: {heard_json}"
    print("publish:", json.dumps(json.loads(publish.stdout)))
    print("record: ", json.dumps(json.loads(heard_json)))
    rate, heard = samples(recording)
    assert rate == 48000
    value = correlation(telephone_band(pushed), telephone_band(heard))
    print(f"correlation {value:.4f}")
    assert value >= MINIMUM_CORRELATION, f"correlation {value:.4f} is below {MINIMUM_CORRELATION}"


def main():
    program = os.path.abspath(sys.argv[1])
    cache = pathlib.Path(os.environ.get("SIDETONE_CACHE", ".cache")).absolute()
    if not speech():
        sys.exit("interop smoke: the speech of Debian's package alsa-utils is missing")
    server_binary = livekit_server(cache)
    with tempfile.TemporaryDirectory(prefix="sidetone-interop-") as temporary:
        folder = pathlib.Path(temporary)
        server, url = start_server(server_binary, folder)
        try:
            call(program, url, folder)
        finally:
            server.terminate()
            try:
                server.wait(2)
            except subprocess.TimeoutExpired:
                server.kill()
    print("1 passed, 0 failed, 0 skipped")


if __name__ == "__main__":
    main()
