"""The unix port as a station with a socket: as `boards.unix`, and a simulated lock that holds the driver's cable.

The lock is the file ``lock`` below the home: see drivers/filelock.py.
"""

from boards import unix

NAME = "unix_socket"
PORT = unix.PORT
SETTINGS = unix.SETTINGS

# Before the others, so that the lock runs when health first looks at what is critical.
COMPONENTS = (
    {"name": "lock_driver", "use": "drivers.filelock:FileLock"},
    {
        "name": "lock",
        "use": "components.evse.lock:Lock",
        "bind": {"driver": "lock_driver"},
        "options": {"move_ms": 600, "pause_ms": 200},  # twice what it takes
        "critical": True,
    },
) + unix.COMPONENTS
