"""The routes of the API: data."""

from micropython import const

ANYBODY = const(0)
DRIVER = const(1)
OPERATOR = const(2)
INSTALLER = const(3)
FIRST_RUN = const(4)  # the installer, or anybody as long as there is no installer's password, at the access point

ROLES = const(("driver", "operator", "installer"))

# Path (one with a slash at its end: all that begin with it), method, who may, module, function. All constant: a frozen
# table takes no RAM.
ROUTES = const((
    ("/", "GET", 0, "sending", "page"),
    ("/api/me", "GET", 0, "state", "me"),
    ("/api/login", "POST", 0, "access", "login"),
    ("/api/logout", "POST", 0, "access", "logout"),
    ("/api/state", "GET", 1, "state", "state"),
    ("/api/events", "GET", 1, "events", "events"),
    ("/api/why", "GET", 1, "state", "why"),
    ("/api/limits", "GET", 1, "state", "limits"),
    ("/metrics", "GET", 1, "metrics", "metrics"),
    ("/api/emergency_stop", "POST", 1, "control", "emergency_stop"),
    ("/api/release", "POST", 2, "control", "release"),
    ("/api/start", "POST", 2, "control", "start"),
    ("/api/card", "POST", 2, "control", "card"),
    ("/api/sessions", "GET", 1, "records", "sessions"),
    ("/api/sessions.csv", "GET", 1, "records", "sessions_csv"),
    ("/api/stop", "POST", 2, "control", "stop"),
    ("/api/limit", "PUT", 2, "control", "limit"),
    ("/api/log", "GET", 2, "records", "log"),
    ("/api/blackbox", "GET", 2, "records", "black_boxes"),
    ("/api/blackbox/", "GET", 2, "records", "black_box"),
    ("/api/settings", "GET", 3, "settings", "settings"),
    ("/api/settings", "PUT", 3, "settings", "change"),
    ("/api/settings/check", "POST", 3, "settings", "check"),
    ("/api/password", "PUT", 3, "passwords", "set_password"),
    ("/api/variables", "GET", 3, "settings", "variables"),
    ("/api/variables", "PUT", 3, "settings", "set_variable"),
    ("/api/firmware", "GET", 3, "firmware", "status"),
    ("/api/firmware", "POST", 3, "firmware", "upload"),
    ("/api/networks", "GET", 4, "setup", "networks"),
    ("/api/setup", "GET", 4, "setup", "progress"),
    ("/api/setup", "POST", 4, "setup", "begin"),
    ("/api/restart", "POST", 3, "control", "restart"),
))  # fmt: skip


def find(path):
    """The rows of a path: one for each method."""
    found = [row for row in ROUTES if row[0] == path]
    if not found and path.startswith("/api/"):
        found = [row for row in ROUTES if len(row[0]) > 1 and row[0].endswith("/") and path.startswith(row[0])]
    return found
