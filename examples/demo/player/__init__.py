"""Installs the operator, plays one rollout on live traffic, and writes down what was seen."""
