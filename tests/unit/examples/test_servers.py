import json
from pathlib import Path

from fastapi.testclient import TestClient

from examples.models.shadow_models import model_server, scorer_server
from examples.models.shadow_models.messages import BATCH
from examples.models.shadow_models.model_settings import ModelSettings
from examples.models.shadow_models.scorer_server import ScorerSettings
from tests.unit.examples.predictions import logged


def model_client(directory: Path) -> TestClient:
    path = directory / "policy.json"
    path.write_text(
        json.dumps(
            {
                "version": 1,
                "rollout": "trading/momentum",
                "tradingEnabled": True,
                "models": {"v7": {"role": "champion"}},
            }
        )
    )
    return TestClient(model_server.create_app(ModelSettings(model="v7", rollout="trading/momentum", policy_path=path)))


def test_a_model_answers_with_its_name_in_a_header(tmp_path: Path) -> None:
    with model_client(tmp_path) as client:
        answer = client.post("/predict", json={"id": "x", "symbol": "sp500", "bar": 12, "pass": 1})
    assert answer.status_code == 200
    assert answer.headers["x-model"] == "v7"
    body = answer.json()
    assert set(body) == {"model", "action", "position", "confidence", "acted"}
    assert (body["model"], body["acted"]) == ("v7", True)


def test_a_model_refuses_what_is_not_on_the_tape_and_counts_it(tmp_path: Path) -> None:
    with model_client(tmp_path) as client:
        assert client.post("/predict", json={"id": "x", "symbol": "dax", "bar": 1}).status_code == 422
        assert client.post("/predict", json={"symbol": "sp500"}).status_code == 422
        metrics = client.get("/metrics").text
    assert 'model_errors_total{model="v7",namespace="trading",rollout="momentum"} 1.0' in metrics


def test_a_model_is_healthy_and_exposes_the_contract(tmp_path: Path) -> None:
    with model_client(tmp_path) as client:
        assert client.get("/healthz").status_code == 200
        client.post("/predict", json={"id": "x", "symbol": "sp500", "bar": 1})
        metrics = client.get("/metrics").text
    assert 'model_inference_seconds_count{model="v7",namespace="trading",rollout="momentum"} 1.0' in metrics
    assert "model_prediction_confidence_bucket" in metrics


def test_the_scorer_exposes_the_contract_under_the_labels_of_the_prediction() -> None:
    app = scorer_server.create_app(ScorerSettings(notional=1000.0, grace_seconds=0.0))
    batch = BATCH.dump_json([logged("v7", bar) for bar in range(3)], by_alias=True)
    with TestClient(app) as client:
        assert client.post("/predictions", content=batch).json() == {"received": 3}
        lines: list[str] = []
        for _ in range(100):
            lines = client.get("/metrics").text.splitlines()
            if any(line.startswith("model_decisions_total") and line.endswith(" 2.0") for line in lines):
                break
    labels = 'book="live",model="v7",namespace="trading",rollout="momentum"'
    assert f"model_decisions_total{{{labels}}} 2.0" in lines
    assert any(line.startswith(f"model_profit_total{{{labels}}}") for line in lines)
    assert any(line.startswith(f"model_loss_total{{{labels}}}") for line in lines)
    for outcome in ("win", "loss", "flat"):
        wanted = (
            f'model_trades_total{{book="live",model="v7",namespace="trading",outcome="{outcome}",rollout="momentum"}}'
        )
        assert any(line.startswith(wanted) for line in lines)


def test_the_scorer_refuses_what_is_no_batch() -> None:
    with TestClient(scorer_server.create_app(ScorerSettings())) as client:
        assert client.post("/predictions", content=b'[{"id": 1}]').status_code == 422
        assert client.post("/predictions", content=b"{").status_code == 422
