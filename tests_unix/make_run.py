"""``make run`` as a process of its own, and what a browser asks of its two pages."""

import base64
import gzip
import http.client
import http.cookiejar
import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from tools.firmware import ROOT

START_S = 60  # what a busy machine may take
_PAGES = re.compile(r"OPEN IN A BROWSER +(\S+)[^\n]*\n(?: +the charger's page +(\S+))?")


class Browser:
    """Requests to one page, its cookies kept. A request's answer is (status, JSON, or text where it is none)."""

    login = ""  # "role:password", for HTTP Basic

    def __init__(self, url):
        self.url = url
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))

    def ask(self, path, body=None, method=None, timeout=30, **fields):
        """GET; POST a body, which is sent as JSON unless it is bytes. fields: of the request's head."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        head = {name.replace("_", "-"): value for name, value in fields.items()}
        if self.login:
            head["Authorization"] = "Basic " + base64.b64encode(self.login.encode()).decode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json", **head})
        request.method = method or ("GET" if data is None else "POST")
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                content = answer.read()
                packed = answer.headers["Content-Encoding"] == "gzip"
                return answer.status, _parsed(gzip.decompress(content) if packed else content)
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read())

    def get(self, path):
        """What is at a path."""
        status, content = self.ask(path)
        assert status == 200, (path, status, content)
        return content

    def press(self, name, *arguments):
        """Press the button of a command on the simulator's page; returns its answer."""
        status, answer = self.ask("api/command", {"name": name, "arguments": list(arguments)})
        assert status == 200 and answer["ok"], (name, arguments, status, answer)
        return answer["text"]

    def eventually(self, path, condition, timeout=30):
        """Ask until what is at a path fits; returns it. A server that restarts is asked again."""
        deadline, last = time.monotonic() + timeout, None
        while time.monotonic() < deadline:
            try:
                status, last = self.ask(path, timeout=5)
                if status == 200 and condition(last):
                    return last
            except (OSError, http.client.HTTPException) as error:
                last = error
            time.sleep(0.1)
        raise AssertionError(f"{path} did not become what it should within {timeout} s: {last}")

    def connection(self):
        """A connection of its own, for requests that no browser makes."""
        place = urlsplit(self.url)
        return http.client.HTTPConnection(place.hostname, place.port, timeout=10)


def _parsed(content):
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()


class MakeRun:
    """``with MakeRun(home, "--board", "unix_two") as run:`` starts it, and ends it, in order where it can.

    ``simulator`` and ``charger`` (None: the board has no page) are a `Browser` each, ``output`` is all that was
    printed.
    """

    def __init__(self, home, *options):
        self.home = home
        self.command = [sys.executable, "-m", "tools.run", "--home", str(home), *options]
        self.output = ""

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.printed("Messages of the central system")
        except BaseException:
            self.__exit__()
            raise
        simulator, charger = _PAGES.search(self.output).groups()
        self.simulator = Browser(simulator)
        self.charger = Browser(charger) if charger else None
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def end(self):
        """Ctrl-C on the console; returns the status."""
        self.type("\x03")
        return self.process.wait(20)

    def type(self, text):
        """Type on the console."""
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def printed(self, pattern, timeout=START_S):
        """Wait for what is printed."""
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.output)):
            there = self.process.poll() is None and time.monotonic() < deadline
            assert there, f"{pattern!r} was not printed:\n{self.output}"
            time.sleep(0.05)
        return found

    def _read(self):
        for line in self.process.stdout:
            self.output += line
