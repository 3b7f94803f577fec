"""What MicroPython's C code checks of its arguments, and how it tells of ESP-IDF's errors."""


def esp(code, name):
    """What check_esp_err() raises: the errno is the negated code."""
    return OSError(-code, name)


def check_str(value):
    if not isinstance(value, str):
        raise TypeError("can't convert %s to str" % type(value).__name__)


def check_int(value):
    if not isinstance(value, int):
        raise TypeError("can't convert %s to int" % type(value).__name__)


def check_writable(buffer):
    if isinstance(buffer, (bytes, str)) or not isinstance(buffer, (bytearray, memoryview)):
        raise TypeError("object with buffer protocol required")
