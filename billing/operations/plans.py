"""Plans and their versions: drafted, filled with prices and fees, published for good."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from billing.models import Plan, PlanVersion, Price, PriceTier, RecurringFee
from billing.operations.inputs import refuse, wrong_amount, wrong_code, wrong_currency, wrong_name
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import User
from core.tenancy import current


class VersionPublished(Exception):
    """The version is published: its prices only ever end, and its fees stay."""

    def __init__(self, version: PlanVersion) -> None:
        super().__init__(
            f"{version} is published, so it stays as it is. Draft another version, or change a"
            " price from a day on."
        )


class VersionEmpty(Exception):
    """A version without prices and fees would bill nothing."""


def make_plan(*, code: str, name: str, currency: str) -> Plan:
    """Make a plan of the company in scope, without a version. Raises FieldsInvalid."""
    wrong = [*wrong_texts({"name": name}, {}), *wrong_code(code), *wrong_name(name, 120)]
    refuse([*wrong, *wrong_currency(currency)])
    plan = Plan(tenant_id=current().tenant_id, code=code, name=name.strip(), currency=currency)
    try:
        with transaction.atomic():
            plan.save()
    except IntegrityError as error:
        if broken_rule(error) != "plan_code_once":
            raise
        raise FieldsInvalid(WrongField("code", "taken", "Another plan has this code.")) from error
    return plan


def rename_plan(*, plan_id: UUID, name: str) -> Plan:
    """Give a plan another name. In scope. Raises FieldsInvalid."""
    refuse([*wrong_texts({"name": name}, {}), *wrong_name(name, 120)])
    plan = Plan.objects.select_for_update().get(pk=plan_id)
    plan.name = name.strip()
    plan.save(update_fields=["name"])
    return plan


def draft_version(*, plan_id: UUID, note: str = "", copy_from: UUID | None = None) -> PlanVersion:
    """Begin the next version of a plan, empty or with the prices and fees of another version.

    Of a copied version each price that has not ended comes along, from its first day on. In scope.
    Not repeatable: each call makes another draft. Raises FieldsInvalid.
    """
    plan = Plan.objects.select_for_update().get(pk=plan_id)
    source = _source(plan, copy_from)
    refuse([*wrong_texts({"note": note}, {"note": 300})])
    highest = plan.versions.aggregate(highest=Max("number"))["highest"] or 0
    version = PlanVersion.objects.create(
        tenant_id=current().tenant_id, plan=plan, number=highest + 1, note=note
    )
    if source is not None:
        _copy(source, version)
    return version


def _source(plan: Plan, copy_from: UUID | None) -> PlanVersion | None:
    if copy_from is None:
        return None
    found = PlanVersion.objects.filter(pk=copy_from, plan=plan).first()
    if found is None:
        words = "There is no such version of this plan."
        raise FieldsInvalid(WrongField("copy_from", "unknown", words))
    return found


def _copy(source: PlanVersion, version: PlanVersion) -> None:
    for price in source.prices.filter(ends_on=None).prefetch_related("tiers"):
        tiers = list(price.tiers.all())
        price.pk, price.version, price._state.adding = None, version, True
        copied = Price.objects.create(**_values(price))
        PriceTier.objects.bulk_create(PriceTier(**{**_values(t), "price": copied}) for t in tiers)
    RecurringFee.objects.bulk_create(
        RecurringFee(**{**_values(fee), "version": version}) for fee in source.fees.all()
    )


def _values(row: Price | PriceTier | RecurringFee) -> dict[str, object]:
    """Return what makes a row, without what the database gives it."""
    given = {"id", "created_at", "updated_at"}
    return {
        field.name: getattr(row, field.name)
        for field in row._meta.concrete_fields
        if field.name not in given
    }


def add_fee(
    *,
    version_id: UUID,
    name: str,
    amount_minor: int,
    timing: str,
    is_prorated: bool = True,
    product: str = "",
) -> RecurringFee:
    """Add a fee to a draft: an amount for each period, in advance or in arrears. In scope.

    Raises FieldsInvalid, VersionPublished.
    """
    version = locked_draft(version_id)
    texts = {"name": name, "product": product}
    wrong = [*wrong_texts(texts, {"product": 120}), *wrong_name(name, 120)]
    wrong += wrong_amount(amount_minor, version.plan.currency, lowest=0)
    if timing not in RecurringFee.Timing.values:
        wrong.append(WrongField("timing", "invalid_choice", "Give advance or arrears."))
    refuse(wrong)
    fee = RecurringFee(
        tenant_id=version.tenant_id,
        version=version,
        name=name.strip(),
        product=product,
        amount_minor=amount_minor,
        timing=timing,
        is_prorated=is_prorated,
    )
    try:
        with transaction.atomic():
            fee.save()
    except IntegrityError as error:
        if broken_rule(error) != "recurring_fee_name_once":
            raise
        words = "Another fee of this version has this name."
        raise FieldsInvalid(WrongField("name", "taken", words)) from error
    return fee


def remove_fee(*, fee_id: UUID) -> None:
    """Take a fee out of a draft. In scope. Raises VersionPublished."""
    fee = RecurringFee.objects.get(pk=fee_id)
    locked_draft(fee.version_id)
    fee.delete()


def publish_version(*, version_id: UUID, by: User | None, now: datetime) -> PlanVersion:
    """Fix a draft, so that it can be assigned. In scope. Raises VersionPublished, VersionEmpty."""
    version = locked_draft(version_id)
    if not version.prices.exists() and not version.fees.exists():
        raise VersionEmpty(f"{version} has no price and no fee. Add one first.")
    version.published_at, version.published_by = now, by
    version.save(update_fields=["published_at", "published_by"])
    return version


def discard_version(*, version_id: UUID) -> None:
    """Delete a draft with its prices and fees. In scope. Raises VersionPublished."""
    version = locked_draft(version_id)
    version.prices.all().delete()
    version.fees.all().delete()
    version.delete()


def locked_draft(version_id: UUID) -> PlanVersion:
    """Return a version, locked, that is not published. Raises VersionPublished."""
    rows = PlanVersion.objects.select_for_update(of=("self",)).select_related("plan")
    version = rows.get(pk=version_id)
    if version.published_at is not None:
        raise VersionPublished(version)
    return version
