"""Promises about the whole program that no single module can keep."""

import re
from collections import defaultdict
from pathlib import Path

import html5lib
import pytest
from jinja2 import nodes

from jobs.running import WORK
from jobs.worker import import_jobs
from portal.infra import catalogues
from portal.infra.settings import Settings
from portal.infra.tickets import Job

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [t for t in TEMPLATES if t.parts[-2] not in {"ui", "print"} and "email" not in t.parts]
LETTERS = sorted(f for f in (ROOT / "templates/email").iterdir() if f.is_dir())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_job_has_its_work():
    import_jobs()
    assert {str(job) for job in Job} == set(WORK)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_pages_keep_the_block_rules(app, path):
    tree = app.jinja_env.parse(path.read_text())
    assert not list(tree.find_all((nodes.FromImport, nodes.Import))), "use the ui global"
    for around in tree.find_all((nodes.For, nodes.If)):
        assert not list(around.find_all(nodes.Block)), "a block inside a loop or an if"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_htmx_is_asked_plainly(path):
    """No script in attributes, and only what people and keyboards can reach asks by itself."""
    text = path.read_text()
    assert not re.search(r"hx-on|hx-vals\s*=\s*['\"]js:|\bon(click|change|submit)=", text)
    assert not re.search(r"hx-trigger=['\"][^'\"]*\b(blur|keyup)\b", text)
    for tag, attributes in re.findall(
        r"<(\w+)((?:[^<>]|\{\{.*?\}\})*?\bhx-(?:get|post)=(?:[^<>])*)>", text
    ):
        by_itself = re.search(r'hx-trigger="(load|revealed|every)', attributes)
        assert tag in {"a", "button", "form", "input", "select"} or by_itself, f"<{tag} hx-…>"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_script_or_style_inside_a_page(path):
    if "email" in path.parts or "print" in path.parts:
        return
    tree = html5lib.parse(re.sub(r"\{[%#{].*?[%#}]\}", "", path.read_text(), flags=re.S))
    for element in tree.iter():
        tag = str(element.tag).rpartition("}")[2]
        assert tag != "style"
        assert tag != "script" or element.get("src") is not None
        assert element.get("style") is None


@pytest.mark.parametrize("folder", LETTERS, ids=name)
def test_every_letter_has_three_files_and_a_subject_of_one_line(folder):
    assert {f.name for f in folder.iterdir()} == {"subject.txt", "body.txt", "body.html"}
    assert len((folder / "subject.txt").read_text().strip().splitlines()) == 1


def test_every_sentence_is_there_in_both_scripts():
    assert catalogues.missing() == []


@pytest.mark.parametrize("lang", [catalogues.TRADITIONAL, catalogues.SIMPLIFIED])
def test_a_sentence_is_translated_alike_everywhere(lang):
    found = defaultdict(set)
    for path in catalogues.parts(lang):
        for message in catalogues.read(path, lang):
            if message.id and message.string:
                found[str(message.id)].add(str(message.string))
    assert {m: t for m, t in found.items() if len(t) > 1} == {}


@pytest.mark.parametrize("lang", [catalogues.TRADITIONAL, catalogues.SIMPLIFIED])
def test_translations_keep_the_places_for_values(lang):
    for path in catalogues.parts(lang):
        for message in catalogues.read(path, lang):
            if not message.id:
                continue
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            strings = [message.string] if isinstance(message.string, str) else message.string
            wanted = set(re.findall(r"%\((\w+)\)s", ids[-1]))
            for string in strings:
                assert set(re.findall(r"%\((\w+)\)s", string)) == wanted, (path.name, message.id)


NOT_HONG_KONG = (
    "登录",
    "登入页面",
    "上传",
    "搜索",
    "邮箱",
    "账户",
    "账号",
    "记录",
    "提交申请",
    "短信",
)
"""Words of the Mainland that Hong Kong's Simplified pages do not use (vocabulary)."""


def test_simplified_is_hong_kongs():
    lang = catalogues.SIMPLIFIED
    wrong = [
        (path.stem, message.string)
        for path in catalogues.parts(lang)
        for message in catalogues.read(path, lang)
        for word in NOT_HONG_KONG
        if message.id and word in str(message.string)
    ]
    assert wrong == []


def test_simplified_has_no_traditional_characters():
    from portal.kernel.chinese import simplified

    lang = catalogues.SIMPLIFIED
    allowed = set("著乾於")
    for path in catalogues.parts(lang):
        for message in catalogues.read(path, lang):
            for string in [message.string] if isinstance(message.string, str) else message.string:
                left = {c for c in string if simplified(c) != c} - allowed
                assert not left or not message.id, (path.stem, string, left)


def test_translatable_words_are_not_built_at_run_time():
    for path in (ROOT / "portal").rglob("*.py"):
        assert not re.search(r"\b(N_|Said)\(f[\"']", path.read_text()), path


def test_every_setting_is_documented():
    told = (ROOT / "docs" / "operations.md").read_text()
    for key, field in Settings.model_fields.items():
        assert f"`{field.validation_alias or key.upper()}`" in told, key


def test_files_are_short_enough_to_read():
    long = [
        (name(path), lines)
        for folder in ("portal", "jobs", "templates", "static/js", "static/scss", "bench")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".html", ".js", ".scss"}
        if (lines := len(path.read_text().splitlines())) > 300
    ]
    assert long == []
