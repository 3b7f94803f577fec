"""Commands of the central system: what its operator does, and how it answers."""

from __future__ import annotations

import json
from typing import Literal

from ocpp.v16 import call
from ocpp.v16.enums import ResetType

from tools.commands import CommandError, Commands, command, number_of
from tools.point import Tag, utc_now

_CALL_S = 30
_PROFILE = 9001  # the id of the one charging profile that is set by a command

Status = Literal["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]


class CentralCommands(Commands):
    """The central system and the way to it."""

    group = "central"

    @command("Remote start")
    async def remote_start(self, tag: str, outlet: str = "1") -> str:
        """RemoteStartTransaction."""
        self._outlet(outlet)
        answer = await self._station.central.call(call.RemoteStartTransaction(id_tag=tag, connector_id=int(outlet)))
        return answer.status

    @command("Remote stop")
    async def remote_stop(self, outlet: str = "1") -> str:
        """RemoteStopTransaction of the transaction that runs."""
        self._outlet(outlet)
        for transaction in self._station.central.books.transactions.values():
            if transaction.stop is None and transaction.start["connector_id"] == int(outlet):
                answer = await self._station.central.call(call.RemoteStopTransaction(transaction_id=transaction.id))
                return answer.status
        raise CommandError("no transaction runs")

    @command("Limit current")
    async def profile(self, amps: str = "10", outlet: str = "1") -> str:
        """SetChargingProfile: transactions at the outlet draw at most this current, in A."""
        self._outlet(outlet)
        limit = round(number_of(amps, "a current in A", 0, 6000), 1)
        profile = {
            "charging_profile_id": _PROFILE + int(outlet),
            "stack_level": 0,
            "charging_profile_purpose": "TxDefaultProfile",
            "charging_profile_kind": "Absolute",
            "charging_schedule": {
                "charging_rate_unit": "A",
                "start_schedule": utc_now(),
                "charging_schedule_period": [{"start_period": 0, "limit": limit}],
            },
        }
        request = call.SetChargingProfile(connector_id=int(outlet), cs_charging_profiles=profile)
        return (await self._station.central.call(request)).status

    @command("Clear limits")
    async def clear_profiles(self) -> str:
        """ClearChargingProfile: no charging profile limits any outlet."""
        return (await self._station.central.call(call.ClearChargingProfile())).status

    @command("Answer for a card")
    def tag(self, tag: str, status: Status = "Blocked") -> str:
        """What is answered about an idTag from now on: Accepted, Blocked, Expired, Invalid or ConcurrentTx."""
        self._station.central.books.tags[tag] = Tag(_one_of(status, Status))
        return f"card {tag} is {status}"

    @command("Other cards")
    def other_tags(self, status: Literal["accepted", "refused"] = "accepted") -> str:
        """Whether idTags are accepted about which nothing is said by tag."""
        self._station.central.books.strict = _one_of(status, Literal["accepted", "refused"]) == "refused"
        return f"other cards are {status}"

    @command("Reset")
    async def reset(self, kind: Literal["soft", "hard"] = "soft") -> str:
        """Reset, soft or hard."""
        if kind not in ("soft", "hard"):
            raise CommandError(f"a reset is soft or hard, not {kind!r}")
        return (await self._station.central.call(call.Reset(type=ResetType(kind.capitalize())))).status

    @command("Go offline")
    async def offline(self) -> str:
        """The central system vanishes from the network."""
        await self._station.central.stop()
        return "the central system is offline"

    @command("Go online")
    async def online(self) -> str:
        """The central system is on the network again."""
        await self._station.central.go_online()
        return "the central system is online"

    @command("Unlock connector")
    async def unlock(self, outlet: str = "1") -> str:
        """UnlockConnector."""
        self._outlet(outlet)
        return (await self._station.central.call(call.UnlockConnector(connector_id=int(outlet)))).status

    @command("Change configuration")
    async def config(self, key: str, value: str) -> str:
        """ChangeConfiguration."""
        return (await self._station.central.call(call.ChangeConfiguration(key=key, value=value))).status

    @command("Get configuration")
    async def get(self, key: str = "") -> str:
        """GetConfiguration of one key, or of all."""
        answer = await self._station.central.call(call.GetConfiguration(key=[key] if key else None))
        known = [
            f"{item['key']} = {item.get('value', '')}{' (read only)' if item['readonly'] else ''}"
            for item in answer.configuration_key or ()
        ]
        return "\n".join(known + [f"{name}: unknown key" for name in answer.unknown_key or ()])

    @command("Send CALL")
    async def call(self, action: str, *payload: str) -> str:
        """Any CALL, as it is: call TriggerMessage {"requestedMessage": "Heartbeat"}."""
        try:
            content = json.loads(" ".join(payload) or "{}")
        except ValueError as error:
            raise CommandError(f"the payload is not JSON: {error}") from None
        central = self._station.central
        answer = await central.wait_answer(await central.call_raw(action, content), _CALL_S)
        return json.dumps(answer.payload)


def _one_of(word: str, choices) -> str:
    """The word, if it is one of a Literal's. Raises CommandError."""
    known = choices.__args__
    if word not in known:
        raise CommandError(f"{word!r} is none of {', '.join(known)}")
    return word
