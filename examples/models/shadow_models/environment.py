"""Reads settings from the environment, and says what is wrong with them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

Value = TypeVar("Value")


class Environment:
    """Environment variables with types."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def required(self, name: str) -> str:
        """Read a variable that has no default."""
        value = self._variables.get(name, "")
        if not value:
            raise ValueError(f"The environment variable {name} is not set: it must be.")
        return value

    def read(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """Read a variable with a default, which also stands for an empty one."""
        text = self._variables.get(name, "")
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise ValueError(f"The environment variable {name} is {text!r}: {error}.") from error
