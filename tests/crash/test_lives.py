"""A sample of what `make crash` does a thousand times."""

from __future__ import annotations

import pytest

from tests.crash.__main__ import crash

pytestmark = [
    pytest.mark.peer,
    pytest.mark.linux("kill -9, strace and BIND"),
]


@pytest.mark.timeout(600)  # half a minute; ten times that on a machine with other things to do
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_sent_twice() -> None:
    tenants = crash(40, 20261121, 4)
    deaths = [death for tenant in tenants for death in tenant.deaths]
    assert len(deaths) == 40
    # `Tenant` has looked at everything else.  That it looked at something is to be seen here.
    assert len({death.stage for death in deaths}) >= 3
    assert sum(death.how not in ("moment", "rest", "end") for death in deaths) >= 10
    assert all(tenant.updates.total() > 1 for tenant in tenants)
