"""Our ICE agent with other people's, both ways round, over IPv4 and IPv6, directly and through coturn."""
import time

from harness import connectivity, skip, test


def started(world, *arguments, **options):
    peer, why = connectivity.agent(world, *arguments, **options)
    return peer or skip(why)


def described(peer):
    until = time.monotonic() + 10
    while True:
        answer = peer.ask("describe")
        if answer["complete"] and answer["candidates"]:
            return {key: answer[key] for key in ("ufrag", "pwd", "candidates")}
        assert time.monotonic() < until, f"{peer.name} has no candidates: {answer}"
        time.sleep(0.05)


def introduce(one, other):
    mine, theirs = described(one), described(other)
    one.ask("remote", **theirs)
    other.ask("remote", **mine)


def talk(one, other, word):
    for speaker, listener in ((one, other), (other, one)):
        text = f"{word} from {speaker.name}"
        speaker.ask("send", text=text)
        listener.wait("data", text=text)


def meet(world, kind, role, address):
    ours = started(world, "sidetone", "controlled" if role == "controlling" else "controlling", address=address)
    theirs = started(world, kind, role, address=address)
    introduce(ours, theirs)
    path = ours.wait("state", state="connected")
    theirs.wait("state", state="connected")
    talk(ours, theirs, "hello")
    world.note(f"{path['local']} to {path['remote']}")


def register(kind, role, version, address):
    @test(f"ice.{kind}.{role}.{version}", seconds=40, ci=kind == "aioice" and version == "v4")
    def meets(world):
        meet(world, kind, role, address)


for each_kind in ("nice", "aioice"):
    for each_role in ("controlling", "controlled"):
        register(each_kind, each_role, "v4", "127.0.0.1")
        register(each_kind, each_role, "v6", "::1")


@test("ice.nice.restart", seconds=40)
def restart(world):
    """Both describe themselves anew; data goes on."""
    ours, theirs = started(world, "sidetone", "controlling"), started(world, "nice", "controlled")
    introduce(ours, theirs)
    ours.wait("state", state="connected")
    theirs.wait("state", state="connected")
    talk(ours, theirs, "before")
    old = described(ours)["ufrag"]
    ours.ask("restart")
    theirs.ask("restart")
    assert described(ours)["ufrag"] != old
    introduce(ours, theirs)
    theirs.wait("state", state="connected")
    talk(ours, theirs, "after")


@test("ice.turn.nice", needs=["coturn"], seconds=40)
def relayed(world):
    """Through coturn to libnice, which sees the relay's address only."""
    turn = world.keep(connectivity.Turn(world.folder))
    ours = started(world, "sidetone", "controlling",
                   options=["--turn", turn.url("udp"), connectivity.USER, connectivity.PASSWORD])
    theirs = started(world, "nice", "controlled")
    introduce(ours, theirs)
    assert all(" typ relay " in one for one in described(ours)["candidates"])
    ours.wait("state", state="connected")
    theirs.wait("state", state="connected")
    for round_trip in range(20):  # past the binding of the channel
        talk(ours, theirs, f"hello {round_trip}")
