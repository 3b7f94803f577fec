"""The unix board with a second heap, as an ESP32 has one: what is free of it is in HOME/system_heap, three numbers."""

from boards import unix

NAME = "roomy"
SETTINGS = unix.SETTINGS
COMPONENTS = unix.COMPONENTS + (
    {"name": "system_heap", "use": "tests_unix.boards.unix_system_heap:FileHeap"},
    {"name": "memory", "use": "components.memory:Memory"},
)


class FileHeap:
    """What a test says of the heap."""

    requires = ("home",)

    def __init__(self, home):
        self._path = home + "/system_heap"

    def measure(self):
        with open(self._path) as file:
            return tuple([int(number) for number in file.read().split()])
