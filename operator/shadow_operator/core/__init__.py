"""The pure core: values in, values out. No I/O, no clock, no Kubernetes; the time is always an argument."""
