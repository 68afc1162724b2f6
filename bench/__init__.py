"""What Homeport costs, measured: `make bench`, or `.venv/bin/python -m bench [--quick] [TABLE ...]`."""
