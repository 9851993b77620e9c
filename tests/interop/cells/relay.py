"""Whole calls where UDP alone does not get through: relays of coturn over UDP, TCP and TLS, and livekit-server's TCP port."""
import json

from harness import connectivity, sound, test

SENTENCES = 3


def call(world, server, options):
    """`sidetone publish` to `sidetone record`, with these options on both; the correlation of what is heard."""
    spoken = world.speech(SENTENCES)
    seconds = len(sound.read(spoken)) / sound.RATE
    heard = world.path("heard.wav")
    ear = world.cli(server, "record", "--identity", "ear", "--from", "mouth", "--out", heard, "--seconds", f"{seconds + 2:.1f}",
                    "--json", *options)
    mouth = world.cli(server, "publish", "--identity", "mouth", "--json", "--wait-for-listener", "10", *options, spoken)
    said, _ = mouth.child.communicate(timeout=seconds + 30)
    recorded, _ = ear.child.communicate(timeout=seconds + 30)
    assert mouth.child.returncode == 0, f"publish ended with {mouth.child.returncode}"
    assert ear.child.returncode == 0, f"record ended with {ear.child.returncode}"
    packets = json.loads(recorded)["packets"]
    likeness = world.likeness(heard, SENTENCES)
    world.note(f"correlation {likeness:.3f}, {packets['received']} packets")
    assert likeness >= 0.95, f"correlation {likeness:.3f} is below 0.95"
    return json.loads(said), packets


def register(kind, transport):
    needs = ["coturn", "speech"] + (["livekit-server"] if kind == "livekit" else [])

    @test(f"relay.{kind}.{transport}", needs=needs, seconds=90, ci=kind == "livekit" and transport == "udp")
    def through(world):
        turn = world.keep(connectivity.Turn(world.folder))
        said, _ = call(world, world.server(kind), turn.options(transport))
        # An allocation for each connection of both, one with livekit-server, two with ours; all media went through them.
        sent, came = turn.relayed(sessions=2 if kind == "livekit" else 4)
        world.note(f"{sent} bytes out, {came} back")
        assert sent > 40 * said["packets"]["sent"] and came > 40 * said["packets"]["sent"], "the relay carried no voice"


for each_kind in ("livekit", "embedded"):
    for each_transport in ("udp", "tcp", "tls"):
        register(each_kind, each_transport)


@test("relay.wrong-password", needs=["coturn", "livekit-server"], seconds=60)
def wrong_password(world):
    """The error names the server and what it said."""
    turn = world.keep(connectivity.Turn(world.folder))
    options = turn.options("udp")
    options[options.index(connectivity.PASSWORD)] = "wrong"
    mouth = world.cli(world.server("livekit"), "publish", "--identity", "mouth", *options, world.speech(SENTENCES))
    mouth.child.communicate(timeout=40)
    words = mouth.last_words()
    assert mouth.child.returncode != 0
    assert "it refuses the user name or the password" in words and turn.url("udp") in words, words


@test("tcp.livekit", needs=["livekit-server", "speech"], seconds=60)
def over_tcp(world):
    """livekit-server offers nothing but its TCP port."""
    server = world.server("livekit", tcp_only=True)
    call(world, server, [])


@test("udp-blocked.embedded", needs=["speech"], seconds=60)
def nothing_works(world):
    """The server advertises an address where nobody answers: the error says which pairs were tried and what to do."""
    server = world.server("embedded", options=["--advertise", "127.0.0.77"])
    mouth = world.cli(server, "publish", "--identity", "mouth", world.speech(SENTENCES))
    mouth.child.communicate(timeout=40)
    words = mouth.last_words()
    assert mouth.child.returncode != 0
    for part in (" -> host 127.0.0.77:", "no answer after", "checks", "TURN server"):
        assert part in words, words


@test("ipv6.embedded", needs=["speech"], seconds=60, ci=True)
def over_ipv6(world):
    """Signalling and media on ::1. livekit-server 1.13.5 opens no UDP socket there."""
    call(world, world.server("embedded", host="::1"), [])
