"""What components keep in the journal is declared by them, so that a board on which two would share it is refused."""

import ast
import importlib
import json
import struct
import zlib
from pathlib import Path

import pytest
from charging_site import Site, eventually

ROOT = Path(__file__).parents[2]
STORE = ("store.",)  # the store's own


def records(path):
    """The records of a journal, read as components/persistence/records.py describes the file."""
    data = path.read_bytes()
    at = last = 0
    while at < len(data):
        magic, length, number, crc = struct.unpack_from("<BHII", data, at)
        text = data[at + 11 : at + 11 + length]
        assert magic == 0xFE and zlib.crc32(data[at + 1 : at + 7] + text) == crc
        if number > last:
            yield json.loads(text)
        last = number
        at += 11 + length


def spans(data):
    """[(beginning, end)] of the records of a journal, both copies of each."""
    found = []
    at = 0
    while at < len(data):
        end = at + 2 * (11 + struct.unpack_from("<H", data, at + 1)[0])
        found.append((at, end))
        at = end
    return found


def names_in(path):
    """The keys and queues that ever were in a journal since its last compaction."""
    found = set()
    for record in records(path):
        found.update(record.get("s", ()), record.get("o", ()))
        found.update(name for name, _ in record.get("d", []) + record.get("p", []))
    return found


def keeps_of(use):
    """The tuple ``keeps`` of a class, as a board names it: its own, or that of the first base that has one."""
    module, _, name = use.partition(":")
    path = ROOT / (module.replace(".", "/") + ".py")
    tree = ast.parse((path if path.exists() else path.with_suffix("") / "__init__.py").read_text())
    imported = {alias.name: node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
                for alias in node.names}  # fmt: skip
    constants = {ast.unparse(node.targets[0]): node.value.args[0] for node in tree.body
                 if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("const(")}  # fmt: skip
    found = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    if not found:
        return keeps_of(f"{imported[name]}:{name}")
    for node in found[0].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "keeps":
            return tuple(ast.literal_eval(constants.get(ast.unparse(key), key)) for key in node.value.elts)
    for base in map(ast.unparse, found[0].bases):
        package, _, inner = base.rpartition(".")
        if (package or base) in imported:
            kept = keeps_of(f"{imported[package]}.{package}:{inner}" if package else f"{imported[base]}:{base}")
            if kept:
                return kept
    return ()


def owners(name, components):
    return [
        entry["name"] for entry in components for mine in keeps_of(entry["use"])
        if name == mine or (mine.endswith("/") and name.startswith(mine))
    ]  # fmt: skip


@pytest.mark.asyncio
async def test_every_key_that_a_session_leaves_in_the_journal_has_one_owner(tmp_path):
    """A session, the emergency stop, a configuration key. (ocpp_site.py of upy/ asks the same of all its tests.)"""
    components = importlib.import_module("boards.unix").COMPONENTS
    async with Site(tmp_path) as site:
        await site.boot()
        await site.configure(MeterValueSampleInterval="1")
        await site.start_session()
        await site.current_flows()
        await site.stop_session()
        await site.type("t")
        await eventually(lambda: "console.stop" in names_in(tmp_path / "state" / "journal"), "the emergency stop")
        found = names_in(tmp_path / "state" / "journal")
    assert {"ocpp", "ocpp/tx", "ocpp/run", "health.boots", "console.stop", "ocpp/seclog"} <= found
    for name in found:
        if not name.startswith(STORE):
            assert len(owners(name, components)) == 1, (name, owners(name, components))
