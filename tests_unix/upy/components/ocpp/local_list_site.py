"""What the tests of the Local Authorization List share: a site that has one, entries, the commands."""

from components.ocpp.v16.local_list import parsed
from components.station.local_list import records, update
from components.station.local_list.file import ListFile

USE = "components.station.local_list:LocalList"


class File(ListFile):
    """With what is loaded to check and change it."""

    load, is_now, update = update.load, update.is_now, update.update


def pack(given, may_remove):
    """The record of an AuthorizationData."""
    return records.pack(parsed(given), may_remove)


def listed(**options):
    return {"profiles": ((USE, options),)}


def entry(tag, status="Accepted", **info):
    return {"idTag": tag, "idTagInfo": dict(info, status=status)}


async def send(site, version, *entries, full=True):
    """SendLocalList: the status of its answer, or the code of the CALLERROR."""
    payload = {"listVersion": version, "updateType": "Full" if full else "Differential"}
    if entries:
        payload["localAuthorizationList"] = list(entries)
    answer = await site.central.call("SendLocalList", payload)
    return answer if isinstance(answer, str) else answer["status"]


async def version(site):
    return (await site.central.call("GetLocalListVersion", {}))["listVersion"]


def found(site, *tags):
    """What the list says of the tags."""
    return [site.profiles[0].find(tag) for tag in tags]
