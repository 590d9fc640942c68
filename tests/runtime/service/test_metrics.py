from kdxf_runtime.service.metrics import Metrics


def lines(metrics):
    return metrics.text().decode().splitlines()


def test_requests_are_counted_by_path_method_and_status():
    metrics = Metrics(lambda: 0)
    for status, seconds in ((200, 0.2), (200, 0.3), (429, 0.001)):
        metrics.count_request("/v1/predict", "POST", status, seconds)
    found = lines(metrics)
    assert 'kdxf_requests_total{method="POST",path="/v1/predict",status="200"} 2.0' in found
    assert 'kdxf_requests_total{method="POST",path="/v1/predict",status="429"} 1.0' in found
    assert 'kdxf_request_seconds_bucket{le="0.25",path="/v1/predict"} 2.0' in found
    assert 'kdxf_request_seconds_count{path="/v1/predict"} 3.0' in found


def test_the_queue_is_looked_at_when_it_is_asked_for():
    waiting = [3]
    metrics = Metrics(lambda: waiting[0])
    assert "kdxf_queue_pictures 3.0" in lines(metrics)
    waiting[0] = 5
    assert "kdxf_queue_pictures 5.0" in lines(metrics)


def test_stages_batches_and_errors():
    metrics = Metrics(lambda: 0)
    metrics.count_pictures(3)
    metrics.count_answer({"ocr": 0.5, "model": 0.01}, failed=False)
    metrics.count_answer({"model": 0.03}, failed=True)
    found = lines(metrics)
    assert 'kdxf_request_pictures_bucket{le="2.0"} 0.0' in found
    assert 'kdxf_request_pictures_bucket{le="4.0"} 1.0' in found
    assert 'kdxf_stage_seconds_sum{stage="ocr"} 0.5' in found
    assert 'kdxf_stage_seconds_bucket{le="0.01",stage="model"} 1.0' in found
    assert "kdxf_picture_errors_total 1.0" in found
