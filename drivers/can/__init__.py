"""CAN controllers, each in the shape of ``machine.CAN`` (MicroPython's documentation, class CAN). What differs:

- The constructor does no I/O; ``init()`` takes its bit rate from the options. The state is STATE_STOPPED until a
  `ready` has found the controller on the bus.
- ``await ready()`` takes the place of ``irq()``: it waits until `recv` may have something or the state changed. It
  raises OSError when the controller is lost or refuses; then `deinit` and `init` are to be called again.
- ``recv(list)`` fills a list ``[identifier, data, flags, errors]`` and returns it, or None, and allocates nothing.
  ``data`` is a memoryview of exactly the received bytes, one of the driver's own that is valid until the next `recv`:
  Python code cannot resize the caller's as the built-in driver does.
- ``send`` never waits and allocates nothing: it returns None, and counts in ``tx_dropped``, when the frame is dropped.
- ``poll()``, of a stream, is for whoever is about to block the loop: it takes in what there is, without waiting.
- ``set_filters`` may come before `init`, and what it set stays.
- ``fit_filters(filters)``, of a controller that has filters: what `set_filters` takes, and lets at least all frames
  pass that these want. There may be any number of them, each (identifier, bits that must be equal, flags).
- ``guard``, None or the module ``canguard`` of the image: an interrupt that answers one frame while the loop is
  blocked. ``rule(identifier, at, answer, data)``: an extended frame `identifier` whose byte `at` is not 0 is answered
  by the extended frame `answer` with this data, from ``arm(True)`` to ``arm(False)``. After that nothing else goes out
  under the answer's identifier until then. ``fired()`` counts it, once for each ``arm(True)``. The frame is received as
  any other. Neither `arm` nor `fired` allocates.
"""


def segments(clock, bitrate, possible):
    """Where in the bit a controller samples: (prescaler, quanta before that without the first one, quanta after it).

    None if the clock does not divide into the bit rate.

    `clock` in Hz, divided by a prescaler that ``possible(prescaler)`` permits, makes the quanta; a bit (bit/s) has 8 to
    25 of them. At most 16 lie between the first one and the sample, which leaves 2 to 8 after it. Taken is what samples
    nearest to 80 % of the bit (CiA 601-3 asks for 75 to 87.5 %), then what has most quanta.
    """
    best = None
    best_off = 0
    for quanta in range(25, 7, -1):
        prescaler = clock // (bitrate * quanta)
        if prescaler * bitrate * quanta != clock or not possible(prescaler):
            continue
        after = max(quanta - 17, (quanta + 2) // 5)
        off = abs(1000 * (quanta - after) // quanta - 800)
        if best is None or off < best_off:
            best, best_off = (prescaler, quanta - 1 - after, after), off
    return best
