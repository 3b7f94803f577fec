"""The transactionId that the central system gives: what counts as one, and what becomes of a transaction without."""

from ocpp_site import booted, session


async def test_a_start_that_is_refused_for_good_still_has_its_stop_reported(tmp):
    site = await booted(tmp)
    site.ocpp.set("TransactionMessageAttempts", "1")
    site.central.answers["StartTransaction"] = "GenericError"
    await session(site)
    assert site.central.of("StopTransaction")[0]["transactionId"] == -1


async def test_a_transaction_id_may_be_written_as_7_0(tmp):
    """JSON has no integers: 7.0 is one for its schemas."""
    site = await booted(tmp)
    site.central.answers["StartTransaction"] = {"transactionId": 7.0, "idTagInfo": {"status": "Accepted"}}
    await session(site)
    stop = site.central.of("StopTransaction")[0]
    assert stop["transactionId"] == 7 and isinstance(stop["transactionId"], int)


async def test_what_is_no_transaction_id_is_requested_again(tmp):
    site = await booted(tmp)
    site.ocpp.set("TransactionMessageAttempts", "9")
    site.ocpp.set("TransactionMessageRetryInterval", "1")
    site.central.answers["StartTransaction"] = None  # by hand
    await session(site)
    message_id = site.central.calls[-1][0]
    answer = '[3, "%s", {"transactionId": %s, "idTagInfo": {"status": "Accepted"}}]'
    for value in ('"7"', "7.5", "true", "null", "1e999", "8"):
        await site.central.give(answer % (message_id, value))
        await site.run(10000)
    starts = [call[0] for call in site.central.calls if call[1] == "StartTransaction"]
    assert starts == [message_id] * 6
    assert [stop["transactionId"] for stop in site.central.of("StopTransaction")] == [8]
