"""The loop: observe -> decide -> apply -> verify -> report.  The only code that runs tasks."""
