"""How the shares reach the data plane."""

from shadow_operator.traffic.router import Capabilities, Router

__all__ = ["Capabilities", "Router"]
