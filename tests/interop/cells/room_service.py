"""RoomService over HTTP: the unmodified livekit-api for Python (protobuf) and plain JSON, each call by its effect on those in the room."""
import asyncio
import base64
import json
import time
import urllib.error
import urllib.request

from harness import servers, sound, test

SERVERS = {"livekit": ["livekit-server"], "embedded": []}


def json_call(server, room, method, body, kind="application/json", **rights):
    """(status, answer) with exactly these rights in the room."""
    token = servers.token("operator", room, **rights)
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/twirp/livekit.RoomService/{method}", data=json.dumps(body).encode(),
                                     headers={"Content-Type": kind, "Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def until(condition, what, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come about within {seconds} s")


class Operator:
    """livekit-api as an operator's program uses it."""

    def __init__(self, server):
        self.server = server

    def __call__(self, method, request):
        from livekit import api

        async def call():
            async with api.LiveKitAPI(f"http://127.0.0.1:{self.server.port}", servers.KEY, servers.SECRET) as lk:
                return await getattr(lk.room, method)(request)
        return asyncio.run(asyncio.wait_for(call(), 15))

    def refused(self, method, request):
        """The code of the refusal."""
        from livekit import api
        try:
            self(method, request)
        except api.TwirpError as refused:
            return refused.code
        raise AssertionError(f"{method} was not refused")


def rooms(world, server, ask, api):
    name = world.room + "-made"
    made = ask("create_room", api.CreateRoomRequest(name=name, metadata="first", empty_timeout=60, max_participants=7))
    assert made.sid.startswith("RM_") and made.metadata == "first" and made.max_participants == 7, made
    assert [room.name for room in ask("list_rooms", api.ListRoomsRequest(names=[name])).rooms] == [name]
    assert {room.name for room in ask("list_rooms", api.ListRoomsRequest()).rooms} == {name, world.room}
    assert ask("update_room_metadata", api.UpdateRoomMetadataRequest(room=name, metadata="second")).metadata == "second"
    ask("delete_room", api.DeleteRoomRequest(room=name))
    assert not ask("list_rooms", api.ListRoomsRequest(names=[name])).rooms
    assert ask.refused("delete_room", api.DeleteRoomRequest(room=name)) == "not_found"


def participants(world, ask, api, ear):
    listed = ask("list_participants", api.ListParticipantsRequest(room=world.room)).participants
    assert {one.identity for one in listed} == {"mouth", "ear"}, listed
    mouth = api.RoomParticipantIdentity(room=world.room, identity="mouth")
    track = ask("get_participant", mouth).tracks[0]
    assert track.sid.startswith("TR_") and not track.muted
    changed = ask("update_participant", api.UpdateParticipantRequest(room=world.room, identity="mouth", name="Mouth", metadata="m",
                                                                      attributes={"mood": "good"}))
    assert (changed.name, changed.metadata, changed.attributes["mood"]) == ("Mouth", "m", "good"), changed
    ear.wait("attributes", identity="mouth")
    nobody = api.RoomParticipantIdentity(room=world.room, identity="nobody")
    assert ask.refused("get_participant", nobody) == "not_found"
    assert ask.refused("remove_participant", nobody) == "not_found"
    return track.sid


def subscriptions_and_mute(world, ask, api, ear, sid):
    about = {"room": world.room, "identity": "ear", "track_sids": [sid]}
    ask("update_subscriptions", api.UpdateSubscriptionsRequest(subscribe=False, **about))
    ear.wait("track_unsubscribed", identity="mouth")
    ask("update_subscriptions", api.UpdateSubscriptionsRequest(subscribe=True, **about))
    ear.wait("track_subscribed", identity="mouth")
    mute = {"room": world.room, "identity": "mouth", "track_sid": sid}
    assert ask("mute_published_track", api.MuteRoomTrackRequest(muted=True, **mute)).track.muted
    ear.wait("track_muted", identity="mouth")
    assert ask.refused("mute_published_track", api.MuteRoomTrackRequest(muted=False, **mute)) == "failed_precondition"


def data(world, ask, api, mouth, ear):
    ask("send_data", api.SendDataRequest(room=world.room, data=b"to all", kind=api.DataPacket.Kind.RELIABLE, topic="t"))
    for peer in (mouth, ear):
        assert peer.wait("data", payload="to all")["topic"] == "t"
    ask("send_data", api.SendDataRequest(room=world.room, data=b"to the ear", destination_identities=["ear"]))
    ear.wait("data", payload="to the ear")
    mouth.drain(0.5)
    assert not [event for event in mouth.events if event.get("payload") == "to the ear"], "it went to the mouth as well"


def ends(world, ask, api, mouth, ear):
    ask("update_participant", api.UpdateParticipantRequest(
        room=world.room, identity="mouth", permission=api.ParticipantPermission(can_subscribe=True, can_publish_data=True)))
    until(lambda: not ask("get_participant", api.RoomParticipantIdentity(room=world.room, identity="mouth")).tracks,
          "the tracks of whom may publish no more being dropped")
    ask("remove_participant", api.RoomParticipantIdentity(room=world.room, identity="mouth"))
    mouth.wait("disconnected")
    ear.wait("participant_disconnected", identity="mouth")
    ask("delete_room", api.DeleteRoomRequest(room=world.room))
    ear.wait("disconnected")


def every_call(world, kind):
    from livekit import api
    server = world.server(kind)
    ask = Operator(server)
    mouth, ear = world.peer("sidetone", server, "mouth"), world.peer("sidetone", server, "ear")
    tone = world.path("tone.wav")
    sound.write(tone, sound.tone(500, 1))
    mouth.ask("publish")
    mouth.ask("play", wav=tone, loop=True)
    ear.wait("track_subscribed", identity="mouth")
    rooms(world, server, ask, api)
    sid = participants(world, ask, api, ear)
    subscriptions_and_mute(world, ask, api, ear, sid)
    data(world, ask, api, mouth, ear)
    ends(world, ask, api, mouth, ear)


def make(kind, needs):
    @test(f"room-service.{kind}", needs=["python-sdk", *needs], seconds=90, ci=kind == "embedded")
    def run(world):
        every_call(world, kind)


for kind_, needs_ in SERVERS.items():
    make(kind_, needs_)


@test("room-service-json.embedded", seconds=30, ci=True)
def speaks_json(world):
    server = world.server("embedded")
    room = world.room
    ear = world.peer("sidetone", server, "ear")
    admin = {"roomAdmin": True}
    status, listed = json_call(server, room, "ListParticipants", {"room": room}, **admin)
    assert status == 200 and [one["identity"] for one in listed["participants"]] == ["ear"], listed
    assert listed["participants"][0]["state"] == "ACTIVE" and listed["participants"][0]["joined_at"].isdigit(), listed
    sent = {"room": room, "data": base64.b64encode(b"by JSON").decode(), "kind": "LOSSY", "destinationIdentities": ["ear"]}
    assert json_call(server, room, "SendData", sent, **admin) == (200, {})
    ear.wait("data", payload="by JSON")
    status, refusal = json_call(server, room, "ListParticipants", {"room": room})
    assert (status, refusal) == (401, {"code": "unauthenticated", "msg": "permissions denied"})
    assert json_call(server, "another", "ListParticipants", {"room": room}, **admin)[0] == 401
    assert json_call(server, room, "ListRooms", {}, **admin)[0] == 401
    assert json_call(server, room, "GetParticipant", {"room": room, "identity": "x"}, **admin)[1]["code"] == "not_found"
    assert json_call(server, room, "Explode", {}, **admin)[1]["code"] == "bad_route"
    assert json_call(server, room, "ListRooms", {}, kind="text/plain", roomList=True)[1]["code"] == "bad_route"
    assert json_call(server, room, "CreateRoom", {"name": 7}, roomCreate=True)[1]["code"] == "malformed"
