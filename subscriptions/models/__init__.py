"""The rows of clubs: who is a member since when, what they are now, and what they were charged."""

from subscriptions.models.charge import Charge
from subscriptions.models.club import Club, ClubStatus, ClubStatusChange
from subscriptions.models.shop_account import ShopAccount
from subscriptions.models.subscription import (
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)

__all__ = [
    "Charge",
    "Club",
    "ClubStatus",
    "ClubStatusChange",
    "ShopAccount",
    "Subscription",
    "SubscriptionStatus",
    "SubscriptionStatusChange",
]
