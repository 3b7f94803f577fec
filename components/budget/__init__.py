"""What limits the current besides vehicle, power module and central system: the station's limit, shared among the
outlets, and limits that others set from outside.

========  ===============================================================================
sharing   `Budget`, for a station with several outlets, or with a limit of its own
limits    `Limits`, for one outlet that only others limit: there is nothing to share
external  the limits that others have set, for both
share     an outlet's part of what is shared
page      what there is to see; loaded for that
========  ===============================================================================

The contract of both (service ``budget``, or ``limits``): ``limit(source, ma, life_ms=None, evse=0)`` as `Budget.limit`,
and ``limits()``, a list of dicts, see `components.operator`.
"""


def __getattr__(name):
    if name == "Budget":
        from components.budget.sharing import Budget

        return Budget
    raise AttributeError(name)
