"""The battery side: the charge request, its refusal, the amp hours and what is derived from them."""

from bus import CHARGED, CONTROL, DISCHARGED, REQUEST, STOP_FRAME, Rig, check_period, request

ASK_CHARGED, ASK_DISCHARGED = 0x160B0180, 0x160D0180

HEAPSIZE = "16M"  # the wire keeps every frame


def amp_hours(ah):
    return round(ah * 1000).to_bytes(4, "big") + bytes(4)


async def test_a_charge_request_becomes_signals(tmp):
    rig = await Rig(tmp).start()
    bms = rig.bms
    assert (bms.permitted.value, bms.max_voltage_mv.value, bms.mode.value) == (None, None, None)
    assert bms.online.value is False
    await rig.receive(REQUEST, request(84.0, 58.7, 0, 1))
    assert (bms.permitted.value, bms.mode.value, bms.online.value) == (True, "heating", True)
    assert (bms.max_voltage_mv.value, bms.max_current_ma.value) == (84000, 58700)
    assert rig.gate.bms_permits.value is True
    await rig.receive(REQUEST, request(83.9, 0, 0, 0))
    assert (bms.max_voltage_mv.value, bms.max_current_ma.value, bms.mode.value) == (83900, 0, "charging")
    await rig.stop()
    assert rig.gate.bms_permits.value is False


async def test_a_stop_is_honoured_whatever_else_the_frame_holds(tmp):
    rig = await Rig(tmp).start()
    await rig.charge(amps=2)
    rig.obeys = True
    for data in (request(switch=1), request(switch=0xFF), request(6553.5, 6553.5, 2, 9), b"\xff\xff\xff\xff\x01"):
        rig.say[REQUEST] = data
        since = len(rig.wire.frames)
        rig.wire.send(REQUEST, data)
        await rig.sent(CONTROL, STOP_FRAME, since)
        assert rig.bms.permitted.value is False and not rig.gate.enabled.value, data
        assert rig.bms.online.value
        rig.vehicle()
        await rig.receive(REQUEST, request())
        assert rig.bms.permitted.value and rig.gate.bms_permits.value
        await rig.advance(2100)
        assert rig.gate.enabled.value, rig.gate.blocking()
    assert rig.bms.refused == 1  # the short one, which stopped all the same
    await rig.stop()


async def test_a_permission_with_impossible_values_renews_nothing(tmp):
    rig = await Rig(tmp).start()
    bms = rig.bms
    await rig.receive(REQUEST, request(84.0, 30.0))
    bad = (request(0, 30), request(9.9, 30), request(200.1, 30), request(84, 500.1), request(84, 30, 0, 2))
    for data in bad:
        await rig.receive(REQUEST, data)
        await rig.receive(REQUEST, data[:5])
    assert bms.refused == 2 * len(bad) == rig.can.refused
    assert (bms.max_voltage_mv.value, bms.max_current_ma.value) == (84000, 30000)
    rig.say[REQUEST] = bad[0]
    await rig.advance(5200)
    assert bms.permitted.value is None and rig.gate.bms_permits.value is False
    assert (bms.online.value, bms.mode.value) == (False, None)
    assert (bms.max_voltage_mv.value, bms.max_current_ma.value) == (None, None)
    await rig.stop()


async def test_after_3_s_of_silence_it_is_offline_and_after_5_s_it_blocks(tmp):
    rig = await Rig(tmp).start()
    await rig.receive(REQUEST, request())
    await rig.advance(2900)
    assert rig.bms.online.value and rig.bms.permitted.value
    await rig.advance(300)
    assert not rig.bms.online.value and rig.bms.permitted.value is True
    await rig.advance(1700)
    assert rig.bms.permitted.value is True
    await rig.advance(300)
    assert rig.bms.permitted.value is None and not rig.gate.bms_permits.value
    assert rig.logged("no charge request")
    await rig.receive(REQUEST, request())  # the same frame as before, but news now
    assert rig.bms.permitted.value is True and rig.bms.max_voltage_mv.value == 84000 and rig.bms.online.value
    await rig.stop()


async def test_no_permission_is_taken_that_nobody_would_take_away_again(tmp):
    rig = await Rig(tmp).start()
    await rig.charge()
    await rig.fail("bms")
    assert rig.part("bms").state == "failed" and not rig.gate.enabled.value
    opened = []
    rig.gate.enabled.watch(opened.append)
    await rig.receive(REQUEST, request())
    assert rig.gate.bms_permits.value is False and rig.bms.max_voltage_mv.value is None
    del rig.say[REQUEST]
    await rig.advance(900)
    rig.clock._now += 20000  # as after more failures
    rig.module(amps=0.0)
    await rig.advance(2000)
    assert rig.part("bms").state == "running" and opened == [], opened
    rig.vehicle()
    await rig.advance(1500)
    assert rig.gate.enabled.value, rig.gate.blocking()
    await rig.stop()


async def test_the_same_request_again_and_again_stays_fresh(tmp):
    rig = await Rig(tmp).start()
    rig.vehicle()
    await rig.advance(20000)
    assert rig.bms.permitted.value is True and rig.bms.online.value
    await rig.receive(REQUEST, request(switch=1))
    await rig.receive(REQUEST, request())
    assert rig.bms.permitted.value is True and rig.gate.bms_permits.value is True
    await rig.stop()


async def test_capacity_model_charge_and_range(tmp):
    rig = await Rig(tmp).start()
    bms = rig.bms
    sizes = ((30.0, 30000, "Classic"), (60.0, 60000, "Pro"), (60.1, 90000, "Max"), (300, 90000, "Max"))
    for amps, capacity, model in sizes:
        await rig.receive(REQUEST, request(84, amps))
        assert (bms.capacity_mah.value, bms.model.value) == (capacity, model)
    await rig.receive(REQUEST, request(84, 5))  # it asks for less when it gets full: still the same battery
    assert bms.model.value == "Max" and bms.soc_permille.value is None
    await rig.receive(CHARGED, amp_hours(1045.5))
    assert bms.soc_permille.value is None
    await rig.receive(DISCHARGED, amp_hours(1000))
    assert (bms.charged_mah.value, bms.discharged_mah.value) == (1045500, 1000000)
    assert (bms.battery_mah.value, bms.soc_permille.value, bms.range_m.value) == (45500, 505, 122850)
    await rig.receive(DISCHARGED, amp_hours(2000)[:4])
    assert (bms.battery_mah.value, bms.soc_permille.value, bms.range_m.value) == (0, 0, 0)
    await rig.receive(CHARGED, amp_hours(9000))
    assert (bms.battery_mah.value, bms.soc_permille.value, bms.range_m.value) == (90000, 1000, 243000)
    await rig.stop()


async def test_amp_hours_out_of_range_or_short_are_refused_and_old_ones_forgotten(tmp):
    rig = await Rig(tmp).start()
    bms = rig.bms
    rig.vehicle(amps=30)
    await rig.receive(REQUEST, request(84, 30))
    await rig.receive(CHARGED, amp_hours(100))
    await rig.receive(DISCHARGED, amp_hours(90))
    assert bms.soc_permille.value == 333
    for data in (b"\xff" * 8, b"\x40\x00\x00\x00", b"\x00\x00\x01"):
        await rig.receive(CHARGED, data)
    assert bms.refused == 3 and bms.charged_mah.value == 100000
    await rig.advance(5200)
    for signal in (bms.charged_mah, bms.discharged_mah, bms.battery_mah, bms.soc_permille, bms.range_m):
        assert signal.value is None
    assert bms.permitted.value is True and bms.capacity_mah.value == 30000
    await rig.stop()


async def test_requests_amp_hours_every_2_s_and_10_ms_later(tmp):
    rig = await Rig(tmp).start()
    await rig.advance(1000)  # the first pair may have been before the bus was up, or cut in two by it
    since = len(rig.wire.frames)
    await rig.advance(40000)
    await rig.until(lambda: len(rig.wire.of(ASK_DISCHARGED, None, since)) == 20)
    charged = rig.wire.of(ASK_CHARGED, None, since)
    discharged = rig.wire.of(ASK_DISCHARGED, None, since)
    assert all(data == bytes(8) for _, data in charged + discharged)
    check_period(charged, 2000)
    check_period(discharged, 2000)
    order = [at for _, at, _ in rig.wire.frames[since:] if at in (ASK_CHARGED, ASK_DISCHARGED)]
    assert order == [ASK_CHARGED, ASK_DISCHARGED] * (len(order) // 2)
    gaps = [b[0] - a[0] for a, b in zip(charged, discharged)]
    assert sorted(gaps)[len(gaps) // 2] == 10 and max(gaps) <= 60, gaps
    await rig.stop()


def test_models_that_would_not_fit_are_refused():
    from components.bms import Bms

    for capacity in (0, 1000001):
        options = {name: Bms.options[name][1] for name in Bms.options}
        options["models"] = ((1, capacity, "x"),)
        try:
            Bms(None, None, None, None, **options)
            raise AssertionError(capacity)
        except ValueError as e:
            assert str(capacity) in str(e)
