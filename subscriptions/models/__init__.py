"""The rows of clubs and of leases.

Clubs: who is a member since when, what they are now, what they were charged. Leases: who lives in
which room of which house, what they owe a month, and what becomes of that money.
"""

from subscriptions.models.case import Case, CaseNote
from subscriptions.models.charge import Charge
from subscriptions.models.club import Club, ClubStatus, ClubStatusChange
from subscriptions.models.dispute import FraudWarning, RentDispute
from subscriptions.models.dispute_act import DisputeAct
from subscriptions.models.house import House
from subscriptions.models.house_ledger import HouseEntry
from subscriptions.models.lease import Lease
from subscriptions.models.lease_import import LeaseImport
from subscriptions.models.move import Move
from subscriptions.models.posting import RentPosting
from subscriptions.models.rent import RentPayment
from subscriptions.models.rent_collection import RentCollection
from subscriptions.models.rent_transfer import RentTransfer, TransferReversal
from subscriptions.models.resident import Resident
from subscriptions.models.room import Room
from subscriptions.models.run import ClubRun, ClubRunItem
from subscriptions.models.shop_account import ShopAccount
from subscriptions.models.skip import Skip
from subscriptions.models.stripe_link import FormerStripeId, StripeLink
from subscriptions.models.subscription import (
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)

__all__ = [
    "Case",
    "CaseNote",
    "Charge",
    "Club",
    "ClubRun",
    "ClubRunItem",
    "ClubStatus",
    "ClubStatusChange",
    "DisputeAct",
    "FormerStripeId",
    "FraudWarning",
    "House",
    "HouseEntry",
    "Lease",
    "LeaseImport",
    "Move",
    "RentCollection",
    "RentDispute",
    "RentPayment",
    "RentPosting",
    "RentTransfer",
    "Resident",
    "Room",
    "ShopAccount",
    "Skip",
    "StripeLink",
    "Subscription",
    "SubscriptionStatus",
    "SubscriptionStatusChange",
    "TransferReversal",
]
