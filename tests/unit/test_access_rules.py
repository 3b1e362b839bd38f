"""Roles and permissions."""

from __future__ import annotations

import pytest

from data.access.rules import PERMISSIONS, ROLES, Actor
from data.ids import new_id


def someone(*roles: str) -> Actor:
    return Actor(new_id(), "wanda@example.com", "Wanda", frozenset(roles))


def test_every_role_grants_known_permissions_and_every_permission_is_granted() -> None:
    granted = frozenset().union(*ROLES.values())
    assert granted == PERMISSIONS
    assert ROLES["admin"] == PERMISSIONS


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        ("support", "orders.place", "stock.adjust"),
        ("warehouse", "stock.receive", "customers.edit"),
        ("catalogue", "catalog.edit", "orders.place"),
        ("analyst", "analytics.view", "catalog.edit"),
        ("warehouse", "orders.status", "payments.view"),
    ],
)
def test_a_role_does_its_work_and_no_other(role: str, may: str, may_not: str) -> None:
    assert someone(role).may(may)
    assert not someone(role).may(may_not)


def test_only_admins_manage_access() -> None:
    assert [role for role in ROLES if someone(role).may("access.manage")] == ["admin"]


def test_roles_add_up_and_unknown_ones_grant_nothing() -> None:
    both = someone("warehouse", "catalogue", "emperor")
    assert both.may("stock.adjust")
    assert both.may("catalog.edit")
    assert not both.may("orders.place")
    assert not someone("emperor").may("catalog.view")
    assert not someone().may("catalog.view")


def test_analysts_only_look_and_keep_views_of_their_own() -> None:
    assert all(permission.endswith(".view") for permission in ROLES["analyst"] - {"views.save"})
