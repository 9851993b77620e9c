"""How long connecting takes on loopback: from the call to joined with both peer connections up, over fifty times."""
from harness import sound, test

CONNECTS, MUST_MS = 50, 100


def connects(world, kind):
    """First audio is reported beside it."""
    server = world.server(kind)
    mouth = world.peer("sidetone", server, "mouth")
    sound.write(world.path("tone.wav"), sound.tone(1000, 2))
    mouth.ask("publish")
    mouth.ask("play", wav=world.path("tone.wav"), loop=True)
    ear = world.peer("sidetone", server, "first")
    ear.ask("leave")
    took, first = [], []
    for number in range(CONNECTS):
        answer = world.join(ear, server, f"ear-{number}")
        took.append(1000 * answer["seconds"])
        ear.ask("record", identity="mouth", wav=world.path("heard.wav"))
        first.append(took[-1] + 1000 * (ear.wait("heard", identity="mouth")["at"] - answer["at"]))
        ear.ask("leave")
    connected = sound.np.median(took)
    world.note(f"connect p50 {connected:.0f} ms; first audio p50 {sound.np.median(first):.0f} ms")
    assert connected <= MUST_MS, f"{world.notes[-1]}; {MUST_MS} ms at most"


@test("connect.livekit", needs=["livekit-server"], seconds=150, alone=True)
def to_livekit_server(world):
    connects(world, "livekit")


@test("connect.embedded", seconds=150, alone=True)
def to_the_embedded_server(world):
    connects(world, "embedded")
