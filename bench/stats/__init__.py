"""Error rates, power and speed of `shadow_stats`, each held against its goal."""
