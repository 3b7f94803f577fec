"""The package of the power module's protocols: a board loads the one that it names, and no other."""

import sys

from core.declare import DeclarationError, load_class


def test_a_board_with_another_protocol_has_not_the_reference_one_on_its_heap():
    assert load_class("components.charger.infy:Infypower").__name__ == "Infypower"
    assert load_class("components.charger.elcon:Elcon").__name__ == "Elcon"
    assert "components.charger.reference" not in sys.modules
    assert load_class("components.charger:Charger").__name__ == "Charger"
    assert "components.charger.reference" in sys.modules


def test_modules_of_the_package_are_found_by_either_form_of_import():
    """MicroPython asks the package's __getattr__ before it looks for a module: `from components.charger import x`."""
    from components.charger import limits as one
    from components.charger.limits import Limits

    assert one.Limits is Limits


def test_a_class_that_is_not_there_is_reported_as_ever():
    for name in ("Chargr", "limit"):
        try:
            load_class("components.charger:" + name)
            raise AssertionError("found")
        except DeclarationError as e:
            words = "class 'components.charger:%s' not found: module components.charger has no %s"
            assert str(e) == words % (name, name)
