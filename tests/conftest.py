"""What holds for every test."""

from hypothesis import HealthCheck, settings

# Nothing here is judged by the clock: a busy machine is no defect.
settings.register_profile("homeport", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("homeport")
