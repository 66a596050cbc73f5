"""Numbers as people write them in a manifest: `5%`, `0.5%`, `14d`, `90s`, `"100000"`.

The API has no floats (Kubernetes API conventions, "Primitive types"): a float does not survive every client unchanged.
Each quantity stays the string that was written, so that what Git holds and what the API returns are equal.
"""

import ipaddress
import re
from datetime import timedelta
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_SECONDS_BY_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class CheckedText(str):
    """A string with a checked form. Raises ValueError, naming what was found and what would be accepted."""

    __slots__ = ()

    form: ClassVar[re.Pattern[str]]
    accepted: ClassVar[str]
    longest: ClassVar[int] = 32

    def __new__(cls, text: str) -> Self:
        """Check the form."""
        if len(text) > cls.longest or not cls.form.fullmatch(text):
            raise ValueError(f'"{text}" {cls.accepted}')
        return super().__new__(cls, text)

    @classmethod
    def cel(cls) -> str:
        """The check as a CEL rule, for the API server."""
        return f"self.matches(r'''^(?:{cls.form.pattern})$''')"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # CEL, not `pattern`: a failed pattern shows people a regular expression, a CEL rule answers in a sentence.
        escaped = cls.accepted.replace("'", "\\'")
        return {
            "type": "string",
            "minLength": 1,
            "maxLength": cls.longest,
            "x-kubernetes-validations": [
                {
                    "rule": cls.cel(),
                    "messageExpression": f"'\"' + self + '\" {escaped}'",
                    # The API server falls back to this where it can't evaluate the expression.
                    "message": f"this value {cls.accepted}",
                },
            ],
        }


class Duration(CheckedText):
    """A length of time: `90s`, `1h30m`, `14d`."""

    __slots__ = ()

    form = re.compile(r"([0-9]{1,6}(d|h|m|s|ms))+")
    accepted = "is not a duration: write whole numbers with a unit of d, h, m, s or ms, as in 90s, 1h30m or 14d"

    @property
    def timedelta(self) -> timedelta:
        """The same length as a timedelta."""
        return timedelta(seconds=self.seconds)

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        parts = re.findall(r"([0-9]+)(ms|d|h|m|s)", self)
        return sum(int(number) * _SECONDS_BY_UNIT[unit] for number, unit in parts)


class PositiveDuration(Duration):
    """A length of time that is more than nothing."""

    __slots__ = ()

    form = re.compile(r"([0-9]{1,6}(d|h|m|s|ms))*0{0,5}[1-9][0-9]{0,5}(d|h|m|s|ms)([0-9]{1,6}(d|h|m|s|ms))*")
    accepted = "is not a duration above 0: write whole numbers with a unit of d, h, m, s or ms, as in 15s, 1m or 1h30m"


class Percent(CheckedText):
    """A share from 0 % to 100 %: `5%`, `0.5%`."""

    __slots__ = ()

    form = re.compile(r"(100(\.0{1,4})?|[0-9]{1,2}(\.[0-9]{1,4})?)%")
    accepted = "is not a share: write a number from 0 to 100 followed by %, as in 5% or 0.5%"

    @property
    def fraction(self) -> float:
        """The share as a number from 0 to 1."""
        return float(self[:-1]) / 100


class ErrorRate(Percent):
    """A probability of being wrong that somebody is willing to bear: `5%`, `0.5%`."""

    __slots__ = ()

    form = re.compile(
        r"(50(\.0{1,4})?|[0-4]?[1-9](\.[0-9]{1,4})?|[1-4]0(\.[0-9]{1,4})?|0{1,2}\.0{0,3}[1-9][0-9]{0,3})%"
    )
    accepted = "is not an error rate: write a probability above 0% and at most 50%, as in 5% or 0.5%"


class Ratio(CheckedText):
    """A ratio that may exceed one: `90%`, `150%`."""

    __slots__ = ()

    form = re.compile(r"[0-9]{1,5}(\.[0-9]{1,4})?%")
    accepted = "is not a ratio: write a number of at least 0 followed by %, as in 90% or 150%"

    @property
    def fraction(self) -> float:
        """The ratio as a number, 1.0 for `100%`."""
        return float(self[:-1]) / 100


def _is_ipv6(block: str) -> bool:
    try:
        address = ipaddress.IPv6Network(block, strict=False).network_address
    except ValueError:
        return False
    # To the API server that is IPv4 in other letters, and belongs to neither.
    return address.ipv4_mapped is None


class CIDR(CheckedText):
    """A block of IP addresses: `203.0.113.0/24`, `2001:db8::/32`."""

    __slots__ = ()

    _byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    form = re.compile(
        rf"({_byte}\.){{3}}{_byte}/(3[0-2]|[12][0-9]|[1-9])|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*/(12[0-8]|1[01][0-9]|[1-9][0-9]|[1-9])"
    )
    accepted = (
        "is not a block of addresses: write one with the length of its prefix, as in 203.0.113.0/24, "
        "203.0.113.7/32 or 2001:db8::/32"
    )
    longest = 64

    def __new__(cls, text: str) -> Self:
        """Check the form, and that an IPv6 address is one."""
        checked = super().__new__(cls, text)
        if ":" in checked and not _is_ipv6(checked):
            raise ValueError(f'"{text}" {cls.accepted}')
        return checked


class Amount(CheckedText):
    """A positive amount in the account's currency, quoted: `"100000"`, `"2500.50"`."""

    __slots__ = ()

    form = re.compile(r"0*[1-9][0-9]*(\.[0-9]+)?|0*\.0*[1-9][0-9]*|0+\.0*[1-9][0-9]*")
    accepted = 'is not a positive amount: write a quoted decimal above 0, as in "100000" or "2500.50"'

    @property
    def value(self) -> float:
        """The amount in the account's currency."""
        return float(self)


class Number(CheckedText):
    """A decimal, quoted: `"0.25"`, `"-1"`, `"2"`."""

    __slots__ = ()

    form = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
    accepted = 'is not a number: write a quoted decimal, as in "0.25" or "2"'

    @property
    def value(self) -> float:
        """The number."""
        return float(self)
