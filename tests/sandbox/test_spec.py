"""The cut of Stripe's OpenAPI file, and what is built from it."""

import pytest

from sandbox.spec.cut import cut
from sandbox.spec.document import API_VERSION, SUBSET, load, operations
from sandbox.spec.objects import UnknownProperty, build
from sandbox.spec.operations import OPERATIONS


def test_cut_of_the_cut_is_the_cut():
    assert cut(load()) == load()


def test_cut_holds_the_listed_operations():
    assert operations().keys() == set(OPERATIONS)
    assert load()["info"]["version"] == API_VERSION
    assert SUBSET.stat().st_size < 1_200_000


def test_built_object_has_required_and_nullable_properties():
    assert build("deleted_customer", id="cus_1", deleted=True) == {
        "id": "cus_1",
        "object": "customer",
        "deleted": True,
    }
    assert build("billing_details") == {
        "address": None,
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
    }


def test_built_object_takes_no_unknown_property():
    with pytest.raises(UnknownProperty):
        build("customer", colour="red")
