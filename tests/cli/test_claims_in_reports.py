"""What a README says, beside what was measured, in the report of the real command."""

from collections.abc import Callable
from pathlib import Path


def test_the_readme_of_a_known_model_is_contradicted_with_its_line(grader: Callable, tmp_path: Path) -> None:
    """`optimized` was published as "about 15,000 parameters"; it has 7,034."""
    repository = tmp_path / "repository"
    grader("reference", "export", "optimized", repository)
    answer = grader("check", repository, "--no-train", "-q")
    assert answer.code == 0  # shown, and costs nothing
    line = 1 + (repository / "README.md").read_text().splitlines().index("- About 15,000 parameters")
    contradicted = [one for one in answer.report["claims"]["checked"] if one["verdict"] == "contradicted"]
    assert [(one["claim"]["location"]["line"], one["measured"]) for one in contradicted] == [(line, "7,034")]
    assert f"README.md:{line}" in answer.stdout
    accuracies = [one for one in answer.report["claims"]["checked"] if one["claim"]["statement"]["kind"] == "accuracy"]
    assert {one["verdict"] for one in accuracies} == {"not_checkable"}


def test_a_readme_of_any_kind_loses_no_report(grader: Callable, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    grader("reference", "export", "minimal", repository)
    for name, content in {
        "huge": b"14,116 parameters\n" + b"x" * (20 * 2**20),
        "UTF-16": "Total parameters: 14,115\n".encode("utf-16"),
        "lying table": b"| layer | receptive field |\n|---|---|\n| conv1 | 3 |\n| conv2 | 99 |\n",
        "binary": bytes(range(256)) * 50,
    }.items():
        (repository / "README.md").write_bytes(content)
        answer = grader("check", repository, "--no-train", "-q")
        assert answer.code == 1, name
        assert answer.report["facts"]["parameters"]["total"] == 14_116
        claims = answer.report["claims"]
        assert claims["checked"] or claims["notes"], name
        if name == "huge":
            assert any("first 2 MB" in note for note in claims["notes"])
        if name == "UTF-16":
            said = [one["verdict"] for one in claims["checked"] if one["claim"]["location"]["file"] == "README.md"]
            assert said == ["contradicted"]
