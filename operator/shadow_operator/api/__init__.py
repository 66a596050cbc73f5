"""The public resources, `shadowrollouts.io/v1alpha1`: the single source of the CRDs and of their validation."""
