"""The packages in lib/ install with mip from a plain file server, and work where they were installed."""

import json
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from upy_collect import interpreter
from websockets.sync.server import serve

LIB = Path(__file__).parents[2] / "lib"
PACKAGES = sorted(path.parent.name for path in LIB.glob("*/package.json"))

USE_UJSON_SCHEMA = """
from ujson_schema import SchemaError, validate
schema = (-8, 1, "when", -6, "status", "|Accepted|Rejected|")
validate(schema, {"when": "2024-02-29T12:34:56Z", "status": "Accepted"})
try:
    validate(schema, {"when": "2023-02-29T12:34:56Z"})
except SchemaError as error:
    print(error, error.code)
"""

USE_UWEBSOCKETS = """
import asyncio
from uwebsockets import connect

async def main():
    ws = await connect("ws://127.0.0.1:%d/x", subprotocols=("ocpp1.6",))
    await ws.send("grüße")
    print(ws.subprotocol, await ws.recv())
    await ws.close()

asyncio.run(main())
"""

USE_UHTTP = """
import asyncio
from uhttp import request

async def main():
    response = await request("GET", "%s/uhttp/package.json")
    print(response.status, response.length)
    response.close()

asyncio.run(main())
"""

USE_UDNS = """
import asyncio
from udns import resolve

async def main():
    try:
        await resolve("example.org", ("127.0.0.1:1",), tries=1)
    except OSError as error:
        print(error.errno)

asyncio.run(main())
"""

USE_UX509 = """
import asyncio, hashlib
from ux509 import names, new_key, certificate_request, pem, spki, verify_digest
from ux509.ecdsa import sign

async def main():
    d, public = await new_key()
    request = await certificate_request(d, public, ((names.COMMON_NAME, "CP-1"),))
    digest = hashlib.sha256(request).digest()
    print(len(public), await verify_digest(spki(public), digest, await sign(d, digest)))
    print(pem.encode(request, "CERTIFICATE REQUEST")[:35])

asyncio.run(main())
"""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def file_server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(LIB)))
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"
    server.server_close()


def micropython(*arguments):
    return subprocess.run([interpreter(), *map(str, arguments)], capture_output=True, text=True, timeout=60)


def installed(package, file_server, target):
    """Install a package, check that just its files arrived, and return the folder to import from."""
    ran = micropython("-m", "mip", "install", "--target", target, f"{file_server}/{package}/package.json")
    assert ran.returncode == 0 and ran.stdout.rstrip().endswith("Done"), ran.stdout + ran.stderr
    arrived = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
    assert arrived == {path.relative_to(LIB) for path in (LIB / package).glob("*.py")}
    return target


def run_from(folder, program):
    """Run a program in a fresh process that can import from the folder and from MicroPython itself only."""
    return micropython("-c", f"import sys; sys.path[:] = [{str(folder)!r}, '.frozen']\n{program}")


def test_ujson_schema(file_server, tmp_path):
    ran = run_from(installed("ujson_schema", file_server, tmp_path), USE_UJSON_SCHEMA)
    assert ran.stdout == "when: format date-time PropertyConstraintViolation\n", ran.stdout + ran.stderr


def test_uwebsockets(file_server, tmp_path):
    def echo(connection):
        for message in connection:
            connection.send(message)

    folder = installed("uwebsockets", file_server, tmp_path)
    with serving(serve(echo, "127.0.0.1", 0, subprotocols=["ocpp1.6"])) as server:
        ran = run_from(folder, USE_UWEBSOCKETS % server.socket.getsockname()[1])
    assert ran.stdout == "ocpp1.6 grüße\n", ran.stdout + ran.stderr


def test_udns(file_server, tmp_path):
    ran = run_from(installed("udns", file_server, tmp_path), USE_UDNS)
    assert ran.stdout == "111\n", ran.stdout + ran.stderr  # ECONNREFUSED


def test_ux509(file_server, tmp_path):
    ran = run_from(installed("ux509", file_server, tmp_path), USE_UX509)
    assert ran.stdout == "65 True\n-----BEGIN CERTIFICATE REQUEST-----\n", ran.stdout + ran.stderr


def test_uhttp(file_server, tmp_path):
    ran = run_from(installed("uhttp", file_server, tmp_path), USE_UHTTP % file_server)
    assert ran.stdout == f"200 {(LIB / 'uhttp' / 'package.json').stat().st_size}\n", ran.stdout + ran.stderr


def test_the_packages_are_not_there_without_mip(tmp_path):
    """Else the tests above would prove nothing."""
    for package in PACKAGES:
        ran = run_from(tmp_path, f"import {package}")
        assert f"no module named '{package}'" in ran.stdout + ran.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_package_json(package):
    described = json.loads((LIB / package / "package.json").read_text(encoding="utf-8"))
    assert described["version"].count(".") == 2
    for name, url in described["urls"]:
        assert name == f"{package}/{url}" and (LIB / package / url).is_file()


def test_a_package_that_is_not_there(file_server, tmp_path):
    ran = micropython("-m", "mip", "install", "--target", tmp_path, f"{file_server}/nothing/package.json")
    assert "Package not found" in ran.stdout and not list(tmp_path.iterdir())
