"""Argo CD's Lua, outside of Argo CD: its sandbox in the Lua that it follows (5.1), and the form of its test cases.

Both are those of Argo CD's util/lua, and its documentation has them: resource_actions.md and health.md.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from lupa import lua51
from pydantic import BaseModel, ConfigDict, Field

from tests.world.manifests import Manifest

# Of Lua's libraries Argo CD opens the base, `table`, and of `os` what is listed; `string` and `math` are not there.
_SANDBOX = """
local globals = _G
local kept = {
  assert = true, error = true, ipairs = true, next = true, os = true, pairs = true, pcall = true, print = true,
  select = true, table = true, tonumber = true, tostring = true, type = true, unpack = true, xpcall = true,
}
os = {time = os.time, date = os.date}
getmetatable("").__index = nil
for name in pairs(globals) do
  if not kept[name] then globals[name] = nil end
end
"""


def run(script: str, stored: Manifest, parameters: Mapping[str, str] | None = None) -> Any:
    """Run a script over an object and give what it returns.

    Raises:
        lupa.lua51.LuaError: the script has a fault, or uses what the sandbox has not.

    """
    lua = lua51.LuaRuntime(register_eval=False, register_builtins=False, unpack_returned_tuples=True)
    load = lua.eval("loadstring")
    lua.execute(_SANDBOX)
    names = lua.globals()
    names["obj"] = lua.table_from(stored, recursive=True)
    names["actionParams"] = lua.table_from(parameters or {})
    compiled = load(script)
    assert callable(compiled), f"no Lua: {compiled}"
    return _from_lua(compiled(), set())


def _from_lua(value: Any, seen: set[str]) -> Any:
    """A table with numbers for keys is a list; so is an empty one, as Lua can't tell.

    Argo CD refuses a table that is there twice, so this does, too.
    """
    if lua51.lua_type(value) != "table":
        return value
    # Its address, which all references to a table have in common.
    address = repr(value)
    assert address not in seen, "a table is returned twice, which Argo CD takes for an endless one"
    seen.add(address)
    keys = list(value.keys())
    if all(isinstance(key, int) for key in keys):
        return [_from_lua(value[index], seen) for index in range(1, len(keys) + 1)]
    return {key: _from_lua(value[key], seen) for key in keys}


def act(script: str, stored: Manifest, parameters: Mapping[str, str] | None = None) -> Manifest:
    """What an action makes of an object; empty maps that it left alone stay maps, as Argo CD sees to."""
    returned = _with_empty_maps_of(stored, run(script, stored, parameters))
    assert isinstance(returned, dict), f"an action returns the object, not {returned!r}"
    return returned


def _with_empty_maps_of(before: Any, after: Any) -> Any:
    if isinstance(before, dict) and after == []:
        return {}
    if isinstance(before, dict) and isinstance(after, dict):
        return {key: _with_empty_maps_of(before.get(key), value) for key, value in after.items()}
    if isinstance(before, list) and isinstance(after, list):
        longer = [*before, *[None] * (len(after) - len(before))]
        return [_with_empty_maps_of(*pair) for pair in zip(longer, after, strict=False)]
    return after


class _Part(BaseModel):
    """What is no part of Argo CD's form is a mistake of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HealthStatus(_Part):
    status: str
    message: str = ""


class HealthCase(_Part):
    inputPath: str  # noqa: N815 - Argo CD's name
    healthStatus: HealthStatus  # noqa: N815 - Argo CD's name


class HealthCases(_Part):
    tests: list[HealthCase]


class Parameter(_Part):
    name: str


class Action(_Part):
    """An action as it is offered."""

    name: str
    disabled: bool = False
    iconClass: str = ""  # noqa: N815 - Argo CD's name
    displayName: str = ""  # noqa: N815 - Argo CD's name
    params: list[Parameter] = Field(default_factory=list)


class DiscoveryCase(_Part):
    inputPath: str  # noqa: N815 - Argo CD's name
    result: list[Action]


class ActionCase(_Part):
    action: str
    inputPath: str  # noqa: N815 - Argo CD's name
    expectedOutputPath: str  # noqa: N815 - Argo CD's name
    parameters: dict[str, str] = Field(default_factory=dict)


class ActionCases(_Part):
    discoveryTests: list[DiscoveryCase]  # noqa: N815 - Argo CD's name
    actionTests: list[ActionCase]  # noqa: N815 - Argo CD's name


def discovered(script: str, stored: Manifest) -> list[Action]:
    """The actions that a discovery script offers, by name."""
    offered = run(script, stored)
    return [Action(name=name, **(offered[name] or {})) for name in sorted(offered)]


def health(script: str, stored: Manifest) -> HealthStatus:
    """What a health script says of an object."""
    return HealthStatus.model_validate(run(script, stored))


def read(path: Path) -> Any:
    """A YAML file of a case."""
    return yaml.safe_load(path.read_text())
