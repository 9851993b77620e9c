"""What gets packets through: coturn as TURN server, and other ICE agents as peers (ice/README.md)."""
import functools
import pathlib
import re
import shutil
import subprocess
import sys
import time

from . import install
from .processes import Peer, Process
from .servers import free_port, wait_for_port

USER, PASSWORD = "user", "secret"
AIOICE = ["aioice==0.13.0"]


def certificate(folder):
    """A certificate for 127.0.0.1 of an authority of our own: (certificate, key, authority), PEM files."""
    key, signed, authority, authority_key = (folder / name for name in ("turn.key", "turn.pem", "ca.pem", "ca.key"))
    extension = folder / "san.cnf"
    extension.write_text("subjectAltName=IP:127.0.0.1,IP:::1\n")
    request = folder / "turn.csr"
    for command in (
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=interop authority",
             "-keyout", authority_key, "-out", authority],
            ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=turn", "-keyout", key, "-out", request],
            ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2",
             "-extfile", extension, "-out", signed]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True, timeout=30)
    return signed, key, authority


class Turn:
    """coturn on 127.0.0.1, with long-term credentials, over UDP, TCP and TLS. It relays to loopback because it is told to."""

    def __init__(self, folder):
        self.port, self.tls_port = free_port(), free_port()
        signed, key, self.authority = certificate(folder)
        command = [shutil.which("turnserver"), "-n", "--verbose", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
                   f"--listening-port={self.port}", f"--tls-listening-port={self.tls_port}", "--lt-cred-mech",
                   f"--user={USER}:{PASSWORD}", "--realm=interop.example", "--no-cli", "--allow-loopback-peers", "--no-dtls",
                   f"--cert={signed}", f"--pkey={key}", f"--userdb={folder / 'turn.db'}", f"--pidfile={folder / 'turn.pid'}",
                   f"--log-file={folder / 'turn.txt'}", "--simple-log"]
        self.said = folder / "turn.txt"
        self.process = Process(command, "turn", folder, stdout=subprocess.DEVNULL)
        wait_for_port(self.process, self.port)

    def url(self, transport):
        if transport == "tls":
            return f"turns:127.0.0.1:{self.tls_port}?transport=tcp"
        return f"turn:127.0.0.1:{self.port}?transport={transport}"

    def options(self, transport):
        """For `sidetone publish` and `record`: through this relay and no other way."""
        return ["--ice-policy", "relay", "--ice-server", self.url(transport), "--ice-username", USER,
                "--ice-credential", PASSWORD, "--ca-file", self.authority]

    def relayed(self, sessions, seconds=5):
        """Bytes of all allocations that have ended, once there are so many: (from clients, from peers)."""
        until = time.monotonic() + seconds
        while True:
            usage = re.findall(r"session (\d+): usage:.*?rp=\d+, rb=(\d+), sp=\d+, sb=(\d+)", self.said.read_text())
            if len({session for session, _, _ in usage}) >= sessions or time.monotonic() > until:
                return sum(int(one[1]) for one in usage), sum(int(one[2]) for one in usage)
            time.sleep(0.1)

    def stop(self, **how):
        return self.process.stop(**how)

    def last_words(self):
        return "".join(f"    turn: {line}\n" for line in self.said.read_text().splitlines()[-12:])


@functools.cache
def aioice(cache):
    """(interpreter that has aioice, None) or (None, why not)"""
    folder = install._folder(cache, "aioice", [f"{sys.version_info[:2]}", *AIOICE])
    python, done = folder / "bin" / "python", folder / "installed"
    with install._alone(cache):
        if done.exists():
            return python, None
        shutil.rmtree(folder, ignore_errors=True)
        why = install._said([sys.executable, "-m", "venv", str(folder)])
        why = why or install._said([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *AIOICE])
        if why:
            return None, "aioice could not be installed from PyPI: " + why
        done.touch()
    return python, None


def agent(world, kind, role, address="127.0.0.1", options=()):
    """An ICE agent: "sidetone", "nice" or "aioice"; None and why there is none."""
    built = world.site.program.parents[2] / "tests" / "interop" / "ice"
    if kind == "aioice":
        python, why = aioice(world.site.cache)
        if why:
            return None, why
        command = [python, world.site.folder / "ice" / "aioice_peer.py"]
    else:
        command = [built / ("ice_peer" if kind == "sidetone" else "nice_peer")]
        if not pathlib.Path(command[0]).exists():
            return None, "libnice-dev was not there when this was built"
    name = f"{kind}-{role}"
    return world.keep(Peer([*command, address, role, *options], name, world.folder)), None
