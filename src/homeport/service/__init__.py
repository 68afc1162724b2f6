"""What starts the agent and keeps it running: the service managers of the platforms."""
