"""Figures that the project promises, measured."""
