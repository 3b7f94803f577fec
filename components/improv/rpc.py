"""Improv's frames, and what is answered to each; loaded while there is one, see `Improv`.

Sections are those of improv-wifi.com/serial. All frames are short: a line that is written keeps others waiting.
"""

import asyncio
import sys
from micropython import const

from core.parts import DeclarationError

# Types of frames
_STATE = const(1)
_ERROR = const(2)
_COMMAND = const(3)
_RESULT = const(4)

# Commands
_SETTINGS = const(1)
_GET_STATE = const(2)
_INFO = const(3)
_SCAN = const(4)
_HOSTNAME = const(5)
_NAME = const(6)

# States
_READY = const(2)
_PROVISIONING = const(3)
_PROVISIONED = const(4)

# Errors
_NONE = const(0)
_INVALID = const(1)
_UNKNOWN_COMMAND = const(2)
_NOT_CONNECTED = const(3)
_BAD_HOSTNAME = const(5)
_UNKNOWN = const(0xFF)

_HOSTNAME_SETTING = const("wifi.hostname")
_SSID_MAX = const(32)  # bytes
_PASSWORD_MAX = const(64)
_TEXT_MAX = const(40)  # bytes of a text in a result
_NETWORKS_MAX = const(20)
_LOOKS = const(30)  # for the address in the network, before the restart
_LOOK_MS = const(100)
_CHECKED = const(478)  # the sum of the header and version, which the checksum is of as well


class Rpc:
    """Answers what waits in ``improv.frames``, one command after the other, but also while one of the two slow ones,
    a scan or an attempt to connect, runs: a second slow one is an "unknown error" then.
    """

    def __init__(self, improv):
        self._improv = improv
        self._operator = improv.operator
        self._slow = None
        self.come = asyncio.Event()

    async def serve(self):
        """Until nothing is left to be answered. Raises MemoryError."""
        improv = self._improv
        try:
            while True:
                while improv.frames:
                    self._answer(improv.frames.pop(0))
                    await improv.clock.sleep_ms(0)
                if self._slow is None:
                    return
                await self.come.wait()
                self.come.clear()
        finally:
            if self._slow is not None:
                self._slow.cancel()

    # --- what is sent ---------------------------------------------------------------------------------------------

    def _send(self, kind, data):
        frame = bytearray(b"IMPROV\x01")
        frame.append(kind)
        frame.append(len(data))
        frame.extend(data)
        frame.append(sum(frame) & 0xFF)
        frame.append(10)  # the client looks for a frame at the beginning of a line
        self._improv.send(frame)

    def _error(self, code):
        self._send(_ERROR, bytes((code,)))

    def _result(self, command, texts):
        data = bytearray((command, 0))
        for text in texts:
            text = _cut(text.encode(), _TEXT_MAX)
            data.append(len(text))
            data.extend(text)
        data[1] = len(data) - 2
        self._send(_RESULT, data)

    def _state(self):
        provisioning = self._operator.provisioning
        if provisioning is not None and provisioning.state == "trying":
            return _PROVISIONING
        wifi = self._improv.wifi
        return _PROVISIONED if wifi.online.value and wifi.ssid else _READY

    def _send_state(self):
        self._send(_STATE, bytes((self._state(),)))

    # --- what is asked --------------------------------------------------------------------------------------------

    def _answer(self, frame):
        """A frame as it was received, maybe cut off: type, length, data, checksum."""
        if len(frame) < 3 or len(frame) != frame[1] + 3 or (_CHECKED + sum(frame[:-1])) & 0xFF != frame[-1]:
            self._error(_INVALID)
            return
        if frame[0] != _COMMAND:
            return  # only commands go in this direction: an echo of ours, for example
        if frame[1] < 2 or frame[3] != frame[1] - 2:
            self._error(_INVALID)
            return
        self._command(frame[2], bytes(frame[4:-1]))

    def _command(self, command, data):
        provisioning = self._operator.provisioning
        if command == _SETTINGS and provisioning is not None:
            changes = _credentials(data)
            if changes is None:
                self._error(_INVALID)
            else:
                self._begin(self._provision, changes)
        elif command == _SCAN and provisioning is not None:
            self._begin(self._scan, None)
        elif command == _GET_STATE:
            self._error(_NONE)
            self._send_state()
            if self._state() == _PROVISIONED:
                self._result(command, self._urls())
        elif command == _INFO:
            self._error(_NONE)
            self._result(command, self._info())
        elif command == _HOSTNAME:
            self._hostname(data)
        elif command == _NAME and not data:  # it is the identity at the central system: not to be set so
            self._error(_NONE)
            self._result(command, (self._operator.identity()["id"],))
        else:
            self._error(_UNKNOWN_COMMAND)

    def _info(self):
        """Firmware, its version, board/platform, and the device's name: its identity at the central system."""
        identity = self._operator.identity()
        return ("ucharge", identity["version"], identity["board"] + "/" + sys.platform, identity["id"])

    def _urls(self):
        """Where a page is served, if one is."""
        address = self._improv.wifi.address()
        found = [server.url(address) for server in self._improv.servers] if address else []
        return [url for url in found if url][:1]

    def _hostname_now(self):
        """The one that is configured, "" for the system's; None: the board has no such setting."""
        for setting in self._operator.settings():
            if setting["name"] == _HOSTNAME_SETTING:
                return setting["value"]
        return None

    def _hostname(self, data):
        """A new one is in force after a restart. It takes long to look at settings: not while an outlet may deliver."""
        try:
            now = self._hostname_now() if self._improv.kernel.urgent.calm() else ...
        except DeclarationError:  # the file is broken
            now = ...
        if now is ...:
            self._error(_UNKNOWN)
        elif now is None:
            self._error(_UNKNOWN_COMMAND)
        elif data and (not _text(data) or self._operator.change_settings({_HOSTNAME_SETTING: _text(data)})):
            self._error(_BAD_HOSTNAME)
        else:
            self._error(_NONE)
            self._result(_HOSTNAME, (self._hostname_now(),))

    # --- what takes its time --------------------------------------------------------------------------------------

    def _begin(self, function, argument):
        if self._slow is not None:
            self._error(_UNKNOWN)
            return
        self._error(_NONE)
        self._slow = asyncio.create_task(self._run(function, argument))

    async def _run(self, function, argument):
        try:
            await function(argument)
        except (OSError, MemoryError):
            self._error(_UNKNOWN)
        finally:
            self._slow = None
            self.come.set()

    async def _provision(self, changes):
        self._send(_STATE, bytes((_PROVISIONING,)))
        if await self._operator.provisioning.apply(changes):
            self._error(_NOT_CONNECTED)
            self._send(_STATE, bytes((_READY,)))
            return
        self._send(_STATE, bytes((_PROVISIONED,)))
        for _ in range(_LOOKS):
            if self._improv.wifi.online.value:
                break
            await self._improv.clock.sleep_ms(_LOOK_MS)
        self._result(_SETTINGS, self._urls())

    async def _scan(self, _):
        networks = await self._operator.provisioning.scan()
        for ssid, rssi, secured in networks[:_NETWORKS_MAX]:
            self._result(_SCAN, (ssid, str(rssi), "YES" if secured else "NO"))
            await self._improv.clock.sleep_ms(0)
        self._result(_SCAN, ())


def _cut(data, most):
    """UTF-8 of at most so many bytes, without half a character at its end."""
    if len(data) > most:
        while data[most] & 0xC0 == 0x80:
            most -= 1
    return data[:most]


def _credentials(data):
    """{setting: value} of "Send Wi-Fi settings", None if they are malformed."""
    if not data or len(data) < 2 + data[0] or len(data) != 2 + data[0] + data[1 + data[0]]:
        return None
    ssid, password = data[1 : 1 + data[0]], data[2 + data[0] :]
    if not 0 < len(ssid) <= _SSID_MAX or len(password) > _PASSWORD_MAX:
        return None
    name, secret = _text(ssid), _text(password)
    return None if name is None or secret is None else {"wifi.ssid": name, "wifi.password": secret or None}


def _text(data):
    """UTF-8 as text; None: it is none."""
    try:
        return str(data, "utf-8")
    except UnicodeError:
        return None
