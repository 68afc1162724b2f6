"""The demo: a home line, an authoritative name server and the agent, all on the loopback interface."""
