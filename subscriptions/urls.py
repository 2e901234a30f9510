"""Routes of the pages of clubs; those of the API stand in `subscriptions.api.urls`."""

from django.urls import URLPattern

from core.api.routes import route
from subscriptions.pages import board, cases, clubs, houses, members, residents, runs

RUN = "clubs/<int:number>/run/<uuid:pk>/"
MEMBER = "clubs/members/<uuid:pk>/"
RENT = "cases/<uuid:pk>/"

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
    route("cases/", cases.case_list, name="cases"),
    route("cases/look-up/", cases.look_up, name="cases_look_up"),
    route(RENT, cases.case_page, name="rent_case"),
    route(f"{RENT}do/<slug:code>/", cases.case_step, name="case_step"),
    route(f"{RENT}report/<slug:kind>/", cases.case_file, name="case_file"),
    *(
        route(f"{RENT}{verb}/", cases.case_turn, verb=verb, name=f"case_{verb}")
        for verb in ("take", "note", "close")
    ),
    route("houses/", houses.house_list, name="houses"),
    route("houses/<uuid:pk>/", houses.house_page, name="house"),
    route("houses/<uuid:pk>/edit/", houses.house_edit, name="house_edit"),
    route("residents/<uuid:pk>/", residents.resident_page, name="resident"),
]
