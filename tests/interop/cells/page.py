"""The web page that the embedded server serves, in headless Chromium: it joins, is heard, hears, and keeps its promises."""
import os
import subprocess
import time
import urllib.error
import urllib.request

from harness import install, servers, skip, sound, test
from harness.processes import Peer

NEEDS = ["chromium", "node"]


def page_peer(world, name, microphone=None):
    environment = {**os.environ, "SIDETONE_NODE_MODULES": str(install.node_modules(world.site.cache)[0])}
    command = ["node", world.site.folder / "peers" / "page_peer.mjs", install.program("chromium")[0]]
    return world.keep(Peer(command + ([microphone] if microphone else []), name, world.folder, env=environment))


def fetch(server, path, method="GET", **headers):
    """(status, headers, body); header names with _ for -."""
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method,
                                     headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def with_client(world):
    """A server for trying things out, whose page has livekit-client inside."""
    server = world.server("embedded", options=["--dev"])
    if fetch(server, "/livekit-client.js")[0] == 404:
        skip("the program was built without livekit-client; ./dev web puts it in")
    return server


def until(look, holds, what, seconds=25):
    """What look() gives once it holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = look()
        if holds(value):
            return value
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come about within {seconds} s; last: {value}")


def microphone(path, frequency):
    """Beeps for Chromium's fake microphone: its noise suppression takes a steady tone away, as it should."""
    tone = sound.tone(frequency, 4)
    beeps = (sound.np.arange(len(tone)) % (sound.RATE // 2)) < sound.RATE * 3 // 8
    sound.write(path, tone * beeps)
    return path


def complaints(peer, server):
    """What a browser's user would find in its console, and every address asked that is not the server's."""
    own = f"127.0.0.1:{server.port}"
    wrong = [event["text"] for event in peer.drain() if event["event"] in ("console_error", "page_error")]
    foreign = [event["url"] for event in peer.events if event["event"] == "request" and own not in event["url"]
               and not event["url"].startswith(("data:", "blob:"))]
    return wrong + foreign


@test("page.two-browsers.embedded", needs=NEEDS, seconds=150, ci=True)
def hear_each_other(world):
    server = with_client(world)
    url = server.url.replace("ws:", "http:") + "/"
    peers = {}
    for name, frequency in (("ann", 440), ("bob", 1000)):
        peers[name] = page_peer(world, name, microphone(world.path(f"{name}.wav"), frequency))
        peers[name].ask("open", url=url, seconds=60)
        assert peers[name].ask("join", name=name, room=world.room, seconds=30)["problem"] is None
    ann, bob = peers["ann"], peers["bob"]
    for name, other, frequency in (("ann", "bob", 1000), ("bob", "ann", 440)):
        until(lambda: peers[name].ask("peak"), lambda it: abs(it["hz"] - frequency) < 12 and it["level"] > 0.005,
              f"{name} hearing {frequency} Hz")
        row = until(lambda: peers[name].ask("row", identity=other),
                    lambda it: it["state"] == "speaks" and it["level"] > 0.2 and "–" not in it["figures"]["Delay"], f"{name} seeing {other} speak")
        assert 5 <= int(row["figures"]["Delay"].split()[0]) <= 1000, row
        own = until(lambda: peers[name].ask("row", identity=name), lambda it: it["level"] > 0.2, f"{name} seeing the own level")
        assert own["name"] == f"{name} (you)" and own["state"] in ("speaks", "silent"), own
        world.note(f"{name} hears {other}: delay {row['figures']['Delay']}, loss {row['figures']['Loss']}")
    ann.ask("press", button="microphone")
    assert ann.ask("focus")["id"] == "microphone"
    until(lambda: ann.ask("read", ids=["microphone"])["microphone"], lambda it: it == "Microphone off", "ann's button saying so")
    until(lambda: bob.ask("row", identity="ann")["state"], lambda it: it == "muted", "bob seeing ann muted")
    assert bob.ask("peak")["level"] < 0.0005
    ann.ask("press", button="microphone")
    until(lambda: bob.ask("peak")["level"], lambda it: it > 0.005, "bob hearing ann again")
    ann.ask("press", button="leave")
    until(lambda: bob.ask("row", identity="ann")["there"], lambda it: not it, "bob seeing ann gone")
    assert bob.ask("read", ids=["alone", "connection"]).items() >= {"alone": "Nobody else is here yet.", "connection": "Connected"}.items()
    for peer in peers.values():
        assert not (wrong := complaints(peer, server)), wrong


@test("page.sidetone.embedded", needs=NEEDS, seconds=120)
def talks_with_the_program(world):
    """The page's microphone recorded by `sidetone record`; a token pasted, everything by keyboard."""
    server = world.server("embedded")
    if fetch(server, "/livekit-client.js")[0] == 404:
        skip("the program was built without livekit-client; ./dev web puts it in")
    page = page_peer(world, "page", microphone(world.path("beeps.wav"), 700))
    page.ask("open", url=server.url.replace("ws:", "http:") + "/", width=360, height=740, seconds=60)
    assert page.ask("join", token="no token")["problem"].startswith("This is not a token")
    assert page.ask("join", token=servers.token("ann", world.room))["problem"] is None
    assert page.ask("focus")["id"] == "microphone"
    assert page.ask("overflow")["pixels"] <= 0
    heard = world.path("heard.wav")
    record = world.cli(server, "record", "--identity", "ear", "--from", "ann", "--out", heard, "--seconds", "4", "--json")
    record.child.wait(40)
    levels = sound.level_of(sound.read(heard), 700)
    share = float((levels > 0.005).mean())
    world.note(f"700 Hz in {share:.0%} of what was recorded")
    assert share > 0.6, f"the beeps were in {share:.0%} of the recording"
    assert not (wrong := complaints(page, server)), wrong


@test("page.promises.embedded", seconds=30, ci=True)
def keeps_its_promises(world):
    """By plain HTTP, no browser needed: who gets what at "/", who gets a token, and who does not."""
    server = world.server("embedded", options=["--dev"])
    status, headers, body = fetch(server, "/", Accept="text/html")
    assert status == 200 and b"<title>Sidetone</title>" in body and b'content="yes"' in body
    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert fetch(server, "/", Accept="*/*")[2] == b"OK"
    asked = f"/dev/token?room={world.room}&identity=ann"
    status, headers, _ = fetch(server, asked, method="POST")
    assert status == 200 and "Access-Control-Allow-Origin" not in headers
    assert fetch(server, asked, Host="localhost:1")[0] == 200
    assert fetch(server, asked, Host="rebound.example")[0] == 404, "a rebound name must not get a token"
    assert b'content="no"' in fetch(server, "/", Accept="text/html", Host="rebound.example")[2]
    assert fetch(server, f"/dev/token?room={'x' * 257}&identity=ann")[0] == 400
    plain = world.server("embedded", name="plain")
    assert fetch(plain, asked)[0] == 404, "without --dev there is no token"
    assert b'content="no"' in fetch(plain, "/", Accept="text/html")[2]
    refused = subprocess.run([world.site.program, "serve", "--dev", "--host", "0.0.0.0", "--port", "0"], capture_output=True,
                             text=True, timeout=10)
    assert refused.returncode != 0 and "loopback" in refused.stderr, refused.stderr
