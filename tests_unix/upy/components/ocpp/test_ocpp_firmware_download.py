"""The download of an image: retries, resuming, servers that break off, sinks that block."""

from firmware_site import ALL, Life, started

from drivers.filesink import FileSink


class BlockingSink(FileSink):
    """As the one of a flash: nobody may charge while it is written."""

    blocks = True


async def test_retries_and_their_interval(tmp):
    life = await started(tmp)
    life.server.status["/image"] = 503
    began_ms = life.site.clock.uptime_ms()
    await life.update(retries=3, retryInterval=100)
    await life.until_told("Downloading", "DownloadFailed")
    assert len(life.server.asked) == 3 and life.site.clock.uptime_ms() - began_ms >= 200000
    life.central.calls.clear()
    await life.update(retries=-5)
    await life.until_told("Downloading", "DownloadFailed")
    assert len(life.server.asked) == 4 and life.site.exits == []
    life.central.calls.clear()
    del life.server.status["/image"]
    life.server.cuts[:] = [0, 100]
    await life.update(retries=3, retryInterval=10)
    await life.until(lambda: life.site.exits)
    assert life.told() == list(ALL)
    await life.end()
    await life.server.stop()


async def test_the_tries_that_are_left_survive_a_restart(tmp):
    life = await started(tmp)
    life.server.status["/image"] = 500
    await life.update(retries=3, retryInterval=50)
    await life.until(lambda: len(life.server.asked) == 2)
    await life.site.run(1000)
    await life.end()
    life = await Life(tmp, life.server).start()
    await life.until_told("Downloading", "DownloadFailed")
    assert len(life.server.asked) == 3
    await life.end()
    await life.server.stop()


async def check_that_it_begins_anew(tmp, case):
    life = await started(tmp)
    server = life.server
    server.ranges = {"no range": False, "wrong range": "wrong"}.get(case, True)
    server.tags = case != "no tag"
    server.cuts[:] = [9000]
    await life.update(retries=2)
    if case == "another file":
        await life.until(lambda: life.sink.written == 9000)
        server.files["/image"] = b"other" * 5000
    await life.until(lambda: life.site.exits or "DownloadFailed" in life.told())
    assert life.told() == list(ALL), (case, life.told())
    await life.end()
    assert (await Life(tmp, server).start()).image() == server.files["/image"], case
    await server.stop()


async def test_where_a_range_does_not_fit_the_download_begins_anew(tmp):
    for case in ("no range", "wrong range", "no tag", "another file"):
        await check_that_it_begins_anew(tmp + "/" + case.replace(" ", ""), case)


async def test_a_server_that_always_breaks_off_is_given_up(tmp):
    life = await started(tmp)
    life.server.ranges = False
    life.server.cuts[:] = [9000] * 20
    await life.update(retries=2)
    await life.until_told("Downloading", "DownloadFailed")
    assert 3 <= len(life.server.asked) <= 5 and life.sink.state == "idle"
    await life.end()
    await life.server.stop()


async def test_chunks_without_a_length(tmp):
    life = await started(tmp)
    life.server.chunked = True
    await life.update()
    await life.until(lambda: life.site.exits)
    assert life.told() == list(ALL)
    await life.end()
    await life.server.stop()


async def test_a_sink_that_blocks_is_not_written_while_an_outlet_charges(tmp):
    life = await started(tmp, sink=BlockingSink)
    site, server = life.site, life.server
    written = life.sink.write
    seen = []

    def write(chunk):
        seen.append(site.ocpp.transaction is not None)
        written(chunk)
        if life.sink.written > 6000 and not site.ocpp.transaction and len(server.asked) == 1:
            site.plug_in()
            site.ocpp.transactions.remote_start("TAG")

    life.sink.write = write
    await life.update()
    await life.until(lambda: site.lines("waits at"))
    await site.run(60000)
    assert site.gate.enabled.value and site.exits == [] and life.told() == ["Downloading"]
    site.ocpp.present_tag("TAG")
    await life.until(lambda: site.exits)
    assert not any(seen) and "range" in server.asked[1][2] and life.told() == list(ALL)
    await life.end()
    await server.stop()


async def test_what_the_sink_refuses_is_not_tried_again(tmp):
    life = await started(tmp)
    life.server.files["/image"] = b""
    await life.update(retries=5)
    await life.until_told("Downloading", "DownloadFailed")
    assert len(life.server.asked) == 1
    await life.end()
    await life.server.stop()
