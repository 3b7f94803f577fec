"""A message that is repeated is the same to the byte, also when nobody knew the time when it happened."""

from ocpp_site import Central, Site, session


class Deaf(Central):
    """Keeps the frames of transaction messages as they came, and answers none of `unanswered`."""

    def __init__(self, start_ms, unanswered):
        super().__init__(start_ms)
        self.unanswered = unanswered
        self.frames = []

    async def take(self, text):
        if any('"%s"' % action in text for action in ("StartTransaction", "MeterValues", "StopTransaction")):
            self.frames.append(text)
            if self.unanswered in text:
                return
        await super().take(text)


NOON = 1800014400000


async def life(home, central=None, ms=1000, charges=False):
    """One run of the firmware, from power on to a power cut; returns the frames of it."""
    site = Site(home, vendor_id="")
    await site.power_on()
    if charges:
        site.ocpp.set("MeterValueSampleInterval", "2")
        site.ocpp.set("AllowOfflineTxForUnknownId", "true")
        await session(site, "TAG", 5000)
    if central is not None:
        await site.connect(central)
    await site.run(ms)
    await site.power_off()
    return [] if central is None else central.frames


async def test_over_power_cuts_with_unknown_time_between_the_sendings(tmp):
    """A session without the time, then sent, cut, a run without the time, sent again, cut, sent again: each message."""
    await life(tmp, charges=True)
    await life(tmp, ms=30000)
    at_ms = NOON
    sent = {}
    for action in ("StartTransaction", "MeterValues", "StopTransaction"):
        for _ in range(3):
            frames = await life(tmp, Deaf(at_ms, action), ms=3000)
            assert frames, action
            for frame in frames:
                message_id = frame.split('"')[1]
                assert sent.setdefault(message_id, frame) == frame
            await life(tmp, ms=7000)
            at_ms += 60000
    await life(tmp, Deaf(at_ms, "nothing"))
    assert len(sent) >= 3


async def test_when_the_time_becomes_known_between_the_sendings(tmp):
    """The central system's time cannot be read at first; what was sent once is sent again as it was."""
    central = Deaf(NOON, "StartTransaction")
    central.answers["BootNotification"] = {"status": "Accepted", "currentTime": "soon", "interval": 300}
    first = await life(tmp, central, charges=True)
    again = await life(tmp, Deaf(NOON + 60000, "StartTransaction"))
    assert len(first) == 1 and first == again


async def test_only_a_stamp_of_a_run_without_time_costs_a_commit_and_only_one_a_run(tmp):
    site = Site(tmp, vendor_id="")
    await site.power_on()
    site.ocpp.set("MeterValueSampleInterval", "2")
    site.ocpp.set("AllowOfflineTxForUnknownId", "true")
    await session(site, "TAG", 5000)
    await site.power_off()
    site = Site(tmp, vendor_id="")
    await site.power_on()
    keys = []
    commit = site.store.commit

    def spy(changes=None, push=(), pop=(), drop=()):
        keys.extend(changes or ())
        commit(changes, push, pop, drop)

    site.store.commit = spy
    await site.connect(Central())
    await session(site, "TAG", 5000)
    assert len(site.ocpp.journal) == 0
    assert len([key for key in keys if key.startswith("ocpp/utc/")]) == 1, keys
