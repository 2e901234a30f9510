"""The rows of clubs: who is a member since when, what they are now, and what they were charged."""

from subscriptions.models.charge import Charge
from subscriptions.models.club import Club, ClubStatus, ClubStatusChange
from subscriptions.models.move import Move
from subscriptions.models.run import ClubRun, ClubRunItem
from subscriptions.models.shop_account import ShopAccount
from subscriptions.models.skip import Skip
from subscriptions.models.subscription import (
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)

__all__ = [
    "Charge",
    "Club",
    "ClubRun",
    "ClubRunItem",
    "ClubStatus",
    "ClubStatusChange",
    "Move",
    "ShopAccount",
    "Skip",
    "Subscription",
    "SubscriptionStatus",
    "SubscriptionStatusChange",
]
