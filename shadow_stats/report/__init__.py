"""What `python -m shadow_stats compare` reads, works out and shows."""
