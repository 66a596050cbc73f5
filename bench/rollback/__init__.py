"""How fast a share is taken back, and what is lost meanwhile: measured on a real cluster, for us and for others."""
