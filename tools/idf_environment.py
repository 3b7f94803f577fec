"""What a build with ESP-IDF needs before it begins: Python environment, compiler and CMake, as export.sh finds them.

ESP-IDF reports what is missing in many lines, some of them of tools that no build needs; here it is one message.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

from tools.toolchain import BuildError, plain

# After export.sh, which a container's entry point has run. Names what is not on the PATH, then ends with its status.
_LOOK = 'for tool in {tools}; do command -v "$tool" > /dev/null || echo "absent: $tool"; done; exit $status'
_ABSENT = re.compile(r"^absent: (\S+)$", re.MULTILINE)
# idf_tools.py and check_python_dependencies.py of ESP-IDF 5.2 to 5.4
_TOOL = re.compile(r"^ERROR: tool (\S+) has no installed versions", re.MULTILINE)
_ERROR = re.compile(r"^ERROR: (.+?)(?:[.!] (?:Please|Perhaps)\b.*)?$", re.MULTILINE)
_REQUIREMENT = re.compile(r"^(?:Requirement|Error while checking requirement) '([^']+)'", re.MULTILINE)
_NO_PYTHON = re.compile(r"^(Python .* is not installed!)", re.MULTILINE)


def script(path: Path | None, target: str) -> str:
    """What a shell runs to find out; `path`: of ESP-IDF, None in its container. `target`: "esp32", "esp32s3"."""
    tools = f"idf.py cmake xtensa-{target}-elf-gcc"
    export = "status=0" if path is None else f". {shlex.quote(str(path / 'export.sh'))}; status=$?"
    return f"{export}; {_LOOK.format(tools=tools)}"


def check(command: list[str], where: str, remedy: str, env: dict[str, str] | None = None) -> None:
    """Run a command that ends with `script`. Raises BuildError: one sentence that names all that is missing."""
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    output = plain(result.stdout)
    absent = _ABSENT.findall(output)
    if result.returncode == 0 and not absent:
        return
    raise BuildError(f"{where} is not ready: {'; '.join(missing(output, absent))}. {remedy}")


def missing(output: str, absent: list[str]) -> list[str]:
    """What is missing, by the output of export.sh and what was not on the PATH after it."""
    found = []
    tools = _TOOL.findall(output)
    if tools:
        found.append(f"not installed: {', '.join(tools)}")
    requirements = _REQUIREMENT.findall(output)
    if requirements:
        found.append(f"its Python environment lacks {', '.join(requirements)}")
    found += _NO_PYTHON.findall(output)
    found += [text for text in _ERROR.findall(output) if not _TOOL.match(f"ERROR: {text}") and text not in found]
    if absent:
        found.append(f"no program {', '.join(absent)}")
    lines = [line for line in output.splitlines() if line.strip() and not _ABSENT.match(line)]
    return found or [lines[-1].strip() if lines else "it printed nothing"]
