"""Routes of the pages of clubs; those of the API stand in `subscriptions.api.urls`."""

from django.urls import URLPattern

from core.api.routes import route
from subscriptions.pages import board, clubs, members, runs

RUN = "clubs/<int:number>/run/<uuid:pk>/"
MEMBER = "clubs/members/<uuid:pk>/"

urlpatterns: list[URLPattern] = [
    route("clubs/", clubs.club_list, name="clubs"),
    route("clubs/board/", board.board_page, name="clubs_board"),
    route("clubs/worklist/", runs.worklist, name="clubs_worklist"),
    route(MEMBER, members.member_detail, name="club_member"),
    route(f"{MEMBER}pause/", members.member_pause, name="club_member_pause"),
    route(f"{MEMBER}skip/", members.member_skip, name="club_member_skip"),
    route(f"{MEMBER}unskip/", members.member_unskip, name="club_member_unskip"),
    route(f"{MEMBER}cancel/", members.member_cancel, name="club_member_cancel"),
    route(f"{MEMBER}reactivate/", members.member_reactivate, name="club_member_reactivate"),
    route(f"{MEMBER}move/", members.member_move, name="club_member_move"),
    route("clubs/<int:number>/", clubs.club_detail, name="club"),
    route("clubs/<int:number>/status/", clubs.club_status, name="club_status"),
    route("clubs/<int:number>/run/", runs.run_new, name="club_run_new"),
    route(RUN, runs.run_detail, name="club_run"),
    route(f"{RUN}report/", runs.run_report, name="club_run_report"),
    route(f"{RUN}retry/", runs.run_retry, name="club_run_retry"),
    *(
        route(f"{RUN}{verb}/", runs.run_turn, verb=verb, name=f"club_run_{verb}")
        for verb in runs.VERBS
    ),
    *(
        route(f"clubs/items/<uuid:pk>/{verb}/", runs.item_turn, verb=verb, name=f"item_{verb}")
        for verb in ("retry", "settle", "reopen", "note")
    ),
]
