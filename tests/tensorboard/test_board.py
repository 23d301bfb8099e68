"""Event files written by the real writer and read back with TensorBoard's own reader."""

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from grader.errors import UsageError
from grader.model.report import GradeReport
from grader.model.training import EpochRecord, Evaluation, Filter, Mistake, Training
from grader.report.json_report import from_json
from grader.tensorboard.board import Board
from grader.tensorboard.folder import require_tensorboard, submission_name
from grader.tensorboard.hyperparameters import hyperparameters
from grader.tensorboard.pictures import confusion_picture, filter_sheet, mistake_sheet, saliency_sheet
from grader.tensorboard.texts import recipe_text, verdict_text
from grader.training.launch import ProgressEvent

GOLDEN = Path(__file__).parents[1] / "report" / "golden" / "pass.json"


@pytest.fixture
def report() -> GradeReport:
    """Two seeds, the second reached the target."""
    return from_json(GOLDEN.read_text(encoding="utf-8"))


def ended(seed: int, record: EpochRecord | None, recipe: str = "") -> ProgressEvent:
    return ProgressEvent(
        seed=seed, run=1, runs=1, epoch=1, finished=1, epochs=9, share=0.5, accuracy=None, best_accuracy=None,
        seconds_left=None, recipe=recipe, ended=record,
    )  # fmt: skip


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"images": 0, "tensors": 0, "scalars": 0})
    found.Reload()
    return found


def runs_in(folder: Path) -> list[str]:
    return sorted(place.name for place in folder.iterdir())


def tell(board: Board, training: Training, recipe: str = "") -> None:
    for run in training.runs:
        for record in run.epochs:
            board.training(ended(run.seed, record, recipe))


def test_each_epoch_can_be_read_as_soon_as_it_has_ended(tmp_path: Path, report: GradeReport) -> None:
    run = report.training.runs[0]
    with Board(tmp_path) as board:
        board.begin("net")
        board.training(ended(run.seed, None))  # an epoch in progress
        assert runs_in(tmp_path) == []
        for count, record in enumerate(run.epochs[:3], start=1):
            board.training(ended(run.seed, record))
            assert [one.step for one in read(tmp_path / "net-seed-0").Scalars("accuracy/test")] == [
                *range(1, count + 1)
            ]
    found = read(tmp_path / "net-seed-0")
    for tag, name in (
        ("learning_rate", "lr"),
        ("seconds_per_epoch", "seconds"),
        ("loss/train", "train_loss"),
        ("accuracy/train", "train_accuracy"),
        ("loss/test", "test_loss"),
        ("accuracy/test", "test_accuracy"),
    ):
        assert [one.value for one in found.Scalars(tag)] == pytest.approx(
            [getattr(record, name) for record in run.epochs[:3]], rel=1e-6
        )
    assert not [tag for tag in found.Tags()["scalars"] if "validation" in tag]  # it was not measured


def test_a_diverged_loss_and_a_split_are_written_as_they_are(tmp_path: Path) -> None:
    record = EpochRecord(
        epoch=1, lr=0.1, train_loss=None, train_accuracy=0.1, validation_loss=2.5, validation_accuracy=0.2, seconds=1
    )
    with Board(tmp_path) as board:
        board.begin("net")
        board.training(ended(0, record))
    tags = set(read(tmp_path / "net-seed-0").Tags()["scalars"])
    assert tags == {
        "learning_rate", "seconds_per_epoch", "accuracy/train", "loss/validation", "accuracy/validation"
    }  # fmt: skip


def test_pictures_texts_and_hyperparameters_are_there_at_the_end(tmp_path: Path, report: GradeReport) -> None:
    with Board(tmp_path) as board:
        board.begin("net")
        tell(board, report.training)
        board.finish(report)
    assert runs_in(tmp_path) == ["net-seed-0", "net-seed-1"]
    run = report.training.runs[1]
    found = read(tmp_path / "net-seed-1")
    assert set(found.Tags()["images"]) == {"confusion_matrix", "mistakes", "saliency", "filters"}
    (image,) = found.Images("mistakes")
    assert image.step == run.best_epoch
    with Image.open(io.BytesIO(image.encoded_image_string)) as opened:
        assert np.array_equal(np.asarray(opened.convert("RGB")), mistake_sheet(run.evaluation.mistakes))
    verdict, recipe = (
        found.Tensors(f"{tag}/text_summary")[0].tensor_proto.string_val[0].decode() for tag in ("verdict", "recipe")
    )
    assert verdict == verdict_text(report)
    assert "**Passed, 105 of 100 points.**" in verdict
    assert recipe == recipe_text(report.training)
    assert "| optimizer.lr | 0.1 | recipe.yaml:4 |" in recipe
    started = HParamsPluginData.FromString(found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content)
    values = started.session_start_info.hparams
    assert values["optimizer.lr"].number_value == 0.1
    assert values["model"].string_value == "Net"
    assert values["seed"].number_value == 1
    assert values["parameters"].number_value == 19_204
    (best,) = found.Scalars("hparam/best_accuracy")
    assert best.value == pytest.approx(run.best_accuracy)
    (final,) = found.Scalars("hparam/final_accuracy")
    assert final.value == pytest.approx(run.final_accuracy)


def test_a_second_try_has_folders_of_its_own(tmp_path: Path, report: GradeReport) -> None:
    def under(digest: str, training: Training) -> Training:
        runs = tuple(run.model_copy(update={"environment": {"recipe_digest": digest}}) for run in training.runs)
        return training.model_copy(update={"runs": runs})

    house = under("house", report.training.model_copy(update={"recipe": {"name": "house", "optimizer": {"lr": 0.7}}}))
    both = under("own", report.training).model_copy(update={"second_try": house})
    with Board(tmp_path) as board:
        board.begin("net")
        tell(board, both, "own")
        tell(board, house, "house")
        board.finish(report.model_copy(update={"training": both}))
    assert runs_in(tmp_path) == ["net-second-try-seed-0", "net-second-try-seed-1", "net-seed-0", "net-seed-1"]
    for name, rate in (("net-seed-1", "0.1"), ("net-second-try-seed-1", "0.7")):
        text = read(tmp_path / name).Tensors("recipe/text_summary")[0].tensor_proto.string_val[0].decode()
        assert f"| optimizer.lr | {rate} |" in text


def test_no_run_is_written_into_another(tmp_path: Path, report: GradeReport) -> None:
    """The same submission once more, and one of the same name."""
    for _ in range(2):
        with Board(tmp_path) as board:
            for _ in range(2):
                board.begin("net")
                tell(board, report.training)
    names = runs_in(tmp_path)
    assert names == [f"net-seed-{seed}{suffix}" for seed in (0, 1) for suffix in ("", "-2", "-3", "-4")]
    for name in names:
        assert len(list((tmp_path / name).iterdir())) == 1
        steps = [one.step for one in read(tmp_path / name).Scalars("accuracy/test")]
        assert steps == list(range(1, len(steps) + 1))


def test_nothing_is_written_without_a_folder_or_a_training(tmp_path: Path, report: GradeReport) -> None:
    with Board(None) as board:
        board.begin("net")
        tell(board, report.training)
        board.finish(report)
    with Board(tmp_path / "new") as board:
        board.begin("net")
        board.finish(report.model_copy(update={"training": Training(status="not_requested")}))
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_written_is_told_once_and_ends_nothing(tmp_path: Path, report: GradeReport) -> None:
    folder = tmp_path / "board"
    with Board(folder) as board:
        board.begin("net")
        folder.write_text("in the way")
        tell(board, report.training)
        board.finish(report)
    assert board.problem.startswith(f"TensorBoard's files in {folder} are not complete: ")


def test_a_folder_that_vanishes_while_it_trains(tmp_path: Path, report: GradeReport) -> None:
    run = report.training.runs[0]
    with Board(tmp_path / "board") as board:
        board.begin("net")
        board.training(ended(0, run.epochs[0]))
        shutil.rmtree(tmp_path / "board")
        (tmp_path / "board").write_text("in the way")
        board.training(ended(1, run.epochs[0]))
        board.finish(report)
    assert "are not complete" in board.problem


@pytest.mark.parametrize("module", ["tensorboard", "tensorboard.summary.writer.event_file_writer"])
def test_a_missing_package_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError) as refused:
        Board(tmp_path)
    assert str(refused.value) == (
        "--tensorboard needs the package tensorboard, which is not installed. "
        "Install it with: pip install 'graph-grader[tensorboard]'"
    )


def test_a_folder_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(UsageError, match="can't be written to") as refused:
            require_tensorboard(place)
        assert "--tensorboard" in refused.value.mend


@pytest.mark.parametrize(
    ("source", "path", "entry", "name"),
    [
        ("https://git.example.org/ada/digits.git", None, "", "digits"),
        ("https://git.example.org/ada/digits", "week 5", "", "digits-week-5"),
        ("/home/ada/digits/", "week5", "net-a", "digits-week5-net-a"),
        ("/home/ada/digits", "a/b/net", "net", "digits-net"),
        ("git@git.example.org:ada/digits.git", None, "", "digits"),
        ("/home/ada/digits", "..", "../../x", "digits-x"),
        ("/", None, "", "submission"),
        ("x" * 500, None, "", "x" * 80),
        ("/home/\u202eada\n\x1b[31m", None, "", "ada-31m"),
    ],
)
def test_names_of_runs_are_plain(source: str, path: str | None, entry: str, name: str) -> None:
    assert submission_name(source, path, entry) == name


def test_the_current_folder_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits" / "week5").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "digits" / "week5")
    assert [submission_name(source, None, "") for source in (".", "..", "../week5/")] == ["week5", "digits", "week5"]


def test_what_a_student_wrote_is_escaped(report: GradeReport) -> None:
    hostile = "x|<script>alert(1)</script>[a](javascript:1)"
    recipe = {**(report.training.recipe or {}), "name": hostile}
    text = recipe_text(report.training.model_copy(update={"recipe": recipe}))
    assert "<script>" not in text
    assert "x\\|" in text
    outcome = report.outcomes[0].model_copy(update={"observed": hostile, "title": hostile})
    assert "<script>" not in verdict_text(report.model_copy(update={"outcomes": (outcome,), "summary": hostile}))
    assert "<script>" not in verdict_text(report.model_copy(update={"summary": hostile}))


def test_hyperparameters_are_plain_values(report: GradeReport) -> None:
    settings, metrics = hyperparameters(report, report.training, report.training.runs[1])
    assert settings["schedule.step_size"] == 6
    assert settings["clip"] == "none"
    assert settings["optimizer.nesterov"] is False
    assert {type(value) for value in settings.values()} <= {str, bool, int, float}
    assert metrics == {"hparam/best_accuracy": 0.9946, "hparam/final_accuracy": 0.9946}


def test_pictures_of_nothing_are_left_out() -> None:
    nothing = Evaluation(images=0, confusion=(), predictions_digest="")
    assert mistake_sheet(()) is None
    assert filter_sheet(()) is None
    assert saliency_sheet(nothing) is None
    assert confusion_picture(()) is None
    broken = Mistake(index=0, label=1, predicted=2, probability=0.5, image="nonsense!")
    assert mistake_sheet((broken,)) is None


def test_filters_are_drawn_on_white_by_whole_pixels() -> None:
    sheet = filter_sheet(
        [Filter(height=1, width=2, weights=(0.0, 1.0)), Filter(height=1, width=2, weights=(-1.0, 0.5))]
    )
    assert sheet is not None
    assert tuple(sheet[8 + 12, 8 + 12]) == (255, 255, 255)  # zero
    assert tuple(sheet[8 + 12, 8 + 24 + 12]) == (217, 115, 26)  # the largest
    assert tuple(sheet[8 + 12, 8 + 48 + 8 + 12]) == (43, 123, 186)  # the most negative


def test_the_confusion_matrix_is_redder_where_there_are_more_mistakes() -> None:
    picture = confusion_picture(((5, 4, 0), (1, 5, 0), (0, 0, 5)))
    assert picture is not None

    def corner(row: int, column: int) -> tuple[int, ...]:
        return tuple(int(value) for value in picture[(row + 1) * 36 + 3, (column + 1) * 36 + 3])

    assert corner(0, 0) == corner(1, 1)
    assert corner(0, 2) == (255, 255, 255)
    assert corner(0, 1)[1] < corner(1, 0)[1] < 255
