"""The public resources, group `shadowrollouts.io`, version `v1alpha1`: the single source of the CRDs and of their validation."""
