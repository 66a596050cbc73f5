"""What runs in the bench's cluster; it is mounted into pods of the example models' image."""
