"""Kubernetes operator that shadows, canaries and promotes prediction models."""
