"""The real program in the real home of `tests.lab`: what it publishes when lines and gateways change."""
