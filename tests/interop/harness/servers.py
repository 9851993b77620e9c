"""livekit-server and `sidetone serve` on free ports of 127.0.0.1, and the tokens both accept."""
import base64
import hashlib
import hmac
import json
import socket
import time
import urllib.request

from . import install
from .processes import Process

KEY, SECRET = "devkey", "secret_at_least_32_characters_long_x"


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def token(identity, room, attributes=None, **grants):
    """A JWT (RFC 7519, HS256) as LiveKit wants it; grants by their JSON names, e.g. roomAdmin=True."""
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    video = {"room": room, "roomJoin": True, "canPublish": True, "canSubscribe": True, "canPublishData": True,
             "canUpdateOwnMetadata": True, **grants}
    now = int(time.time())
    claims = {"iss": KEY, "sub": identity, "nbf": now - 10, "exp": now + 3600, "video": video}
    if attributes:
        claims["attributes"] = attributes
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    seal = base64.urlsafe_b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + seal).decode()


def wait_for_port(process, port, seconds=15, host="127.0.0.1"):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            if probe.connect_ex((host, port)) == 0:
                return
        if not process.alive():
            break
        time.sleep(0.05)
    raise AssertionError(f"{process.name} did not start:\n{process.last_words()}")


class Server:
    """What both have: url, process, and RoomService over HTTP."""

    def __init__(self, name, folder, command, port, host="127.0.0.1"):
        self.name, self.folder, self.command, self.port, self.host = name, folder, command, port, host
        self.url = f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"
        self.start()

    def start(self):
        self.process = Process(self.command, self.name, self.folder)
        wait_for_port(self.process, self.port, host=self.host)

    def stop(self, **how):
        return self.process.stop(**how)

    def restart(self):
        self.stop()
        self.start()

    def call(self, method, **request):
        """RoomService over Twirp JSON, with every right in the room named, e.g. call("ListParticipants", room="r")."""
        rights = token("operator", request.get("room", ""), roomAdmin=True, roomList=True, roomCreate=True)
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/twirp/livekit.RoomService/{method}",
                                       data=json.dumps(request).encode(),
                                       headers={"Content-Type": "application/json", "Authorization": f"Bearer {rights}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)


def livekit(site, folder, name="livekit", redis_port=None, tcp_only=False):
    binary, why = install.livekit_server(site.cache)
    assert binary, why
    port, udp, tcp = free_port(), free_port(socket.SOCK_DGRAM), free_port() if tcp_only else 0
    # The STUN server named here is asked by nobody; without one, public ones would be announced to the clients.
    config = f"""
port: {port}
bind_addresses: ["127.0.0.1"]
keys: {{ {KEY}: {SECRET} }}
logging: {{ level: warn }}
rtc:
  udp_port: {udp}
  tcp_port: {tcp}
  force_tcp: {str(tcp_only).lower()}
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{ includes: [lo] }}
  ips: {{ includes: [127.0.0.0/8] }}
  stun_servers: ["127.0.0.1:3478"]
room: {{ empty_timeout: 5, departure_timeout: 5 }}
"""
    if redis_port:
        config += f"redis: {{ address: 127.0.0.1:{redis_port} }}\n"
    path = folder / f"{name}.yaml"
    path.write_text(config)
    return Server(name, folder, [binary, "--config", path], port)


def embedded(site, folder, name="embedded", options=(), host="127.0.0.1"):
    secret = folder / f"{name}.secret"
    secret.write_text(SECRET)
    port, udp = free_port(), free_port(socket.SOCK_DGRAM)
    return Server(name, folder, [site.program, "serve", "--port", port, "--udp-port", udp, "--key", KEY,
                                 "--host", host, "--secret-file", secret, "--json", *options], port, host)
