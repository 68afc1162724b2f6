"""The command line: reads arguments and environment, joins the parts, talks to the person."""
