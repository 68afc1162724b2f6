"""Views of what happened: text and JSON logs.  Each is a pure function of a value, and a sender."""
