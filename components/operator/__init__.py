"""The interface for operators and front ends: contract Operator, service ``operator``.

A front end (console, web, MQTT, a display, LED and buzzer, a button) requires ``operator`` and nothing else of the
station. It calls methods, watches Signals, and renders what it gets: nothing here is made for a certain one.

Emergency stop
==============

``emergency_stop`` (Signal, bool): it is pressed, and closes every gate; kept over a restart.

- ``press_stop()``: press it, as a button does: the gates are closed when it returns, also without any memory.
- ``release()``: release it, and whatever else waits for an operator (a power module that did not stop, a journal in
  doubt). Returns whether the emergency stop was pressed. Nothing starts by it.
- ``emergency``: for a key that may mean something else as well, see `kept.EmergencyStop`.

Cards
=====

``card`` (Signal): what became of the card that was presented last, a tuple (number, outcome, reason, detail, tag,
outlet); None before the first. ``number`` differs from that of the result before, so the same outcome twice is a
change. ``reason`` and ``detail`` are "" where there is none. ``outlet``: 1 ... n, 0: none in particular.

- ``present(tag)``: a card was read (str: 1 to 20 printable ASCII characters). Returns what ``card`` is now, at once;
  what the central system decides comes later, as a change of ``card``. At an outlet that charges by this card it ends
  the transaction; else it starts one where a vehicle is plugged in, or is plugged in next.
- ``start_transaction(tag, outlet=1)``: a transaction is requested at an outlet, as by a button or a web page. It
  ends none. Returns what ``card`` is now, too.
- ``stop_transaction(outlet=1)``: ends the one that runs there, as its card does: the gate is closed when it returns.
  Returns "", or why there is nothing to end: ``no_outlet``, ``not_running``.
- ``text_of(result)``: a result as text.

Outcomes: ``no_tag`` (it is no idTag); ``checking`` (another result follows); ``accepted`` (it waits for the plug, or
starts now); ``started`` (a transaction); ``refused``; ``taken_back`` (the same card again, before the plug);
``given_up`` (it was accepted, but no transaction starts); ``ended`` (a transaction); ``unlocked`` (the cable).

Reasons of ``refused`` and ``given_up``: ``checking``, ``waiting`` (another card is being checked, or waits for the
plug; detail: its tag); ``no_outlet`` (detail: its number); ``other_tag`` (a transaction of another card runs);
``unauthorized`` (detail: OCPP's AuthorizationStatus); ``running`` (a transaction runs); ``stuck`` (the end of the last
one cannot be journaled);
``restarting``; ``out_of_service``; ``faulted`` (detail: a text, or a ChargePointErrorCode); ``reserved``; ``journal``
(detail: its error); ``timeout`` (nothing was plugged in); ``emergency_stop``.

Configuration
=============

- ``keys()``: generator of the names of OCPP's configuration keys.
- ``get(key)``: (name, value as text, whether it is read-only), in capitals or not; None: no such key. The value is None
  where it must not be read.
- ``set(key, value)``: (status, reason): the status of ChangeConfiguration (``Accepted``, ``Rejected``,
  ``RebootRequired``, ``NotSupported``), and why it is refused, as text. Raises OSError if it cannot be journaled.
- ``describe(key)``: {"name", "type" (bool, int, csl, str ...), "default", "lowest", "highest", "access" (R, RW, RB: in
  force after a restart, W)}, None: no such key; of a ``csl``, a list, highest is how many at most.

Settings
========

- ``settings()``: generator of a dict for each setting of the board, see `core.settings_file.rows`. Raises
  DeclarationError if settings.json cannot be read.
- ``change_settings(changes, save=True)``: changes {"ocpp.url": value, None to remove it} for the next start. All of the
  file is checked as a start does, but for what only building finds out (that there is such a serial line). Returns {}
  if it is right, and written unless ``save`` is False; else {name: what is wrong, as text}, and nothing is changed; the
  name "" is that of the whole file. They raise MemoryError: then nothing is changed.

Limits
======

- ``limit(source, ma, life_ms=None, outlet=0)``: ``source`` (str, as it is shown) limits the station (0) or an outlet to
  ``ma`` mA, None: no longer; see `components.budget`: after ``life_ms`` without another call its fail-safe limit holds.
  Raises ValueError for an invalid value, and where the board has no budget.
- ``limits()``: a list of dicts: ``source`` ("OCPP": what the central system permits); ``outlet``, 0: the station;
  ``ma``; ``left_ms``: of its life time, None: it has none, 0: it is over, and the fail-safe limit is in ``ma``;
  ``fail_safe_ma``: what holds then, None: there is no life time; ``rules``: no other one limits an outlet as much.

Restart
=======

- ``restart(kind, reason)``: ``"Soft"``: ends a transaction that runs, and delivers what is queued, for at most 10 s,
  before. ``"Hard"``: ends it, at once. ``""``: at once and in order; the transaction continues afterwards. It releases
  what `release` does but for the emergency stop. `reason`: what the next start reports of this end.
- ``request_settings(reason)``: restart into the prompt that changes settings.json. Returns "", or why not: ``running``
  (a transaction), ``no_prompt`` (only a device has one).

State
=====

- ``snapshot()``: the whole state as data, see `snapshot`: ``for path, piece in operator.snapshot()``, or one piece,
  ``operator.snapshot()["outlet/1"]``. Only one piece exists at a time. The module is there as long as the object is.
- ``identity()``: a dict: ``id``, ``version`` of the firmware, ``board``, ``outlets``: how many.
- ``why()``: generator of (0, lines) of the station and (id, lines) of each outlet: why it charges, or does not. A line
  that begins with "BLOCKS" is a condition of the gate that does not hold, one with "ok" another; the last line of an
  outlet is whether charging is enabled.
- ``security_event(type, info)``: what has happened goes to the security log, and to the central system; `type` is of
  the white paper's list. It raises nothing.
- ``log``: the last lines of the log, an iterable.
- ``charges(newest_first=True)``: generator of a dict for each session of the charge log, see `components.charge_log`;
  ``charges_csv()``: generator of its lines as CSV (RFC 4180), with their ends. Without a charge log there is none.
- ``black_boxes()``: a list of (name, bytes) of the files of the black box, the newest first; ``black_box(name, text)``:
  generator of the bytes of one, in pieces, or of what is in it, as `text`. Raises KeyError, OSError, ValueError.
- ``provisioning``: the component, see `components.provisioning`; None where the board has none.
- ``update``: None where the board takes no updates of the firmware; else what an image is fed to, see `update`.
- ``receive_all(on)``: whether frames without a handler are received as well, to be shown; each bus changes it when
  charging is not enabled.

Pages
=====

A component that has something to show declares ``provides = ("page",)`` and has ``page()``: a generator of (name, text,
data), `data` being a dict of plain values (or None) and ``text % data`` a line to be shown. It is then a piece of the
snapshot, and on the console's page ``status``. It cannot require ``operator``, which is built after it.
"""

from core.kernel import RESTART
from core.loading import unload


class Operator:
    """See the package. The attributes that it does not name are for its modules."""

    requires = ("kernel", "clock", "log", "store", "station", "ocpp", "health")
    uses = ("budget", "limits", "charge_log", "blackbox", "provisioning", "firmware")
    collects = ("can", "page")
    keeps = ("console.stop",)

    def __init__(self, kernel, clock, log, store, station, ocpp, health, can, page, **optional):
        # Here, and not while the classes are loaded: it is not there yet when OCPP's parts are made, which takes most.
        from components.operator.kept import EmergencyStop, Session, Writes

        self.kernel = kernel
        self.ocpp = ocpp
        self.station = station
        self.health = health
        self.budget, self.provisioning = optional["budget"] or optional["limits"], optional["provisioning"]
        self._charge_log, self._blackbox = optional["charge_log"], optional["blackbox"]
        self._firmware = optional["firmware"]
        self.buses = can
        self.pages = page
        self.card = station.authorization.card
        self.emergency = EmergencyStop(clock, log, store, kernel)
        self.emergency_stop = kernel.emergency_stop
        self.log = log.tail.lines
        self.sessions = tuple([Session(outlet, station) for outlet in station.outlets])
        self.writes = Writes(clock, store, station.outlets)
        ocpp.add_page(self._diagnostics)

    async def start(self):
        self.writes.begin()
        self.emergency.start()

    # --- emergency stop -----------------------------------------------------------------------------------------

    def press_stop(self):
        try:
            self.emergency.press()
        finally:  # what watches the gate may raise
            self.emergency.hold()

    def release(self):
        self.kernel.release()
        return self.emergency.release()

    # --- cards --------------------------------------------------------------------------------------------------

    def present(self, tag):
        return self.station.present(tag)

    def start_transaction(self, tag, outlet=1):
        return self.station.start_transaction(tag, outlet)

    def stop_transaction(self, outlet=1):
        it = self.station.outlet(outlet)
        if it is None:
            return "no_outlet"
        if it.transactions.current is None or it.transactions.current.reason:
            return "not_running"
        it.transactions.stop("Local")
        return ""

    def text_of(self, result):
        return self.station.words(result)

    # --- configuration ------------------------------------------------------------------------------------------

    def keys(self):
        return self.station.configuration.names()

    def get(self, key):
        return self.station.configuration.read(key)

    def set(self, key, value):
        status = self.station.set(key, value)
        return status, self.station.configuration.refusal

    def describe(self, key):
        return self.station.configuration.describe(key)

    # --- settings -----------------------------------------------------------------------------------------------

    def settings(self):
        with self.station.on_demand:
            from core.settings_file import rows

            return rows(self.kernel)

    def change_settings(self, changes, save=True):
        with self.station.on_demand:
            from core.settings_file import change_settings

            return change_settings(self.kernel, changes, save)

    # --- limits -------------------------------------------------------------------------------------------------

    def limit(self, source, ma, life_ms=None, outlet=0):
        if self.budget is None:
            raise ValueError("this board has no budget")
        self.budget.limit(source, ma, life_ms, outlet)

    def limits(self):
        from components.operator.limits import rows

        unload("components.operator.limits")
        return rows(self)

    # --- restart ------------------------------------------------------------------------------------------------

    def restart(self, kind, reason):
        if kind:
            self.station.reset(kind, kind + "Reset")
            return
        self.kernel.release()
        self.kernel.request_exit(RESTART, reason)

    def request_settings(self, reason):
        from core.failures import SETTINGS_REQUESTED, failures

        for outlet in self.station.outlets:
            if outlet.transactions.current is not None:
                return "running"
        if failures(SETTINGS_REQUESTED) != SETTINGS_REQUESTED:
            return "no_prompt"
        self.kernel.request_exit(RESTART, reason)
        return ""

    # --- update -------------------------------------------------------------------------------------------------

    @property
    def update(self):
        if self._firmware is None:
            return None
        from components.operator.update import Update

        unload("components.operator.update")
        return Update(self._firmware)

    # --- state --------------------------------------------------------------------------------------------------

    def snapshot(self):
        from components.operator.snapshot import Snapshot

        unload("components.operator.snapshot")
        return Snapshot(self)

    def identity(self):
        board, outlets = self.kernel.board_name, len(self.station.outlets)
        return {"id": self.ocpp.id, "version": self.ocpp.firmware_version, "board": board, "outlets": outlets}

    def why(self):
        from components.operator.why import why

        unload("components.operator.why")
        return why(self.snapshot())

    def charges(self, newest_first=True):
        return iter(()) if self._charge_log is None else self._charge_log.table().rows(newest_first)

    def charges_csv(self):
        return iter(()) if self._charge_log is None else self._charge_log.table().csv()

    def black_boxes(self):
        return [] if self._blackbox is None else self._blackbox.boxes()

    def black_box(self, name, text=False):
        if self._blackbox is None:
            raise KeyError(name)
        return self._blackbox.lines(name) if text else self._blackbox.read(name)

    def security_event(self, type, info=""):
        self.ocpp.security_event(type, info)

    def _diagnostics(self):
        with self.station.on_demand:
            from components.operator.diagnostics import diagnostics

            return diagnostics(self)

    def receive_all(self, on):
        for can in self.buses:
            can.receive_all(on)
