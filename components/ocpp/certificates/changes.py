"""What time and connections change: our own certificate is requested and replaced, what is new is tried and kept."""

import asyncio
from micropython import const

from .own import own_of
from .roots import roots_of

RECONFIGURED = const("ReconfigurationOfSecurityParameters")


def start(certificates):
    """Read the files; put right what a power cut left."""
    certificates.files().start()
    own_of(certificates).start()
    begin_trial(certificates)


def begin_trial(certificates):
    """What is there is tried from now on, if it replaces something."""
    counters = certificates.ocpp.rpc.counters
    certificates.replaced = roots_of(certificates).replaced()
    certificates.own_replaced = own_of(certificates).replaced()
    certificates.attempt = 0
    certificates.failed, certificates.since = counters.failed_connects, counters.connects


def settle(certificates):
    """A connection was accepted: keep what it was tried with. Raises OSError."""
    if certificates.own_replaced:
        own_of(certificates).settle(certificates.own_tried())
    if not certificates.root_tried():
        for name in certificates.replaced[0]:
            roots_of(certificates).delete(name)
    begin_trial(certificates)


def renewed(certificates):
    """A new certificate of our own is in its place: connect with it."""
    begin_trial(certificates)
    certificates.ocpp.link.reconnect()


def take_next(certificates):
    """The time of the next certificate has come. Raises OSError."""
    own_of(certificates).take_next()
    certificates.log.info("the time of the new certificate has come")
    renewed(certificates)


def renew(certificates):
    """Our own certificate is to be renewed."""
    certificates.log.info("the certificate of the charge point is to be renewed")
    ask(certificates)


def ask(certificates):
    """Request a certificate (use case A02), after the one that is being requested now."""
    certificates.wanted = True
    if certificates.task is None:
        certificates.task = asyncio.create_task(_request(certificates))


async def _request(certificates):
    try:
        with certificates.ocpp.on_demand:
            while certificates.wanted:
                certificates.wanted = False
                await own_of(certificates).request()
    except Exception as e:  # a task of its own: no caller would get it
        certificates.log.exception("request for a certificate: %r" % e, e)
    finally:
        certificates.task = None
