"""What stands around a board, from its declaration: buses, outlets, and what simulates their power modules."""

import pytest

from tools.layout import LayoutError, outlets
from tools.powermodule import PowerModule
from tools.selection import boards

TWO_BUSES = '''
NAME = "twobuses"
COMPONENTS = (
    {"name": "can_driver", "use": "drivers.can.slcan:Slcan"},
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}},
    {"name": "vehicle_can_driver", "use": "drivers.can.slcan:Slcan"},
    {"name": "vehicle_can", "use": "components.can:Can", "bind": {"driver": "vehicle_can_driver"}},
    {"name": "bms", "use": "components.bms:Bms", "bind": {"can": "vehicle_can"}},
    {"name": "charger", "use": "%s"},
)
SETTINGS = {"can": {"port": "can_driver.port", "vehicle_port": "vehicle_can_driver.port"}}
'''
SCOPES = '''
NAME = "scopes"
PARTS = (
    {"name": "can_driver", "use": "drivers.can.slcan:Slcan"},
    {"name": "can", "use": "components.can:Can", "bind": {"driver": "can_driver"}},
    {"name": "bms", "use": "components.bms:Bms"},
    {"name": "charger", "use": "components.charger:Charger", "options": {"current_scale": 1}},
)
COMPONENTS = ({"scope": "1", "components": PARTS}, {"scope": "2", "components": PARTS})
SETTINGS = {"can": {"1": {"port": "1/can_driver.port"}, "2": {"port": "2/can_driver.port"}}}
'''


@pytest.fixture
def board(tmp_path, monkeypatch):
    """Write a board outside the repository; return its name."""

    def write(name, text):
        folder = tmp_path / f"of_{name}"
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
        monkeypatch.setenv("MICROPYPATH", str(tmp_path))
        return f"of_{name}.{name}"

    return write


def test_every_board_of_the_tree_has_an_outlet_with_a_simulator():
    for name in boards():
        found = outlets(name)
        assert found and all(outlet.module for outlet in found), name
    (unix,) = outlets("unix")
    assert (unix.scope, unix.vehicle_bus, unix.module_bus) == ("", ("can", "port"), ("can", "port"))


def test_the_vehicle_on_a_bus_of_its_own(board):
    (outlet,) = outlets(board("twobuses", TWO_BUSES % "components.charger:Charger"))
    assert (outlet.module_bus, outlet.vehicle_bus) == (("can", "port"), ("can", "vehicle_port"))


def test_each_scope_is_an_outlet_with_its_own_bus_and_the_options_of_its_module(board):
    one, two = outlets(board("scopes", SCOPES))
    assert (one.scope, one.module_bus, one.vehicle_bus) == ("1", ("can", "1", "port"), ("can", "1", "port"))
    assert (two.scope, two.module_bus, two.vehicle_bus) == ("2", ("can", "2", "port"), ("can", "2", "port"))
    module = two.module("socket://127.0.0.1:1", heartbeat=True)
    assert isinstance(module, PowerModule) and module.scale == 1 and module.heartbeat


@pytest.mark.parametrize("name", ["unix_elcon", "unix_infy"])
def test_a_heartbeat_of_modules_that_have_none_is_refused(name):
    (outlet,) = outlets(name)
    with pytest.raises(LayoutError, match="--heartbeat: the power modules of this board have none"):
        outlet.module("socket://127.0.0.1:1", heartbeat=True)


def test_a_module_that_is_not_simulated_and_a_board_that_is_none(board):
    (outlet,) = outlets(board("foreign", TWO_BUSES % "elsewhere:Module"))
    assert outlet.module is None and outlet.use == "elsewhere:Module"
    with pytest.raises(LayoutError, match="no board nowhere"):
        outlets("nowhere")
    with pytest.raises(LayoutError, match="no component 'charger'"):
        outlets(board("empty", 'NAME = "empty"\nCOMPONENTS = ()\n'))


def test_a_board_from_elsewhere_may_name_the_simulator_of_its_module(board, tmp_path):
    (tmp_path / "sims.py").write_text("class Sim:\n    def __init__(self, url, **options):\n        self.url = url\n")
    text = TWO_BUSES % "elsewhere:Module"
    (outlet,) = outlets(board("own_sim", text + 'SIMULATOR = "sims:Sim"\n'))
    assert outlet.module("socket://here:1").url == "socket://here:1"
    with pytest.raises(LayoutError, match="SIMULATOR 'nothing:Sim': no module nothing"):
        outlets(board("no_module", text + 'SIMULATOR = "nothing:Sim"\n'))
    with pytest.raises(LayoutError, match="module sims has no Other"):
        outlets(board("no_class", text + 'SIMULATOR = "sims:Other"\n'))
