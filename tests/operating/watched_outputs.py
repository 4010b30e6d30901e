"""Metrics texts of a server, for checks of a promotion."""


def metrics_text(run_id, *, ok=0, errors=0, slow=0, abstentions=0, refused=None):
    """Return the metrics of a server: `ok + slow` answers, `errors` failures, and a refused pin."""
    answers = ok + slow
    advised = answers - abstentions
    refusal = "planrec_pin_refused 0.0"
    if refused is not None:
        refusal = f'planrec_pin_refused{{run_json_sha256="{refused}"}} 1.0'
    return f"""# HELP planrec_requests_total HTTP requests
planrec_requests_total{{method="POST",route="/predict",status="200"}} {answers}.0
planrec_requests_total{{method="POST",route="/predict",status="499"}} 70.0
planrec_requests_total{{method="GET",route="/metrics",status="200"}} 5000.0
planrec_requests_total{{method="POST",route="/predict",status="500"}} {errors}.0
planrec_request_seconds_bucket{{le="0.05",method="POST",route="/predict"}} 0.0
planrec_request_seconds_bucket{{le="0.1",method="POST",route="/predict"}} {ok}.0
planrec_request_seconds_bucket{{le="+Inf",method="POST",route="/predict"}} {answers}.0
planrec_request_seconds_count{{method="POST",route="/predict"}} {answers}.0
planrec_request_seconds_count{{method="POST",route="/batch"}} 900.0
planrec_recommendations_total{{decision="stay",plan="A \\"5\\", {{B}}",run_id="{run_id}"}} {advised}.0
planrec_recommendations_total{{decision="abstain",plan="none",run_id="{run_id}"}} {abstentions}.0
planrec_recommendations_total{{decision="abstain",plan="none",run_id="another"}} 800.0
planrec_run_info{{run_id="{run_id}",version="0.2.0"}} 1.0
{refusal}
"""
