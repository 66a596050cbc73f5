"""Example servers for a ShadowRollout: a model, the scorer that settles its predictions, and the feed that asks it."""
