"""A transaction message that is too long for the heap: tried with less, and then it is delivered (OCPP 1.6, 3.7)."""

import json

from ocpp_site import booted
from scarce_heap import Scarce

from components.ocpp.v16.delivery import Delivery
from components.ocpp.v16.payloads import sampled_values
from components.station.journal import Journal
from components.station.metering import NAMES, rendered_size

HEAPSIZE = "2M"
ALL = ",".join(NAMES)


async def offline_session(home, samples, central=None, **options):
    """A site whose StopTransaction waits: all eight measurands, many samples."""
    site = await booted(home, central, vendor_id="", **options)
    for key, value in (
        ("AllowOfflineTxForUnknownId", "true"), ("StopTxnSampledData", ALL), ("MeterValuesSampledData", ""),
        ("MeterValueSampleInterval", "1"), ("TransactionMessageRetryInterval", "10"),
    ):  # fmt: skip
        assert site.ocpp.set(key, value) == "Accepted", key
    charger = site.charger
    charger.power_mw.set(12345678)
    charger.terminal_current_ma.set(123456)
    charger.terminal_voltage_mv.set(76543)
    site.bms.soc_permille.set(345)
    charger.temperature_mdeg.set(34567)
    charger.setpoint_ma.set(123456)
    central = site.central
    await site.disconnect()
    site.plug_in()
    site.ocpp.present_tag("TAG")
    await site.run(1000 * samples)
    site.ocpp.present_tag("TAG")
    await site.run(500)
    site.unplug()
    return site, central


class Poor:
    """json.dumps of a device: a text longer than `most` bytes finds no room in one piece."""

    def __init__(self, most):
        self.most = most
        self.refused = []
        self._dumps = json.dumps

    def __enter__(self):
        rpc = __import__("components.ocpp.rpc", None, None, ("json",))
        self._rpc, self._json = rpc, rpc.json
        rpc.json = self
        return self

    def __exit__(self, *exc):
        self._rpc.json = self._json

    def dumps(self, value):
        text = self._dumps(value)
        if len(text) > self.most:
            self.refused.append(len(text))
            raise MemoryError("memory allocation failed, allocating %d bytes" % len(text))
        return text


def stop_of(central):
    (stop,) = central.of("StopTransaction")
    return stop, [value["sampledValue"][0]["context"] for value in stop.get("transactionData", ())]


async def test_it_is_thinned_and_then_reported_without_transactionData(tmp):
    """Half of the samples, the last among them; if that is too long, none: the bill is delivered in any case."""
    for most, samples in ((30000, 24), (15000, 12), (5000, 0)):
        site, central = await offline_session("%s/%d" % (tmp, most), 22, stop_data_bytes=65536)
        waiting = len(site.store.queue("ocpp/data"))
        with Poor(most) as poor:
            await site.connect(central)
            await site.run(2000)
        stop, contexts = stop_of(central)
        assert len(contexts) == (samples and (waiting if most == 30000 else (waiting + 1) // 2)), contexts
        assert not contexts or contexts[-1] == "Transaction.End"
        assert len(poor.refused) == {30000: 0, 15000: 1, 5000: 2}[most] and stop["meterStop"] > 0
        assert len(site.ocpp.journal) == 0 and len(site.store.queue("ocpp/data")) == 0
        assert site.ocpp.counters.dropped == 0
        await site.power_off()


async def test_what_does_not_even_fit_without_is_given_up_after_the_attempts_and_the_next_is_delivered(tmp):
    site, central = await offline_session(tmp, 5)
    site.plug_in()
    await site.run(500)
    with Poor(150) as poor:
        await site.connect(central)
        await site.run(60000)
        assert poor.refused and site.ocpp.counters.dropped >= 1
    await site.run(1000)
    site.ocpp.present_tag("NEXT")
    await site.run(2000)
    assert central.of("StartTransaction")[-1]["idTag"] == "NEXT"


async def test_a_real_heap_that_is_full_when_the_message_is_built(tmp):
    """Hardly anything is free while the message is made: less of it fits, and it is delivered, once."""
    site, central = await offline_session(tmp, 22, stop_data_bytes=65536)
    call = Delivery._call
    sizes = []

    def cramped(self, record):
        """Half of the message fits, and no collection helps."""
        if record[0] != "E":
            return call(self, record)
        made = None
        with Scarce(2500):
            try:
                made = call(self, record)
            except MemoryError:
                pass
        if made is None:
            sizes.append(None)
            raise MemoryError
        sizes.append(len(made.payload.get("transactionData", ())))
        return made

    Delivery._call = cramped
    try:
        await site.connect(central)
        await site.run(3000)
    finally:
        Delivery._call = call
    assert sizes == [None, 12], sizes
    stop, contexts = stop_of(central)
    assert len(contexts) == 12 and contexts[-1] == "Transaction.End" and len(site.ocpp.journal) == 0
    assert stop["meterStop"] > 0 and site.ocpp.counters.dropped == 0


async def test_transactionData_is_bounded_in_bytes(tmp):
    for number, (most, least) in enumerate(((2048, 1000), (8192, 5000), (65536, 10000))):
        site, central = await offline_session("%s/%d" % (tmp, number), 60, stop_data_bytes=most)
        await site.connect(central)
        await site.run(1000)
        stop, contexts = stop_of(central)
        size = len(json.dumps(stop["transactionData"]))
        assert least <= size <= most, (most, size)
        assert contexts[0] == "Transaction.Begin" and contexts[-1] == "Transaction.End"
        await site.power_off()


def test_the_size_of_a_sample_is_reckoned_from_above_and_not_by_much():
    samples = (
        [1800014400000, 0, 0, 1234567890], [1800014400000, 4, 4, 83400],
        [1800014400000, 2] + [number for index in range(8) for number in (index, 987654321)],
    )  # fmt: skip
    for sample in samples:
        value = {"timestamp": "2027-01-15T12:00:00.000Z", "sampledValue": sampled_values(Journal, sample)}
        size = len(json.dumps(value)) + 2
        assert size <= rendered_size(sample) <= size + 10 * (len(sample) // 2), sample


async def test_memory_that_runs_out_while_it_is_sent_ends_the_connection_and_counts(tmp):
    site, central = await offline_session(tmp, 22, stop_data_bytes=65536)
    take, raised = central.take, []

    async def short(text):
        if len(text) > 15000:
            raised.append(len(text))
            raise MemoryError
        await take(text)

    central.take = short
    await site.connect(central)
    pump = site._tasks[-1]
    await site.run(1000)
    assert raised and pump.done(), "half of a message may be out"
    await site.disconnect()
    await site.connect(central)
    await site.run(2000)
    stop, contexts = stop_of(central)
    assert len(raised) == 1 and 0 < len(contexts) < 20 and site.ocpp.counters.dropped == 0


