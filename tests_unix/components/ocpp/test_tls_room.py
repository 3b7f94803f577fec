"""TLS connections where the system's heap has no room for their handshake: they do not begin, and are made later."""

import trustme
from charging_site import BACK_OFF_S, Site, eventually
from http_peer import HttpPeer
from test_ocpp_tls import served_by

NONE, LITTLE, ENOUGH = "20000 17000 9000", "46080 17408 9000", "67936 53248 9000"  # free, in one piece, least


class RoomySite(Site):
    """Its central system speaks wss, and its firmware has a heap of the system that `room` says the state of."""

    def __init__(self, home, authority, room):
        authority.cert_pem.write_to_path(home / "ca.pem")
        settings = {"ocpp": {"ca_file": "ca.pem", "local_transfers": True}}
        tls = served_by(authority, "127.0.0.1")
        super().__init__(home, board="tests_unix.boards.unix_system_heap", central={"tls": tls}, settings=settings)
        self.room(room)

    def room(self, text):
        (self.home / "system_heap").write_text(text, encoding="utf-8")


async def test_the_central_system_is_dialled_when_there_is_room(tmp_path):
    """Refused is told in the log and by `why`; the link's pauses go on, and a session follows over the real TLS."""
    async with RoomySite(tmp_path, trustme.CA(), NONE) as site:
        await site.firmware.start()
        await site.printed(r"W \S+ ocpp: connection: no room for TLS in the system's heap")
        await site.printed(r"I \S+ ocpp: next connection in \d+ ms")
        await site.answer("why", r"no central system: no room for TLS")
        await site.answer("status", r"System heap: 20000 bytes free, 17000 in one piece, at least 9000 free")
        assert site.central.connections == 0
        assert len([line for line in site.firmware.lines if "memory: no room for TLS: 20000 bytes" in line]) == 1
        site.room(LITTLE)
        await eventually(lambda: site.central.connections, "a connection", BACK_OFF_S)
        await site.wait_booted()
        refused = int((await site.answer("status", r"times after a collection, (\d+) times no room"))[1])
        assert refused >= 1
        await site.plug_in()
        await site.start_session("CARD-TLS")
        await site.stop_session("CARD-TLS")


async def test_an_upload_over_https_waits_for_room_and_closes_nothing(tmp_path):
    """A second connection that has no room fails as one that was refused, is tried again, and the first goes on."""
    authority = trustme.CA()
    with HttpPeer(served_by(authority, "127.0.0.1")) as peer:
        async with RoomySite(tmp_path, authority, ENOUGH) as site:
            await site.boot()
            connections = site.central.connections
            site.room(NONE)
            since = site.mark()
            answer = await site.order("GetDiagnostics", location=peer.url + "/d/", retries=60, retry_interval=1)
            await site.printed(r"W \S+ \w+: upload failed: no TLS: no room for TLS in the system's heap")
            assert not peer.uploads
            site.room(ENOUGH)
            await site.received("DiagnosticsStatusNotification", since, status="Uploaded")
            (body,) = peer.uploads.values()
            assert answer.file_name in next(iter(peer.uploads))
            assert b"System heap: 67936 bytes free" in body and b"heap: " in body
            assert site.central.connections == connections
