"""``make demo``: one complete charging session, unattended; status 0 only if the bill is what the module delivered.

A nearly empty "Max" pack is plugged in, a card is presented, the pack fills (its chemistry runs faster than real), the
current tapers, the BMS ends the charge, the vehicle is unplugged. The register in StartTransaction, MeterValues and
StopTransaction must then agree with the module's own meter.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from ocpp.charge_point import camel_to_snake_case
from ocpp.v16 import call

from tools.central import Message
from tools.firmware import missing_interpreter
from tools.point import Transaction, energies
from tools.station import Station

TAG = "DEMO-CARD"
TOLERANCE = 0.005
_SOC, _SPEED = 0.67, 75
_MEASURANDS = "Energy.Active.Import.Register,Voltage,Current.Import,Power.Active.Import,SoC"
_SHOWN = ("BootNotification", "StatusNotification", "Authorize", "StartTransaction", "StopTransaction", "DataTransfer")


class Timeline:
    """Prints what happens, with the seconds since the start."""

    def __init__(self, station: Station):
        self._station = station
        self._began = time.monotonic()
        self._seen = 0

    def show(self, text: str = "") -> None:
        """Print the messages that came before, then the text."""
        since, self._seen = self._seen, self._station.central.messages.total
        for message in self._station.central.calls(since=since):
            self._print_message(message)
        if text:
            self._print(text)

    def _print(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.2f} s  {text}", flush=True)

    async def follow(self) -> None:
        """Print the charge point's messages and, each second of charge, the power module."""
        shown = 0.0
        while True:
            if self._station.central.calls(since=self._seen):
                self.show()
            module = self._station.module
            if module.current_a > 0.5 and time.monotonic() - shown >= 1:
                shown = time.monotonic()
                self.show(
                    f"    module  {module.voltage_v:6.2f} V {module.current_a:7.2f} A  "
                    f"SoC {self._station.battery.soc:6.1%}  delivered {module.delivered_wh:8.3f} Wh"
                )
            await asyncio.sleep(0.05)

    def _print_message(self, message: Message) -> None:
        payload = message.payload
        if message.action == "MeterValues":
            values = energies(camel_to_snake_case(payload)["meter_value"])
            self._print(f"<- MeterValues, register {values[-1] if values else '?'} Wh")
        elif message.action in _SHOWN:
            shown = {key: value for key, value in payload.items() if key not in ("timestamp", "transactionData")}
            self._print(f"<- {message.action} {shown}")


def judge(transaction: Transaction, delivered_wh: float) -> list[str]:
    """Return what does not agree; energies in Wh. meterStart and meterStop may differ from it by rounding, < 1 Wh."""
    wrong = []
    samples, final = transaction.register_wh(), transaction.stop_register_wh()
    stop = transaction.stop or {}
    if not samples or not final:
        return ["no energy register in MeterValues or in StopTransaction's transactionData"]
    if sorted(samples) != samples:
        wrong.append("the register in MeterValues falls")
    for name, whole, exact in (
        ("meterStart", transaction.start["meter_start"], final[0]),
        ("meterStop", stop["meter_stop"], final[-1]),
    ):
        if abs(whole - exact) >= 1:
            wrong.append(f"{name} {whole} is not the register {exact} rounded")
    for name, metered in (
        ("MeterValues", samples[-1] - final[0]),
        ("transactionData", final[-1] - final[0]),
    ):
        if abs(metered - delivered_wh) > TOLERANCE * delivered_wh:
            wrong.append(f"{name}: {metered:.3f} Wh metered, {delivered_wh:.3f} Wh delivered")
    return wrong


async def _configure(station: Station) -> None:
    settings = {
        "MeterValueSampleInterval": "1",
        "MeterValuesSampledData": _MEASURANDS,
        "StopTxnSampledData": "Energy.Active.Import.Register",
    }
    for key, value in settings.items():
        answer = await station.central.call(call.ChangeConfiguration(key=key, value=value))
        if answer.status != "Accepted":
            raise RuntimeError(f"ChangeConfiguration {key}={value}: {answer.status}")


async def _session(station: Station, timeline: Timeline) -> Transaction:
    await station.wait_booted()
    await station.firmware.wait_output("BootNotification: Accepted")  # it has received that, too
    await _configure(station)
    timeline.show("the vehicle is plugged in")
    station.vehicle.plug()
    await station.central.wait_for("StatusNotification", lambda p: p["connectorId"] == 1 and p["status"] == "Preparing")
    timeline.show(f"the card {TAG} is presented")
    await station.firmware.write(f"auth {TAG}\n")
    await station.central.wait_for("StartTransaction")
    await station.until(lambda: station.vehicle.full, 40, "full battery")
    timeline.show("the battery is full, its BMS ends the charge")
    await station.until(lambda: station.module.current_a < 0.01, 15, "end of the current")
    timeline.show("the vehicle is unplugged")
    station.vehicle.unplug()
    await station.central.wait_for("StopTransaction")
    transaction = station.central.books.last
    assert transaction is not None
    await station.until(lambda: transaction.stop is not None, 15, "answer to StopTransaction")
    return transaction


def _report(transaction: Transaction, station: Station, wrong: list[str]) -> None:
    final, module = transaction.stop_register_wh(), station.module
    start, stop = transaction.start["meter_start"], (transaction.stop or {})["meter_stop"]
    rows = [
        ("delivered, by the power module's own meter", f"{module.delivered_wh:.3f} Wh"),
        ("delivered, simulated output every 20 ms", f"{module.output_wh:.3f} Wh"),
        ("metered by MeterValues and transactionData", f"{final[-1] - final[0]:.3f} Wh" if final else "nothing"),
        ("billed, meterStop - meterStart (whole Wh)", f"{stop} - {start} = {stop - start} Wh"),
    ]
    print()
    for name, value in rows:
        print(f"  {name:44} {value}")
    if final and module.delivered_wh:
        off = (final[-1] - final[0]) / module.delivered_wh - 1
        print(f"  {'metered, beside what the module delivered':44} {off:+.3%} (allowed {TOLERANCE:.1%})")
    for text in wrong:
        print("  WRONG:", text)
    print("  the bill is right: what was metered, in whole Wh" if not wrong else "  the bill is wrong")


async def _demo(home: Path) -> int:
    async with Station(home, pack="Max", soc=_SOC, speed=_SPEED) as station:
        timeline = Timeline(station)
        following = asyncio.create_task(timeline.follow())
        timeline.show("firmware started")
        try:
            transaction = await _session(station, timeline)
            await asyncio.sleep(0.1)  # the timeline's last line
        except TimeoutError as error:
            print(f"\nThe session did not continue: {error}\nThe firmware's console:")
            print("\n".join(station.firmware.lines[-40:]))
            return 1
        finally:
            following.cancel()
        await station.firmware.interrupt()
    wrong = judge(transaction, station.module.delivered_wh)
    _report(transaction, station, wrong)
    return 1 if wrong else 0


def main() -> int:
    """Run the session in a directory of its own; returns the status."""
    wrong = missing_interpreter()
    if wrong:
        print(wrong, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ucharge-demo-") as home:
        return asyncio.run(_demo(Path(home)))


if __name__ == "__main__":
    sys.exit(main())
