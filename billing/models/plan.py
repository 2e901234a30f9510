"""Plans: what usage costs, in versions that do not change once they are published."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from billing.models.fields import ExactField
from billing.models.meter import Meter
from billing.models.organization import CODE, Organization
from core.models import TenantRow, User


class DaysFrom(Func):
    """The days from the first one up to, but without, the second; open without a second."""

    function = "daterange"
    output_field = DateRangeField()


class Plan(TenantRow):
    """A name under which prices are sold, in one currency."""

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="plan_code_once"),
            models.CheckConstraint(name="plan_code_is_plain", condition=Q(code__regex=CODE)),
            models.CheckConstraint(
                name="plan_currency_is_upper_case", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanVersion(TenantRow):
    """The prices and fees of a plan. Published, they only ever end; a trigger holds that."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_version_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.plan} v{self.number}"


class Price(TenantRow):
    """What one meter costs from `starts_on` up to, but without, `ends_on`.

    Of the quantity of a period `included` units are free. The rest is counted in packages of
    `package_size` when there is one (a begun package is a whole one), and rated by the tiers.
    Rates are in minor units for each unit. `minimum_minor` is owed at least for a whole period.
    A price may hold for one value of one dimension; such a price goes before the general one, and
    all such prices of a meter use the same dimension, so that no usage is ever rated twice.
    """

    class Model(models.TextChoices):
        PER_UNIT = "per_unit", "Per unit"
        GRADUATED = "graduated", "Graduated: each tier for its own units"
        VOLUME = "volume", "Volume: all units at the tier reached"
        PACKAGE = "package", "Package"

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="prices")
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="prices")
    model = models.CharField(max_length=9, choices=Model.choices)
    filter_dimension = models.CharField(max_length=40, blank=True, default="")
    filter_value = models.CharField(max_length=200, blank=True, default="")
    included = ExactField(default=0)
    package_size = ExactField(null=True, blank=True)
    minimum_minor = models.BigIntegerField(default=0)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["version", "meter", "filter_value", "starts_on"]
        constraints = [
            models.CheckConstraint(
                name="price_ends_after_it_starts",
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
            ),
            models.CheckConstraint(
                name="price_includes_no_less_than_nothing", condition=Q(included__gte=0)
            ),
            models.CheckConstraint(
                name="price_minimum_is_not_negative", condition=Q(minimum_minor__gte=0)
            ),
            models.CheckConstraint(
                name="package_price_has_its_size",
                condition=Q(model="package", package_size__gt=0)
                | (~Q(model="package") & Q(package_size=None)),
            ),
            models.CheckConstraint(
                name="price_filter_has_dimension",
                condition=~Q(filter_dimension="") | Q(filter_value=""),
            ),
            ExclusionConstraint(
                name="price_ranges_do_not_overlap",
                expressions=[
                    ("version", RangeOperators.EQUAL),
                    ("meter", RangeOperators.EQUAL),
                    ("filter_dimension", RangeOperators.EQUAL),
                    ("filter_value", RangeOperators.EQUAL),
                    (DaysFrom("starts_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="price_filters_use_one_dimension",
                expressions=[
                    ("version", RangeOperators.EQUAL),
                    ("meter", RangeOperators.EQUAL),
                    ("filter_dimension", RangeOperators.NOT_EQUAL),
                    (DaysFrom("starts_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=~Q(filter_dimension=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} from {self.starts_on}"


class PriceTier(TenantRow):
    """The rate for units above `above` up to and with `up_to` (open without).

    `flat` is owed once when the tier is reached. Both are in minor units, not rounded.
    """

    price = models.ForeignKey(Price, on_delete=models.CASCADE, related_name="tiers")
    position = models.PositiveSmallIntegerField()
    above = ExactField(default=0)
    up_to = ExactField(null=True, blank=True)
    rate = ExactField(default=0)
    flat = ExactField(default=0)

    class Meta:
        ordering = ["price", "position"]
        constraints = [
            models.UniqueConstraint(fields=["price", "position"], name="tier_position_once"),
            models.CheckConstraint(
                name="tier_ends_above_its_start",
                condition=Q(above__gte=0) & (Q(up_to=None) | Q(up_to__gt=F("above"))),
            ),
            models.CheckConstraint(
                name="tier_rates_are_not_negative", condition=Q(rate__gte=0) & Q(flat__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"above {self.above}"


class RecurringFee(TenantRow):
    """A fixed amount for each period, owed for the days on which the plan was held."""

    class Timing(models.TextChoices):
        ADVANCE = "advance", "In advance: with the invoice before"
        ARREARS = "arrears", "In arrears: with the period's own invoice"

    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="fees")
    name = models.CharField(max_length=120)
    product = models.CharField(max_length=120, blank=True)
    amount_minor = models.BigIntegerField()
    timing = models.CharField(max_length=7, choices=Timing.choices)
    is_prorated = models.BooleanField(default=True)

    class Meta:
        ordering = ["version", "name"]
        constraints = [
            models.CheckConstraint(
                name="recurring_fee_is_not_negative", condition=Q(amount_minor__gte=0)
            ),
            models.UniqueConstraint(fields=["version", "name"], name="recurring_fee_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(TenantRow):
    """Which prices hold for an organization, day by day: one version at a time."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="assignments"
    )
    version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["organization", "starts_on"]
        constraints = [
            models.CheckConstraint(
                name="assignment_ends_after_it_starts",
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")),
            ),
            ExclusionConstraint(
                name="one_plan_at_a_time",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    (DaysFrom("starts_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} from {self.starts_on}"
