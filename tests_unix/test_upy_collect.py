"""The collector of device tests, run as a pytest of its own over files made here."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def device_tests(pytester):
    """Return a function that writes one device test file and runs pytest over it."""

    def run(source, *arguments):
        pytester.makepyfile(**{"tests_unix/upy/test_device": source})
        return pytester.runpytest_inprocess("-p", "upy_collect", "-p", "no:asyncio", *(arguments or ["tests_unix"]))

    return run


def test_each_function_is_an_item_and_one_process_serves_the_file(device_tests):
    result = device_tests(
        """
        import sys
        seen = []
        def helper(): raise ValueError
        def test_first():
            assert sys.implementation.name == "micropython"
            seen.append(1)
        async def test_second():
            assert seen == [1]
        """,
        "-v",
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_device.py::test_first PASSED*", "*test_device.py::test_second PASSED*"])


def test_a_module_of_one_folder_is_found_by_the_tests_of_another(pytester):
    pytester.mkdir("core").joinpath("wire.py").write_text("IS = 'the product'")
    pytester.makepyfile(
        **{
            "tests_unix/upy/core/test_near": "import shared\ndef test_core(): pass",
            "tests_unix/upy/core/shared": "",
            "tests_unix/upy/components/ocpp/test_far": """
            import core.wire, shared
            def test_far():
                assert core.wire.IS == "the product"
            """,
        }
    )
    pytester.runpytest_inprocess("-p", "upy_collect", "-p", "no:asyncio", "tests_unix").assert_outcomes(passed=2)


def test_a_failure_shows_error_source_and_prints(device_tests):
    result = device_tests(
        """
        def total(parts):
            return sum(parts)
        def test_sum():
            print("parts are ready")
            assert total([1, 2]) == (
                4
            ), "three"
        def test_raises():
            total(None)
        def test_silent():
            print("nobody asks")
        """
    )
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(
        [
            "AssertionError: three",
            "*test_device.py*, line *, in test_sum",
            "*assert total(*1, 2*) == (",
            "* 4",
            "*parts are ready",
            "TypeError: *",
            "* in test_raises",
            "*total(None)",
            "* in total",
            "*return sum(parts)",
            "FAILED *::test_sum - AssertionError: three",
        ]
    )
    result.stdout.no_fnmatch_line("*nobody asks*")
    result.stdout.no_fnmatch_line("*upy_runner*")


def test_prints_cannot_pass_for_results(device_tests):
    result = device_tests(
        """
        def test_liar():
            print('{"name": "test_liar", "trace": null}')
            assert False
        """
    )
    result.assert_outcomes(failed=1)


def test_a_hanging_function_fails_where_it_hangs_and_the_rest_runs(device_tests):
    result = device_tests(
        """
        import asyncio
        TIMEOUT_S = 2
        def test_busy():
            while True:
                number = 1
        async def test_waits():
            print("waiting")
            await asyncio.Event().wait()
        def test_after():
            pass
        """
    )
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["no result after 2 s; it was here:", "* in test_busy", "waiting"])


def test_a_function_that_swallows_the_interrupt_is_killed(device_tests):
    result = device_tests(
        """
        TIMEOUT_S = 2
        def test_deaf():
            while True:
                try:
                    while True:
                        number = 1
                except BaseException:
                    pass
        def test_after():
            pass
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["no result after 2 s; killed"])


def test_a_dying_process_fails_its_function_and_the_rest_runs(device_tests):
    result = device_tests(
        """
        import os, sys
        state = []
        def test_before():
            state.append(1)
        def test_dies():
            print("last words")
            os.system("kill -9 $PPID")
        def test_after():
            assert not state
        def test_exits():
            sys.exit(3)
        """
    )
    result.assert_outcomes(failed=2, passed=2)
    result.stdout.fnmatch_lines(["the MicroPython process died of SIGKILL", "last words", "SystemExit: 3"])


@pytest.mark.parametrize("selection", [["-k", "wanted"], ["tests_unix/upy/test_device.py::test_wanted"]])
def test_only_selected_functions_run(device_tests, selection):
    result = device_tests(
        """
        ran = []
        def test_other():
            ran.append(1)
        def test_wanted():
            assert not ran
        """,
        *selection,
    )
    result.assert_outcomes(passed=1, deselected=1 if selection[0] == "-k" else 0)


def test_an_async_function_gets_a_fresh_loop(device_tests):
    result = device_tests(
        """
        import asyncio
        ran = []
        async def stray():
            await asyncio.sleep_ms(1)
            ran.append(1)
        async def test_leaves_a_task():
            asyncio.create_task(stray())
        async def test_is_alone():
            await asyncio.sleep_ms(20)
            assert not ran
        """
    )
    result.assert_outcomes(passed=2)


def test_tmp_is_an_empty_directory_of_its_own(device_tests):
    source = """
        import os
        def test_a(tmp):
            assert os.listdir(tmp) == []
            open(tmp + "/a", "w").close()
        def test_b(tmp):
            assert os.listdir(tmp) == []
        """
    device_tests(source).assert_outcomes(passed=2)


def test_heap_size_and_a_heap_left_locked(device_tests):
    result = device_tests(
        """
        import gc, micropython
        HEAPSIZE = "96K"
        def test_size():
            assert 64000 < gc.mem_free() + gc.mem_alloc() <= 96 * 1024
        def test_allocates():
            micropython.heap_lock()
            [1, 2, 3]
        def test_forgets():
            micropython.heap_lock()
        def test_after():
            [1, 2, 3]
        """
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["MemoryError: *heap is locked*", "the test returned with the heap locked"])


def test_a_module_that_cannot_be_imported_fails_every_function(device_tests):
    result = device_tests("import subprocess\ndef test_a(): pass\ndef test_b(): pass")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["ImportError: *subprocess*"])


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def test_a(", "*test_device.py:1: *"),
        ("def test_a(client): pass", "*test_device.py:1: test_a(client)*only have the parameter tmp"),
        ("def test_a(): pass\ndef test_a(): pass", "*test_device.py:2: test_a is defined a second time*"),
    ],
)
def test_a_file_that_would_run_wrongly_is_refused(device_tests, source, reason):
    result = device_tests(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([reason])


def test_the_interpreter_is_the_one_of_the_environment(device_tests, monkeypatch):
    monkeypatch.setenv("MICROPYTHON", "/bin/false")
    result = device_tests("def test_a(): pass")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the MicroPython process exited with status 1"])
