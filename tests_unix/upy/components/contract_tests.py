"""For the tests of a contract: each of its functions with every implementation, and whether each has a test."""


async def each(kinds, test, tmp):
    """All implementations, each with a home of its own."""
    for kind in kinds:
        try:
            await test(kind, tmp + "/" + kind.__name__)
        except Exception:
            print("with", kind.__name__)
            raise


def untested(functions, names):
    """The functions of a contract that have no test of their name."""
    return [function for function in functions if "test_" + function.__name__ not in names]
