"""The peers, installed once into the cache folder. Each function returns (path, None) or (None, why not).

A failed installation is tried again by the next run, not by the next test. Debian's packages are installed by `./dev interop`.
"""
import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

LIVEKIT_SERVER = "v1.13.5"
PYTHON_PACKAGES = ["livekit==1.2.0", "livekit-api==1.2.2", "numpy>=1.24,<3"]
NODE_PACKAGES = ["@livekit/rtc-node@1.1.0", "livekit-client@2.23.0", "playwright-core@1.65.1"]
PROGRAMS = {"redis-server": "redis-server", "coturn": "turnserver", "chromium": "chromium"}
INSTALL_SECONDS = 1200


@contextlib.contextmanager
def _alone(cache):
    """Two runs that share a cache install one after the other."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "install.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _said(command, **options):
    """Runs it; returns the last line of its complaint, or None when all went well."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=INSTALL_SECONDS, **options)
    except subprocess.TimeoutExpired:
        return f"{command[0]} took more than {INSTALL_SECONDS} s"
    if done.returncode == 0:
        return None
    lines = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
    return lines[-1]


def _folder(cache, kind, packages):
    digest = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:10]
    return cache / f"{kind}-{digest}"


@functools.cache
def livekit_server(cache):
    binary = cache / "bin" / f"livekit-server-{LIVEKIT_SERVER}"
    with _alone(cache):
        if binary.exists():
            return binary, None
        go = shutil.which("go")
        if not go:
            return None, "Go is not installed; livekit-server needs Go 1.26 or newer to build"
        version = re.search(r"go(\d+)\.(\d+)", subprocess.run([go, "version"], capture_output=True, text=True).stdout)
        if not version or (int(version[1]), int(version[2])) < (1, 26):
            return None, f"livekit-server needs Go 1.26 or newer to build; this is {version[0] if version else 'unknown'}"
        print(f"installing livekit-server {LIVEKIT_SERVER} with Go into {cache} (once, some minutes)", flush=True)
        binary.parent.mkdir(exist_ok=True)
        why = _said([go, "install", f"github.com/livekit/livekit-server/cmd/server@{LIVEKIT_SERVER}"],
                    env={**os.environ, "GOBIN": str(binary.parent)})
        if why:
            return None, "livekit-server could not be built: " + why
        (binary.parent / "server").rename(binary)
    return binary, None


@functools.cache
def python_sdk(cache):
    """The interpreter that has LiveKit's SDK for Python, and numpy."""
    folder = _folder(cache, "python", [f"{sys.version_info[:2]}", *PYTHON_PACKAGES])
    python, done = folder / "bin" / "python", folder / "installed"
    with _alone(cache):
        if done.exists():
            return python, None
        print(f"installing {' '.join(PYTHON_PACKAGES)} from PyPI into {folder} (once)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        why = _said([sys.executable, "-m", "venv", str(folder)])
        why = why or _said([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PYTHON_PACKAGES])
        if why:
            return None, "LiveKit's SDK for Python and numpy could not be installed from PyPI: " + why
        done.touch()
    return python, None


@functools.cache
def node_modules(cache):
    """The folder in which `node` finds @livekit/rtc-node, livekit-client and playwright-core."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None, "node and npm are not installed"
    folder = _folder(cache, "node", NODE_PACKAGES)
    done = folder / "installed"
    with _alone(cache):
        if done.exists():
            return folder, None
        print(f"installing {' '.join(NODE_PACKAGES)} from npm into {folder} (once)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true}\n')
        why = _said(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *NODE_PACKAGES], cwd=folder)
        if why:
            return None, "the packages of npm could not be installed: " + why
        done.touch()
    return folder, None


def program(name):
    path = shutil.which(PROGRAMS[name])
    return (pathlib.Path(path), None) if path else (None, f"Debian's package {name} is not installed")


def missing(need, cache):
    """Why a test that needs this cannot run; None when it can."""
    if need == "livekit-server":
        return livekit_server(cache)[1]
    if need in ("python-sdk", "numpy"):
        return python_sdk(cache)[1]
    if need == "node":
        return node_modules(cache)[1]
    if need == "speech":
        return None if list(pathlib.Path("/usr/share/sounds/alsa").glob("*.wav")) else "the speech of Debian's alsa-utils is missing"
    return program(need)[1]
