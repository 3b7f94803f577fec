"""Transaction messages that a strict central system refuses for their time, or for good: no money is lost unheard."""

import os

from ocpp_site import NOON, Central, Site, booted
from offline_sessions import TX, all_times, offline_session

from core.isotime import parse_utc

SECURITY = (("components.ocpp.security:Security", {}),)


class Strict(Central):
    """Refuses a transaction message whose stamps are in the future, or before 2026-11."""

    def __init__(self, start_ms=NOON, code="PropertyConstraintViolation"):
        super().__init__(start_ms)
        self.refused = []
        for action in TX:
            self.answers[action] = lambda payload, action=action: self._judge(action, payload, code)

    def _judge(self, action, payload, code):
        values = list(payload.get("meterValue", ())) + list(payload.get("transactionData", ()))
        for value in values + ([payload] if "timestamp" in payload else []):
            if not parse_utc("2026-11-01T00:00:00Z") <= parse_utc(value["timestamp"]) <= self.utc_ms():
                self.refused.append(action)
                return code
        return self._StartTransaction(payload) if action == "StartTransaction" else {}


async def future_session(tmp):
    """A whole session with samples, journaled while the clock was three days ahead."""
    site = await booted(tmp, Central(NOON + 3 * 86400000))
    site.ocpp.set("MeterValueSampleInterval", "20")
    site.ocpp.set("StopTxnSampledData", "Energy.Active.Import.Register")
    await site.disconnect()
    await offline_session(site, 50000)
    return site


async def test_what_is_refused_for_a_time_in_the_future_is_sent_anew_and_no_money_is_lost(tmp):
    for at, code in enumerate(("PropertyConstraintViolation", "FormationViolation", "InternalError", "GenericError")):
        home = "%s/%d" % (tmp, at)
        os.mkdir(home)
        site = await future_session(home)
        central = Strict(NOON, code)
        await site.connect(central)
        await site.run(1500000 if code.endswith("Error") else 300000)
        (start,), (stop,) = central.of("StartTransaction"), central.of("StopTransaction")
        assert len(central.of("MeterValues")) == 2 and len(site.ocpp.journal) == 0
        assert stop["meterStop"] - start["meterStart"] >= 100 and stop["transactionId"] == 1
        got = all_times(central)
        assert got == sorted(got) and NOON <= got[0] and got[-1] <= central.utc_ms()
        assert len({call[0] for call in central.calls if call[1] in TX}) == 4
        assert site.ocpp.counters.dropped == 0 and not site.store.keys("ocpp/bounded")
        await site.power_off()


async def test_what_is_sent_anew_is_the_same_after_a_power_cut(tmp):
    """The answer to it is lost with the power; the one that is repeated has its id, and its stamp."""
    site = await future_session(tmp)
    central = Strict()
    judge = central.answers["StartTransaction"]
    told = []

    def lost(payload):
        answer = judge(payload)
        if isinstance(answer, dict):
            told.append((central.calls[-1][0], payload))
            return None
        return answer

    central.answers["StartTransaction"] = lost
    await site.connect(central)
    await site.run(60000)
    assert len(told) == 1 and site.store.get("ocpp/bounded")
    await site.power_off()
    site = Site(tmp)
    await site.power_on()
    await site.run(5000)
    again = Strict(NOON + 600000)
    await site.connect(again)
    await site.run(300000)
    repeated = [(message_id, payload) for message_id, action, payload in again.calls if action == "StartTransaction"]
    assert repeated == told
    assert len(again.of("StopTransaction")) == 1 and not site.store.keys("ocpp/bounded")


async def test_what_is_given_up_is_reported_with_all_that_it_was_about(tmp):
    site = await booted(tmp, profiles=SECURITY)
    site.ocpp.set("TransactionMessageRetryInterval", "1")
    site.central.answers["StopTransaction"] = "PropertyConstraintViolation"
    site.plug_in()
    site.ocpp.present_tag("TAG-7")
    await site.run(60000)
    site.ocpp.present_tag("TAG-7")
    await site.run(30000)
    assert site.ocpp.counters.dropped == 1
    (event,) = [p for p in site.central.of("SecurityEventNotification") if p["type"] == "TransactionMessageLost"]
    for word in ("Wh", "TAG-7", "transaction", "2027-01-15T12:01:", "PropertyConstraintViolation"):
        assert word in event["techInfo"], event
    assert "TransactionMessageLost" in "\n".join(site.profiles[0].log_lines())
