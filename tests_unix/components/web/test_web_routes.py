"""Every route of the API, asked as it must not be: method, session, role, origin, type, size, body."""

import json
import re

import pytest
from web_client import DRIVER, INSTALLER, OPERATOR, Client, exchange, free_port, settings

from tools.firmware import ROOT

PORT = free_port()
SETTINGS = settings(PORT)
NONE = None  # no role is needed
NULL_TOO = ("ma", "life_ms")  # what may be null

# Method, path, the lowest role that may, and a body where one is needed.
ROUTES = [
    ("GET", "/", NONE, None),
    ("GET", "/api/me", NONE, None),
    ("POST", "/api/login", NONE, {"role": DRIVER, "password": "x"}),
    ("POST", "/api/logout", NONE, {}),
    ("GET", "/api/state", DRIVER, None),
    ("GET", "/api/events", DRIVER, None),
    ("GET", "/api/why", DRIVER, None),
    ("GET", "/api/limits", DRIVER, None),
    ("GET", "/metrics", DRIVER, None),
    ("POST", "/api/emergency_stop", DRIVER, {}),
    ("POST", "/api/release", OPERATOR, {}),
    ("POST", "/api/start", OPERATOR, {"tag": "A", "outlet": 1}),
    ("POST", "/api/card", OPERATOR, {"tag": "A"}),
    ("POST", "/api/stop", OPERATOR, {"outlet": 1}),
    ("PUT", "/api/limit", OPERATOR, {"ma": 10000, "life_ms": 60000, "outlet": 0}),
    ("GET", "/api/log", OPERATOR, None),
    ("GET", "/api/sessions", DRIVER, None),
    ("GET", "/api/sessions.csv", DRIVER, None),
    ("GET", "/api/blackbox", OPERATOR, None),
    ("GET", "/api/blackbox/none", OPERATOR, None),
    ("GET", "/api/settings", INSTALLER, None),
    ("PUT", "/api/settings", INSTALLER, {"ocpp.model": "other"}),
    ("POST", "/api/settings/check", INSTALLER, {"ocpp.model": "other"}),
    ("PUT", "/api/password", INSTALLER, {"role": "driver", "password": "longer than 8"}),
    ("GET", "/api/variables", INSTALLER, None),
    ("PUT", "/api/variables", INSTALLER, {"name": "HeartbeatInterval", "value": "300"}),
    ("GET", "/api/firmware", INSTALLER, None),
    ("POST", "/api/firmware", INSTALLER, {}),
    ("GET", "/api/networks", INSTALLER, None),
    ("GET", "/api/setup", INSTALLER, None),
    ("POST", "/api/setup", INSTALLER, {"ssid": "depot", "password": "12345678"}),
    ("POST", "/api/restart", INSTALLER, {"kind": "Soft"}),
]
ROLES = [NONE, DRIVER, OPERATOR, INSTALLER]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "get"]
WITH_BODY = [route for route in ROUTES if route[3]]
CHANGING = [route for route in ROUTES if route[0] != "GET"]


def path_of(route):
    return f"{route[0]} {route[1]}"


def test_the_routes_of_this_test_are_those_of_the_server():
    source = (ROOT / "components/web/routes.py").read_text(encoding="utf-8")
    rows = re.findall(r'^    \("(/[^"]*)", "([A-Z]+)", (\d),', source, re.MULTILINE)
    here = {(path if path != "/api/blackbox/none" else "/api/blackbox/", method): ROLES.index(role)
            for method, path, role, _ in ROUTES}  # fmt: skip
    assert {(path, method): min(int(role), 3) for path, method, role in rows} == here


async def test_each_takes_its_methods_only(site):
    client = Client(PORT, INSTALLER)
    for path in sorted({route[1] for route in ROUTES}):
        known = [method for method, other, *_ in ROUTES if other == path]
        for method in METHODS:
            if method not in known:
                answer = await client(method, path)
                assert answer.status == 405, (method, path, answer.raw)
                assert answer.fields["allow"].split(", ") == known


async def test_each_needs_its_role(site):
    for route in ROUTES:
        method, path, needed, value = route
        for role in ROLES[: ROLES.index(needed)]:
            answer = await Client(PORT, role)(method, path, value)
            assert answer.status == (403 if role else 401), (path_of(route), role, answer.raw)
            assert answer.json["error"] == ("role" if role else "login") and answer.json["text"]


async def test_no_session_is_made_up(site):
    """Cookies of sessions that are none, and credentials that are none."""
    client = Client(PORT)
    await client.login(DRIVER)
    token = client.cookie.partition("=")[2]
    wrong = ["", token[:-1], token + "0", token[::-1], token.upper() + " "]
    for cookie in [f"other={token}", *(f"session={text}" for text in wrong)]:
        answer = await Client(PORT)("GET", "/api/state", Cookie=cookie)
        assert answer.status == 401, (cookie, answer.raw)
    for given in ("Basic", "Basic ", "Basic !!", "Basic AAAA", "Bearer " + token, "Basic " + "A" * 900):
        answer = await Client(PORT)("GET", "/api/state", Authorization=given)
        assert answer.status in (401, 429), (given, answer.raw)


@pytest.mark.parametrize(
    "fields",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "OWN.evil.example"},
        {"Origin": "http://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "OWN"},
    ],
    ids=str,
)
async def test_what_changes_something_refuses_foreign_pages(site, fields):
    fields = {name: text.replace("OWN", f"http://127.0.0.1:{PORT}") for name, text in fields.items()}
    client = Client(PORT)
    await client.login(INSTALLER)
    for method, path, _, value in CHANGING:
        answer = await client(method, path, value, **fields)
        assert (answer.status, answer.json["error"]) == (403, "origin"), (path, answer.raw)
    own = await client("POST", "/api/release", {}, Origin=f"http://127.0.0.1:{PORT}", Sec_Fetch_Site="same-origin")
    assert own.status == 200


async def test_each_body_has_its_type(site):
    client = Client(PORT, INSTALLER)
    for route in WITH_BODY:
        body = json.dumps(route[3]).encode()
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = await client(*route[:2], body=body, Content_Type=kind)
            assert (answer.status, answer.json["error"]) == (415, "type"), (path_of(route), kind, answer.raw)


async def test_each_body_has_its_bounds(site):
    client = Client(PORT, INSTALLER)
    for route in WITH_BODY:
        answer = await client(*route[:2], body=b" " * 5000, Content_Type="application/json")
        assert (answer.status, answer.json["error"]) == (413, "body"), (path_of(route), answer.raw)
        answer = await client(*route[:2], Content_Type="application/json")
        assert (answer.status, answer.json["error"]) in ((411, "body"), (400, "body")) or route[3] == {}, answer.raw


async def test_each_body_is_a_json_object(site):
    client = Client(PORT, INSTALLER)
    wrong = [b"", b"{", b'{"tag": "A"', b"[]", b'"text"', b"null", b"1", b"{}{}", b"\xff\xfe", b"{'a': 1}", b"[" * 4000]
    for route in WITH_BODY:
        for body in wrong:
            answer = await client(*route[:2], body=body, Content_Type="application/json")
            assert (answer.status, answer.json["error"]) == (400, "body"), (path_of(route), body, answer.raw)


async def test_each_value_has_its_type(site):
    """A value of another type, one that is missing, one too many."""
    client = Client(PORT, INSTALLER)
    for method, path, _, value in WITH_BODY:
        for name in value:
            if path.startswith("/api/settings"):
                break  # the types are the board's
            for wrong in (None, [], {}, True, 1.5, 7 if isinstance(value[name], str) else "7"):
                if wrong is None and name in NULL_TOO:
                    continue
                answer = await client(method, path, {**value, name: wrong})
                assert (answer.status, answer.json["error"]) == (400, "body"), (path, name, wrong, answer.raw)
        answer = await client(method, path, {**value, "more": 1})
        assert answer.status == 400 and "more" in answer.raw.decode(), answer.raw


async def test_paths_that_are_none(site):
    client = Client(PORT, INSTALLER)
    for path in ("/api", "/api/", "/api/states", "/api/state/", "//api/state", "/index.html", "/../settings.json",
                 "/%2e%2e/settings.json", "/api/%73tate", "/settings.json"):  # fmt: skip
        answer = await client("GET", path)
        assert (answer.status, answer.json["error"]) == (404, "path"), (path, answer.raw)


@pytest.mark.parametrize(
    "status, data",
    [
        (400, b"nonsense\r\n\r\n"),
        (400, b"GET /\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n\r\n"),  # no Host
        (400, b"GET  HTTP/1.1\r\nHost: x\r\n\r\n"),
        (400, b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n"),
        (400, b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"),
        (400, b"GET x HTTP/1.1\r\nHost: x\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: x\r\nno field\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nHost: x\r\nCookie: \xe4\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        (501, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (505, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
        (414, b"GET /" + b"a" * 600 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 1500 + b"\r\n\r\n"),
        (431, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Other: some text\r\n" * 300 + b"\r\n"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_heads_that_are_none(site, status, data):
    raw = await exchange(PORT, data)
    assert raw.startswith(b"HTTP/1.1 %d " % status), raw
    assert (await Client(PORT)("GET", "/api/me")).status == 200


async def test_heads_that_are_odd_and_right(site):
    for data in (
        b"\r\nGET /api/me HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/me HTTP/1.0\r\n\r\n",
        b"GET /api/me HTTP/1.1\nHost: x\n\n",
        b"GET http://x/api/me HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/me?a=b HTTP/1.1\r\nHOST:x\r\nX-Long: " + b"a" * 2000 + b"\r\n\r\n",
    ):
        assert (await exchange(PORT, data)).startswith(b"HTTP/1.1 200 "), data
