"""The parts that are not forms write the design system's markup too, and much quicker."""

import time

import pytest

from tests.web.kit import kit, label, same


@pytest.mark.parametrize("variant", ["", "secondary", "warning"])
def test_buttons(ui, variant):
    more = {"variant": variant} if variant else {}
    same(
        ui.button("B", variant=variant, name="n", value="v", once=True, attrs={"hx-post": "/x"}),
        kit("button", text="B", name="n", value="v", preventDoubleClick=True,
            attributes={"hx-post": "/x"}, **more),
    )  # fmt: skip
    same(
        ui.button("B", variant=variant, href="/x?a=1&b=2", small=True),
        kit("button", text="B", href="/x?a=1&b=2", small=True, **more),
    )


def test_error_summary(ui):
    from portal.kernel.problems import Problem

    errors = [{"text": "One", "href": "#x"}, {"text": "Whole"}]
    same(
        ui.error_summary([Problem("x", "One"), Problem("", "Whole")]),
        kit("error-summary", titleText="There is a problem", errorList=errors,
            attributes={"tabindex": "-1", "autofocus": ""}),
    )  # fmt: skip
    assert str(ui.error_summary([])).strip() == ""


def test_summary_list(ui):
    ours = [
        {"key": "K", "value": "V", "actions": [{"href": "#1", "text": "Change", "about": "name"}]},
        {"key": "K2", "value": "V2"},
        {"key": "K3", "value": "V3", "actions": [
            {"href": "#1", "text": "Change", "about": "x"},
            {"href": "#2", "text": "Remove", "about": "x"},
        ]},
    ]  # fmt: skip
    kits = [
        {
            "key": {"text": row["key"]},
            "value": {"text": row["value"]},
            "actions": {
                "items": [
                    {"href": a["href"], "text": a["text"], "visuallyHiddenText": a["about"]}
                    for a in row.get("actions", [])
                ]
            },
        }
        for row in ours
    ]
    same(ui.summary_list(ours), kit("summary-list", rows=kits))
    same(ui.summary_list(ours[1:2]), kit("summary-list", rows=kits[1:2]))


def test_task_list(ui):
    ours = [
        {"title": "A", "href": "#a", "status": "Completed", "hint": "h"},
        {"title": "B", "href": "#b", "status": "In progress", "colour": "blue"},
        {"title": "C", "status": "Cannot start yet"},
    ]
    waiting = "nhsuk-task-list__status--cannot-start-yet"
    statuses: list[dict[str, object]] = [
        {"text": "Completed"},
        {"tag": {"text": "In progress", "colour": "blue"}},
        {"text": "Cannot start yet", "classes": waiting},
    ]
    kits = [
        {
            "title": {"text": task["title"]},
            "href": task.get("href"),
            "hint": {"text": task["hint"]} if "hint" in task else None,
            "status": status,
        }
        for task, status in zip(ours, statuses, strict=True)
    ]
    same(ui.task_list(ours, id="t"), kit("task-list", idPrefix="t", items=kits))


def test_tags_and_links(ui):
    same(ui.tag("T"), kit("tag", text="T"))
    same(ui.tag("T", "aqua-green"), kit("tag", text="T", colour="aqua-green"))
    same(ui.back_link("/x"), kit("back-link", text="Back", href="/x"))
    same(ui.skip_link("Skip"), kit("skip-link", text="Skip", href="#maincontent"))
    same(
        ui.breadcrumbs([("A", "/a"), ("B", "/b")]),
        kit("breadcrumb", items=[{"text": "A", "href": "/a"}], text="B", href="/b"),
    )


def test_boxes(ui, body):
    html = "<p>Body</p>"
    same(body("details", "S"), kit("details", summaryText="S", html=html))
    same(body("inset"), kit("inset-text", html=html))
    same(body("warning_callout", "W", 3), kit("warning-callout", heading="W", html=html))
    same(body("confirmation", "P"), kit("panel", titleText="P", html=html))
    same(
        body("card", "C", 2, "/x", True),
        kit("card", heading="C", href="/x", clickable=True, descriptionHtml=html),
    )
    same(body("card", "C", 3), kit("card", heading="C", headingLevel=3, descriptionHtml=html))


@pytest.mark.parametrize("success", [True, False])
def test_notification(body, success):
    variant = {"variant": "success"} if success else {}
    same(
        body("notification", "", success, "n"),
        kit("notification-banner", titleId="n-title", html="<p>Body</p>", **variant),
    )


def test_table(ui):
    head = ["A", {"text": "B", "numeric": True}]
    kit_head = [{"text": "A"}, {"text": "B", "format": "numeric"}]
    row = [{"header": "A", "text": "1"}, {"header": "B", "text": "2", "format": "numeric"}]
    same(
        ui.table("Caption", head, [["1", "2"]], id="t"),
        kit("table", responsive=True, caption="Caption", head=kit_head, rows=[row],
            attributes={"id": "t"}),
    )  # fmt: skip


def test_pagination(ui):
    items: list[dict[str, object]] = [
        {"number": 1, "href": "?1"}, {"ellipsis": True}, {"number": 4, "href": "?4"},
        {"number": 5, "href": "?5", "current": True}, {"number": 6, "href": "?6"},
        {"ellipsis": True}, {"number": 9, "href": "?9"},
    ]  # fmt: skip
    theirs = kit(
        "pagination",
        items=items,
        previous={"href": "?4"},
        next={"href": "?6"},
        landmarkLabel="Pages",
    )
    same(ui.pagination(5, 9, "?{}".format), theirs)
    assert str(ui.pagination(1, 1, "?{}".format)).strip() == ""


def test_our_macros_are_many_times_quicker_than_the_kit_s(ui):
    def took(draw: object) -> float:
        best = 1.0
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(20):
                draw()  # type: ignore[operator]
            best = min(best, time.perf_counter() - start)
        return best

    ours = took(lambda: ui.input("a", "Question", "1", hint="H"))
    kits = took(lambda: kit("input", id="a", name="a", label=label(), value="1", hint="H"))
    assert ours * 4 < kits, (ours, kits)
