"""What the operator does besides cards: it ends a transaction, limits the current, and says why."""

import console_site
from console_site import ConsoleSite
from test_operator_snapshot import two_outlets


async def test_a_transaction_is_ended_as_a_local_stop_and_only_where_one_runs(tmp):
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        assert operator.stop_transaction() == "not_running" and operator.stop_transaction(2) == "no_outlet"
        await site.charge()
        number = operator.snapshot()["outlet/1/transaction"]["number"]
        assert operator.stop_transaction(1) == ""
        assert not site.kernel["gate"].enabled.value, "it is closed when it returns"
        assert operator.stop_transaction(1) == "not_running"
        await site.wait_charging(3000)
        ends = [record for record in site.kernel["store"].queue("ocpp").entries() if record[0] == "E"]
        assert [(record[2], record[5], record[6]) for record in ends] == [(number, "Local", None)], ends


async def test_why_tells_of_the_station_and_of_each_outlet_and_the_console_shows_that(tmp):
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        found = dict(operator.why())
        assert sorted(found) == [0, 1]
        assert [line for line in found[0] if line.startswith("no central system: ")], found
        assert "BLOCKS  no transaction runs" in found[1] and "ok      no emergency stop" in found[1]
        assert found[1][-2:] == ["connector 1: Available", "charging is disabled"], found
        text = await site.type("why\n")
        for lines in found.values():
            for line in lines:
                assert line + "\n" in text, (line, text)
        await site.charge()
        assert dict(operator.why())[1][-1] == "charging is enabled"
    async with two_outlets(tmp) as site:
        assert [outlet for outlet, _ in site.kernel["operator"].why()] == [0, 1, 2]


async def test_a_security_event_is_in_the_security_log(tmp):
    async with ConsoleSite(tmp) as site:
        site.kernel["operator"].security_event("InvalidMessages", "three wrong passwords from 10.0.0.9")
        lines = list(site.kernel["security"].log_lines())
        assert [line for line in lines if "InvalidMessages" in line and "10.0.0.9" in line], lines


class Unlimited(ConsoleSite):
    class board(console_site.Board):
        COMPONENTS = tuple([entry for entry in console_site.Board.COMPONENTS if entry["name"] != "limits"])
        SETTINGS = {name: console_site.Board.SETTINGS[name] for name in ("ocpp", "can", "wifi")}


async def test_a_board_without_a_budget_has_only_the_limit_of_the_central_system(tmp):
    async with Unlimited(tmp) as site:
        operator = site.kernel["operator"]
        try:
            operator.limit("web", 16000)
            raise AssertionError("nothing limits here")
        except ValueError as e:
            assert str(e) == "this board has no budget"
        assert operator.limits() == [] and operator.snapshot()["limits"] == {"limits": []}
        site.kernel["station"].outlets[0].transactions.limit_ma = 10000
        expected = {"source": "OCPP", "outlet": 1, "ma": 10000, "left_ms": None, "fail_safe_ma": None, "rules": True}
        assert operator.limits() == [expected]


async def test_each_limit_is_told_with_what_is_left_of_it_and_the_lowest_rules(tmp):
    async with two_outlets(tmp) as site:
        operator = site.kernel["operator"]

        def rules():
            return [(row["source"], row["outlet"]) for row in operator.limits() if row["rules"]]

        operator.limit("web", 32000, 60000)
        operator.limit("building", 16000, None, 2)
        assert rules() == [("web", 0), ("building", 2)]
        row = operator.limits()[0]
        assert row == {"source": "web", "outlet": 0, "ma": 32000, "left_ms": 60000, "fail_safe_ma": 0, "rules": True}
        await site.wait(17000)
        assert operator.snapshot()["outlet/1"]["limit"] == "limited to 32 A by web, 43 s left"
        assert operator.snapshot()["outlet/2"]["limit"] == "limited to 16 A by building"
        assert "limit: limited to 32 A by web, 43 s left" in dict(operator.why())[1]
        site.kernel["station"].outlets[1].transactions.limit_ma = 12500
        assert rules() == [("web", 0), ("OCPP", 2)]
        operator.limit("web", 9250)
        assert rules() == [("web", 0)] and operator.snapshot()["outlet/2"]["limit"] == "limited to 9.25 A by web"
        operator.limit("web", 9250, 1000)
        await site.wait(1500)
        row = operator.limits()[0]
        assert (row["ma"], row["left_ms"], row["fail_safe_ma"]) == (0, 0, 0)
        assert operator.snapshot()["outlet/1"]["limit"] == "limited to 0 A by web, whose life time is over"
        operator.limit("web", None)
        assert rules() == [("OCPP", 2)] and operator.snapshot()["outlet/1"]["limit"] == ""
        for wrong in ((-1, None, 0), (1.5, None, 0), (1, 0, 0), (1, None, 3), (True, None, 0)):
            try:
                operator.limit("web", *wrong)
                raise AssertionError(wrong)
            except ValueError:
                pass


async def test_what_the_board_has_not_is_empty(tmp):
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        assert operator.black_boxes() == [] and operator.provisioning is site.kernel["provisioning"]
        try:
            operator.black_box("1")
            raise AssertionError("there is none")
        except KeyError:
            pass
        assert operator.identity() == {"id": "CP-1", "version": "0.1.0", "board": "consoletest", "outlets": 1}


async def test_the_console_limits_and_shows_the_limits(tmp):
    async with two_outlets(tmp) as site:
        assert await site.type("limit\n") == "nothing limits the current from outside\n"
        text = await site.type("limit 16 60\n")
        assert text == "  console: 16.0 A for the station, for another 60 s, then 0.0 A: it rules\n", text
        text = await site.type("limit 9.5 0 2\n")
        assert "  console: 9.5 A for outlet 2: it rules\n" in text, text
        assert site.kernel["operator"].limits()[1]["ma"] == 9500
        for line in ("limit x", "limit 16 x", "limit 1 2 3 x y\n", "limit 16 60 7"):
            assert "not limited: " in await site.type(line.strip() + "\n") or line.startswith("limit 1 2 3"), line
        assert "there is no evse 7" in await site.type("limit 16 60 7\n")
        text = await site.type("limit off\nlimit off 0 2\n")
        assert text.endswith("nothing limits the current from outside\n"), text


async def test_the_sessions_are_there_for_front_ends_and_on_the_console(tmp):
    async with ConsoleSite(tmp) as site:
        operator = site.kernel["operator"]
        assert await site.type("charges\n") == "no session yet\n"
        await site.charge()
        operator.stop_transaction()
        await site.wait_charging(3000)
        (row,) = operator.charges()
        assert row["id_tag"] == "CARD-7" and row["reason"] == "Local" and row["max_w"] == 140
        lines = list(operator.charges_csv())
        assert len(lines) == 2 and lines[1].startswith("%d,1,CARD-7," % row["number"])
        text = await site.type("charges csv\n")
        assert text == "".join(lines).replace("\r\n", "\n"), text
        text = await site.type("charges\n")
        assert "outlet 1, CARD-7: 0." in text and "at most 0.1 kW, Local, offline" in text, text
        assert "Charge log: 1 sessions" in await site.type("status\n")
        assert operator.snapshot()["page/charge_log/charges"]["sessions"] == 1


async def test_with_one_outlet_a_limit_from_outside_is_one_of_its_gate(tmp):
    async with ConsoleSite(tmp) as site:
        operator, gate = site.kernel["operator"], site.kernel["gate"]
        await site.charge()
        before = gate.limit_ma.value
        operator.limit("web", 16000, 2000)
        assert gate.limit_ma.value == 16000, "at once"
        assert "ok      the limit from outside permits 16.0 A" in dict(operator.why())[1]
        assert operator.snapshot()["outlet/1"]["limit"] == "limited to 16 A by web, 2 s left"
        assert "limit of web for the station: 16000 mA, for another 2000 ms" in await site.type("status\n")
        await site.wait_charging(1500)
        operator.limit("web", 16000, 2000)  # renewed
        operator.limit("meter", 8000, None, 1)
        assert gate.limit_ma.value == 8000
        assert [row["source"] for row in operator.limits() if row["rules"]] == ["meter"]
        operator.limit("meter", None, None, 1)
        await site.wait_charging(1500)
        assert gate.limit_ma.value == 16000
        await site.wait_charging(1000)
        assert gate.limit_ma.value == 0 and not gate.enabled.value, "the fail-safe limit"
        site.kernel["can"].healthy.set(True)
        why = dict(operator.why())[1]
        assert "BLOCKS  the limit from outside permits no current" in why, why
        assert "limit: limited to 0 A by web, whose life time is over" in why, why
        assert site.kernel["station"].outlets[0].transactions.current is not None
        operator.limit("web", None)
        await site.wait_charging(500)
        assert gate.limit_ma.value == before and operator.limits() == []
