"""yaml-parse, json-parse and toml-parse: expressions over a document."""

import pytest

from kargoweb.trial import run_trial
from promotions.steps.base import Done, StepErrored, StepFailed

FILES = {
    "yaml-parse": "image: {tag: 1.10.0, ports: [80, 443]}\nnum: 3\n---\nnum: 4\n",
    "json-parse": '{"image": {"tag": "1.10.0", "ports": [80, 443]}, "num": 3}',
    "toml-parse": 'num = 3\nimage = { tag = "1.10.0", ports = [80, 443] }\n',
}
KINDS = pytest.mark.parametrize("kind", FILES)


def _parse(bench, kind, **outputs):
    wanted = [{"name": name, "fromExpression": expression} for name, expression in outputs.items()]
    return bench.run(kind, {"path": "f", "outputs": wanted})


@KINDS
def test_takes_values_out_of_the_document(bench, kind):
    bench.write("f", FILES[kind])

    result = _parse(
        bench,
        kind,
        tag="image.tag",
        second="image.ports[1]",
        sum="num + 1",
        all="$env.image.ports",
        none="nothing",
        long="filter(image.ports, # > 100) | len()",
    )

    expected = {"tag": "1.10.0", "second": 443, "sum": 4, "all": [80, 443], "none": None, "long": 1}
    assert result == Done(expected)
    assert isinstance(result.output["sum"], int)


@pytest.mark.parametrize(("kind", "text"), [("yaml-parse", "- a\n- b\n"), ("json-parse", '["a", "b"]')])
def test_a_list_at_the_root_is_env(bench, kind, text):
    bench.write("f", text)

    assert _parse(bench, kind, one="$env[1]", count="len($env)", all="$env", other="a") == Done(
        {"one": "b", "count": 2, "all": ["a", "b"], "other": None}
    )


def test_yaml_is_read_by_the_rules_of_1_1(bench):
    bench.write("f", "a: yes\nb: off\nc: 0777\nd: 2020-01-01\ne: 'no'\non: x\n80: z\nf: 1_000\ng: ~\n")

    result = _parse(bench, "yaml-parse", all="$env")

    assert result.output["all"] == {
        "80": "z",
        "a": True,
        "b": False,
        "c": 511,
        "d": "2020-01-01",
        "e": "no",
        "f": 1000,
        "g": None,
        "true": "x",
    }


def test_toml_times_are_rfc_3339(bench):
    bench.write("f", "a = 2020-01-02T03:04:05Z\nb = 2020-01-02\n")

    assert _parse(bench, "toml-parse", a="a", b="b") == Done({"a": "2020-01-02T03:04:05Z", "b": "2020-01-02"})


@KINDS
@pytest.mark.parametrize(
    ("text", "expression", "message"),
    [
        (None, "a", 'Cannot read "f": it does not exist'),
        ("", "a", 'Cannot read "f": it is empty'),
        ("{[", "a", 'Cannot read "f": it is not valid .*line 1'),
        (..., "1 +", 'output "x": unexpected end of expression'),
        (..., "nothing.a", 'output "x": cannot fetch a from nil'),
        (..., "image.tag + 1", 'output "x": '),
    ],
)
def test_what_goes_wrong_is_errored_and_names_the_file(bench, kind, text, expression, message):
    if text is not None:
        bench.write("f", FILES[kind] if text is ... else text)

    with pytest.raises(StepErrored, match=message) as caught:
        _parse(bench, kind, x=expression)

    assert not caught.value.permanent
    assert '"f"' in str(caught.value)


@KINDS
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"path": "f", "outputs": []},
        {"path": "", "outputs": [{"name": "a", "fromExpression": "a"}]},
        {"path": "f", "outputs": [{"name": "", "fromExpression": "a"}]},
        {"path": "f", "outputs": [{"name": "a", "fromExpression": ""}]},
        {"path": "f", "outputs": [{"name": "a"}]},
        {"path": "f", "outputs": [{"name": "a", "fromExpression": 1}]},
        {"path": "f", "outputs": [{"name": "a", "fromExpression": "a", "x": 1}]},
    ],
)
def test_refuses_a_wrong_config(bench, kind, config):
    with pytest.raises(StepFailed, match=f"invalid {kind} config"):
        bench.run(kind, config)


def test_an_alias_bomb_is_refused(bench):
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)]
    bench.write("f", "a0: &a0 [x]\n" + "".join(levels))

    with pytest.raises(StepErrored, match="more than 200000 values"):
        _parse(bench, "yaml-parse", x="a0")


def test_the_path_may_come_from_an_expression_and_the_output_from_the_file(tmp_path):
    (tmp_path / "uat.json").write_text('{"tag": "v1"}')
    config = {"path": "${{ vars.stage }}.json", "outputs": [{"name": "tag", "fromExpression": "tag"}]}

    trial = run_trial("json-parse", config, tmp_path, {"vars": {"stage": "uat"}})

    assert (trial.status, trial.output) == ("Succeeded", {"tag": "v1"})
