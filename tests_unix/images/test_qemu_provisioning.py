"""Settings that are tried and kept on a microcontroller, where classes are let go of what they declare."""

import json
from functools import partial

from qemu_site import QemuSite

from tools import littlefs_image
from tools.build_firmware import build
from tools.qemu import STORE_SIZE, QemuFirmware

BOARD = "tests_unix.boards.qemu_provisioning"


def send_wifi(ssid, password):
    """The frame of the command "send Wi-Fi settings" (Improv over serial, version 1)."""
    data = b"".join(bytes([len(text)]) + text.encode() for text in (ssid, password))
    frame = b"IMPROV\x01\x03" + bytes([len(data) + 2, 1, len(data)]) + data
    return frame + bytes([sum(frame) & 0xFF]) + b"\n"


async def test_what_is_right_is_written_and_in_force_after_the_restart(tmp_path):
    build(BOARD)
    async with QemuSite(tmp_path, board=BOARD, kind=partial(QemuFirmware, board=BOARD)) as site:
        await site.boot()
        since = site.firmware.mark
        mark = site.mark()
        await site.firmware.write(send_wifi("depot", "correct horse"))
        await site.printed("the settings work and are saved: wifi.password, wifi.ssid", since, 60)
        await site.wait_booted(timeout=60, since=mark)
        assert site.firmware.starts == 2
        await site.printed("connected to depot", since)
        assert "correct horse" not in site.firmware.text
        site.check_calm()
        assert await site.firmware.interrupt() == 0
        with site.firmware.store.open("rb") as file:
            files = littlefs_image.read(file.read(STORE_SIZE))
        settings = json.loads(files["settings.json"])
        assert settings["wifi"] == {"ssid": "depot", "password": "correct horse"}
        assert settings["ocpp"]["id"] and not [name for name in files if name.endswith(".new")]
