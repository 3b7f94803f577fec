"""The central system's records of one charge point, and how it answers each Core message of OCPP 1.6."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass, field

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, DataTransferStatus, GenericStatus, RegistrationStatus


def utc_now() -> str:
    """The time as OCPP writes it."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Tag:
    """What is known of an idTag: status (Accepted, Blocked, Expired, Invalid, ConcurrentTx), expiry (ISO), parent."""

    status: str = "Accepted"
    expiry: str | None = None
    parent: str | None = None

    def info(self) -> dict:
        """Return the IdTagInfo."""
        values = {"status": self.status, "expiry_date": self.expiry, "parent_id_tag": self.parent}
        return {key: value for key, value in values.items() if value is not None}


@dataclass
class Transaction:
    """One transaction as the messages have it; the dicts hold the payloads in snake case."""

    id: int
    point: str
    start: dict
    meter_values: list[dict] = field(default_factory=list)
    stop: dict | None = None

    def register_wh(self) -> list[float]:
        """The energy register of every sample of MeterValues, in order, Wh."""
        return energies(sample for call in self.meter_values for sample in call["meter_value"])

    def stop_register_wh(self) -> list[float]:
        """The energy register of every sample of the transactionData, in order, Wh."""
        return energies((self.stop or {}).get("transaction_data") or ())


def energies(meter_values) -> list[float]:
    """The Energy.Active.Import.Register values among a list of MeterValue, Wh. It is the default measurand, in Wh."""
    found = []
    for sample in meter_values:
        for value in sample["sampled_value"]:
            if value.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register":
                found.append(float(value["value"]) * (1000 if value.get("unit") == "kWh" else 1))
    return found


class Books:
    """What a central system keeps: tags and transactions.

    tags: idTag -> Tag, or a status. strict: unknown tags are Invalid instead of Accepted. interval_s: of heartbeats.
    """

    def __init__(self, tags: dict[str, Tag | str] | None = None, strict: bool = False, interval_s: int = 300):
        self.tags = tags or {}
        self.strict = strict
        self.interval_s = interval_s
        self.transactions: dict[int, Transaction] = {}
        self.ids = itertools.count(1)

    def tag_info(self, id_tag: str) -> dict:
        """Return the IdTagInfo of a tag."""
        tag = self.tags.get(id_tag, Tag("Invalid") if self.strict else Tag())
        return (Tag(tag) if isinstance(tag, str) else tag).info()

    def start(self, point: str, start: dict) -> Transaction:
        """Open a transaction with an id of its own."""
        transaction = Transaction(next(self.ids), point, start)
        self.transactions[transaction.id] = transaction
        return transaction

    @property
    def last(self) -> Transaction | None:
        """The transaction that was started last."""
        return self.transactions[max(self.transactions)] if self.transactions else None


class Point(ChargePoint):
    """A connected charge point: the library's validation both ways, and sensible answers."""

    def __init__(self, name: str, link, books: Books, logger, timeout_s: float = 30):
        super().__init__(name, link, response_timeout=timeout_s, logger=logger)
        self.link = link
        self.books = books

    @on(Action.boot_notification)
    def boot(self, **_):
        interval_s = self.books.interval_s
        return call_result.BootNotification(utc_now(), interval_s, RegistrationStatus.accepted)

    @on(Action.heartbeat)
    def heartbeat(self, **_):
        return call_result.Heartbeat(utc_now())

    @on(Action.authorize)
    def authorize(self, id_tag, **_):
        return call_result.Authorize(self.books.tag_info(id_tag))

    @on(Action.status_notification)
    def status_notification(self, **_):
        return call_result.StatusNotification()

    @on(Action.start_transaction)
    def start_transaction(self, **start):
        transaction = self.books.start(self.id, start)
        return call_result.StartTransaction(transaction.id, self.books.tag_info(start["id_tag"]))

    @on(Action.meter_values)
    def meter_values(self, **values):
        transaction = self.books.transactions.get(values.get("transaction_id", 0))
        if transaction is not None:
            transaction.meter_values.append(values)
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def stop_transaction(self, **stop):
        transaction = self.books.transactions.get(stop["transaction_id"])
        if transaction is not None:
            transaction.stop = stop
        id_tag = stop.get("id_tag")
        return call_result.StopTransaction(None if id_tag is None else self.books.tag_info(id_tag))

    @on(Action.data_transfer)
    def data_transfer(self, **_):
        return call_result.DataTransfer(DataTransferStatus.accepted)

    @on(Action.sign_certificate)
    def sign_certificate(self, **_):
        return call_result.SignCertificate(GenericStatus.accepted)

    @on(Action.security_event_notification)
    def security_event(self, **_):
        return call_result.SecurityEventNotification()

    @on(Action.diagnostics_status_notification)
    def diagnostics(self, **_):
        return call_result.DiagnosticsStatusNotification()

    @on(Action.firmware_status_notification)
    def firmware(self, **_):
        return call_result.FirmwareStatusNotification()

    @on(Action.signed_firmware_status_notification)
    def signed_firmware(self, **_):
        return call_result.SignedFirmwareStatusNotification()

    @on(Action.log_status_notification)
    def log_status(self, **_):
        return call_result.LogStatusNotification()
