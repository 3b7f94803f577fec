"""The central system's name is looked up by the firmware itself where the network tells of a DNS server."""

import asyncio

from charging_site import Site, eventually
from upy.lib.dns_peer import A, DnsServer, address, asked, record, reply


async def test_the_firmware_finds_its_central_system_by_name_and_waits_for_a_server_that_is_silent(tmp_path):
    """Nothing stands still meanwhile: the system's own way would block the loop for seconds."""
    silent = True

    def answer(query):
        records = (record(b"\xc0\x0c", A, 1, address("127.0.0.1")),)
        return [] if silent else [reply(query, records)]

    server = DnsServer(answer)
    serving = asyncio.create_task(server.run())
    try:
        async with Site(tmp_path, settings={"wifi": {"dns": server.place}}) as site:
            url = site.central.url.replace("127.0.0.1", "central.test")
            site._settings["ocpp"] = {"url": url}
            site.write_settings()
            await site.firmware.start()
            await eventually(lambda: len(server.queries) >= 2, "it asks twice")
            await site.printed("no answer from a DNS server")
            silent = False
            await site.booted(0)
            assert {asked(query)[1:] for query in server.queries} == {("central.test", A)}
            found = await site.answer("status", r"at most, in ms: ([^\r\n]+)")
            steps = dict(entry.rsplit(" ", 1) for entry in found[1].split(", "))
            assert int(steps["DNS"]) < 50, "of an address"
            await site.start_session()
    finally:
        serving.cancel()
        server.socket.close()
