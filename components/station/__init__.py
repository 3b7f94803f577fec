"""The charging business of a station, without a word of the protocol that a central system speaks.

`Station` is the component. What speaks with a central system (a dialect, such as `components.ocpp`) requires it: it
says by `Station.connect` how that one is reached, tells it what is in the journal, and makes what is asked a call of
what is here. Without a dialect, who may charge is decided as it is offline.

=============================  ===================================================================================
outlet                         what each outlet has for itself: the next two rows, and its connector
transactions, transaction      who charges, from when to when
metering                       what can be measured, and when that is done
journal                        what happened in transactions, until the central system has taken it
cards, waiting, authorization  for which outlet a card is, and whether it may charge
shutdown                       what becomes of transactions when the firmware goes down
connector                      a connector's state, and whether it is in service
configuration, key_values,     what may be configured
keys
stamps                         times, and numbers that are never used twice
assembly                       who needs whom; loaded for that
reservation                    outlets kept for idTags: a component of its own, which a board may leave out
local_list                     idTags that are known in advance: the same
limits                         charging profiles: the same
auto_authorize                 an idTag for whatever is plugged in: the same
=============================  ===================================================================================

The contract: others use the methods of `Station` and what is named here, and nothing else. Energies are integers in mWh
or, where a name says so, whole Wh; currents in mA; times in ms, UTC or uptime as the name says.

- ``outlets``: the tuple of `Outlet` in the order of their ids, 1 to n; ``outlet(n)``: one, or None. Of each:

  - ``id``, ``evse`` (see `components.evse`), ``key(name)`` and ``words()``;
  - ``connector``: the Signals ``state`` (ChargePointStatus of OCPP 1.6) and ``notification`` ((state, error, info),
    None until the first state is certain); ``error`` ("NoError" if there is none), ``info`` ("" if there is none),
    ``since_ms`` (uptime of the last change), ``limit()`` (what limits the current, in words, or "");
  - ``transactions``: ``current`` (a `Transaction`, None while none runs), ``finished`` (one has ended since the
    vehicle was plugged in), ``runs()`` (one is current, or it was stopped and its end is not journaled), ``limit_ma``,
    ``lock`` (`Absent` where there is none); ``stop(reason, tag)``, ``remote_start(tag)``, ``obstacle(tag)`` (why none
    can be asked for now: (reason, detail), or ()), ``confirmed`` and ``called`` of the id;
  - ``register``: ``read()`` in mWh, ``changes()`` and ``whole()`` of what is reported; ``metering``: ``sample``,
    ``triggered``, ``next_aligned``.

- ``authorization``: `check` decides about an idTag; `asked` is one that the central system is to be asked about, or
  None, `answered` and `unanswered` take what became of it; `learn` takes a verdict, `clear` empties the cache,
  `add_list` has a list asked first. The Signal ``card`` is what became of the last card (see `Authorization.tell`),
  None before the first.
- ``journal``: events of transactions, whose records are described there (`oldest`, `events`, `take`, ``len``,
  ``thinned``, `outlet_of`, `values`, `context`).
- ``configuration``: values by their names, and their rules: ``[name]``, `read`, `set`, `settle`, `add`, `fix`, `watch`,
  `set_handler`.
- ``availability``: what is in service (`change`, `charge_point`, `hold`, `tell_conflict`).
- ``stamps``: `learn` takes the time from a central system, `suppose` from who does not vouch for it; `now` makes a
  stamp, `fixed` and `text` write one; `number` and `message_id` are never used twice; `on_correction` is called when a
  time that was known was wrong.
- ``reservation``, ``charging``: who is asked of reservations and limits: has the methods of `Absent`.
- ``on_demand``: where modules are loaded that are seldom needed, see `OnDemand`.
"""

from micropython import const

from core.loading import OnDemand, unbind, unload

from .cards import present, start
from .optional import Absent

_STEP_MS = const(250)


class Station:
    """Who charges at which outlet, from when to when, for how much energy: see the package.

    Options: ``cache_size`` idTags that were answered are kept; ``queue_max`` events wait for the central system;
    ``stop_ms``: so long the end of a transaction waits for the power module to stop; ``stop_data_bytes``: so much the
    samples take at most that are told with it.
    """

    requires = ("clock", "log", "kernel", "pulse", "store")
    collects = ("evse", "gate")
    keeps = ("ocpp", "ocpp/data", "ocpp/data/", "ocpp/tx", "ocpp/tx/", "ocpp/run", "ocpp/utc/", "ocpp/supposed",
             "ocpp/c/", "ocpp/a/", "ocpp/available", "ocpp/told", "ocpp/told/", "ocpp/last", "ocpp/last/")  # fmt: skip
    options = {
        "cache_size": (int, 50, 1, 500),
        "queue_max": (int, 300, 10, 10000),
        "stop_ms": (int, 2000, 0, 10000),
        "stop_data_bytes": (int, 8192, 2048, 65536),
    }
    outlets = ()
    card = ()  # type: tuple  # as in `Transactions`: one that waits for the outlet that is plugged in next
    starting = begun = ended = ()  # see `watch_transactions`
    features = _steps = _stamp_sources = ()
    _send = None
    tag_max = 36  # characters of an idTag, see `connect`

    def __init__(self, clock, log, kernel, pulse, store, evse, gate, **options):
        self.clock = clock
        self.log = log
        self.store = store
        self._pulse = pulse
        self.on_demand = OnDemand()
        self.reservation = self.charging = Absent()
        from .assembly import outlets, shared

        parts = shared(self, kernel, len(evse), options)
        self.stamps, self.configuration, self.authorization, self.availability, self.journal, self.shutdown = parts
        self.outlets = outlets(self, evse, gate, options)
        unload("components.station.assembly")
        unbind("components.station")

    # --- who speaks with the central system -----------------------------------------------------------------------

    def connect(self, online, wake, waiting, step, tag_max):
        """Have a central system notified. ``online()``: is it there, and has it accepted us? ``wake()`` is called when
        there is something new for it; ``waiting()``: is there something that is to be sent before the end, besides what
        is in the journal? ``step()`` is called every 250 ms, once the states are derived. `tag_max`: so many characters
        an idTag has at most.
        """
        self.online, self.wake, self.waiting, self._send, self.tag_max = online, wake, waiting, step, tag_max

    def online(self):
        """See `connect`; there is no central system."""
        return False

    def wake(self):
        """See `connect`."""

    def waiting(self):
        """See `connect`."""
        return False

    # --- for other components, in their constructors ----------------------------------------------------------------

    def watch_transactions(self, starting=None, begun=None, ended=None):
        """Have ``starting(transaction, changes)`` called before one is journaled: what it puts into `changes`, {key:
        value}, is journaled with it; ``begun(transaction)`` once it is and before the gate opens;
        ``ended(transaction, meter_stop_wh)`` once its end is journaled. ``transaction.outlet`` is where.
        """
        self.starting += (starting,) if starting is not None else ()
        self.begun += (begun,) if begun is not None else ()
        self.ended += (ended,) if ended is not None else ()

    def add_feature(self, name, feature):
        """What a board may leave out registers itself by a name; who speaks with the central system finds it by that,
        and shows its `page`, if it has one.
        """
        self.features += (name, feature)

    def feature(self, name):
        """The feature of this name, or None."""
        return self.features[self.features.index(name) + 1] if name in self.features else None

    def reserve_by(self, reservation):
        """Have reservations decide who may start where: see `Absent`."""
        self.reservation = reservation

    def limit_by(self, charging):
        """Have charging profiles limit the current: see `Absent`."""
        self.charging = charging

    def add_step(self, function):
        """Have ``function()`` called every 250 ms, before the states are derived."""
        self._steps += (function,)

    def add_stamps(self, function):
        """Before `start`: ``function()`` yields the stamps that a part has in the journal (see `Stamps`)."""
        self._stamp_sources += (function,)

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self):
        """Read the journal."""
        self.configuration.start()
        self.availability.start()
        self.authorization.start()
        stamps = list(self.journal.stamps())
        for outlet in self.outlets:
            outlet.register.start()
            stamps.extend(outlet.transactions.stamps_in_journal())
        for source in self._stamp_sources:
            stamps.extend(source())
        self.stamps.start(stamps)
        for outlet in self.outlets:
            outlet.transactions.start()
        self.shutdown.start()

    async def run(self):
        """Look after everything that time changes."""
        for outlet in self.outlets:
            outlet.transactions.begin_run()
        while True:
            self._pulse()
            self._step()
            await self.clock.sleep_ms(_STEP_MS)

    async def before_stop(self):
        """The firmware stops in order: end transactions as `Shutdown.last_words` says."""
        await self.shutdown.last_words(self._step)

    def _step(self):
        self.authorization.step()
        if self.card:
            self._step_card()
        for outlet in self.outlets:
            outlet.transactions.step()
            outlet.metering.step()
        for step in self._steps:
            step()
        for outlet in self.outlets:
            outlet.connector.step()
        if self._send is not None:
            self._send()
        self.shutdown.step()

    def _step_card(self):
        try:
            from .waiting import step

            step(self)
        except MemoryError:
            pass  # the next step tries again
        unload("components.station.waiting")

    # --- at any time ------------------------------------------------------------------------------------------------

    def outlet(self, number):
        """The `Outlet` with this id, or None: this board has none of it."""
        for outlet in self.outlets:
            if outlet.id == number:
                return outlet
        return None

    def moment(self):
        """The state of any connector may have changed."""
        for outlet in self.outlets:
            outlet.connector.event()

    def present(self, tag):
        """An idTag was presented. Returns at once what becomes of it, as a value: see `Authorization.tell`."""
        result = present(self, tag)
        self.log.info("idTag presented: %s", self.words(result))
        return result

    def start_transaction(self, tag, number):
        """A transaction is requested at outlet `number`; see `present`."""
        result = start(self, tag, number)
        self.log.info("start at outlet %d: %s", number, self.words(result))
        return result

    def words(self, result):
        """A result of `present`, or of `Authorization.card`, as text; None, without memory, has none."""
        from .authorization import result_words

        return result_words(result, self.tag_max) if result else ""

    def set(self, key, value):
        """Configuration: set a key; returns what became of it. A refusal: see ``configuration.refusal``."""
        status = self.configuration.set(key, value)
        self.configuration.settle()
        return status

    def reset(self, kind="Soft", reason=""):
        """Restart; "Soft": end the transactions and deliver what is queued (at most 10 s) before; "Hard": at once."""
        self.shutdown.reset(kind, reason or kind + "Reset")
