#!/usr/bin/env python3
"""Writes deploy/grafana/*.json: the ready dashboards, over Pawl as a Prometheus data source. `python3 tools/grafana.py`"""
import json
import os

HERE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "deploy/grafana")
SOURCE = {"type": "prometheus", "uid": "${source}"}
WHERE = '{agent=~"$agent",environment=~"$environment"}'
EVERY = "[$__rate_interval]"


def count(measure, by="agent"):
    return f"sum by ({by}) (increase({measure}{WHERE}[$__interval]))" if by else f"sum(increase({measure}{WHERE}[$__interval]))"


def whole(measure):
    return f"sum(increase({measure}{WHERE}[$__range]))"


def ratio(part, of, by="agent"):
    group = f"sum by ({by})" if by else "sum"
    return f"{group} (rate({part}{WHERE}{EVERY})) / {group} (rate({of}{WHERE}{EVERY}))"


def quantile(q, family, by="agent"):
    return f"histogram_quantile({q}, sum by (le, {by}) (rate({family}_bucket{WHERE}{EVERY})))"


def stat(title, expr, unit):
    return {"type": "stat", "title": title, "targets": [{"expr": expr, "instant": True, "refId": "A"}], "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
            "options": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "none", "graphMode": "none"}}


def lines(title, expr, unit, legend, stacked=False):
    exprs = expr if isinstance(expr, list) else [(expr, legend)]
    custom = {"drawStyle": "bars" if stacked else "line", "fillOpacity": 60 if stacked else 10, "lineWidth": 1, "stacking": {"mode": "normal" if stacked else "none", "group": "A"}}
    return {"type": "timeseries", "title": title, "targets": [{"expr": one, "legendFormat": label, "refId": chr(65 + place)} for place, (one, label) in enumerate(exprs)],
            "fieldConfig": {"defaults": {"unit": unit, "custom": custom}, "overrides": []}, "options": {"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["sum"] if stacked else ["mean", "max"]}, "tooltip": {"mode": "multi", "sort": "desc"}}}


def table(title, expr, unit):
    return {"type": "table", "title": title, "targets": [{"expr": expr, "instant": True, "format": "table", "refId": "A"}], "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
            "options": {"sortBy": [{"displayName": "Value", "desc": True}]}, "transformations": [{"id": "organize", "options": {"excludeByName": {"Time": True}}}]}


DASHBOARDS = {
    "fleet": ("Pawl: fleet", [
        stat("Model calls", whole("pawl_llm_calls_total"), "short"), stat("Cost", whole("pawl_cost_usd_total"), "currencyUSD"),
        stat("Errors", whole("pawl_errors_total"), "short"), stat("Error rate", f"{whole('pawl_errors_total')} / {whole('pawl_steps_total')}", "percentunit"),
        lines("Steps by agent", count("pawl_steps_total"), "short", "{{agent}}", True), lines("Cost by agent", count("pawl_cost_usd_total"), "currencyUSD", "{{agent}}", True),
        lines("Error rate by agent", ratio("pawl_errors_total", "pawl_steps_total"), "percentunit", "{{agent}}"), lines("Latency p95 of steps by agent", quantile(0.95, "pawl_latency_seconds"), "s", "{{agent}}")]),
    "cost": ("Pawl: cost", [
        stat("Cost", whole("pawl_cost_usd_total"), "currencyUSD"), stat("Tokens", whole("pawl_tokens_total"), "short"),
        stat("Cache hit rate", f"{whole('pawl_tokens_cache_read_total')} / {whole('pawl_tokens_all_input_total')}", "percentunit"), stat("Calls without a price", whole("pawl_cost_unknown_calls_total"), "short"),
        lines("Cost by model", count("pawl_cost_usd_total", "model"), "currencyUSD", "{{model}}", True), lines("Cost by team", count("pawl_cost_usd_total", "team"), "currencyUSD", "{{team}}", True),
        lines("Tokens by kind", [(count(f"pawl_tokens_{kind}_total", ""), kind) for kind in ("input", "cache_read", "cache_write", "output", "reasoning")], "short", "", True),
        table("Dearest customers", f"topk(20, sum by (customer) (increase(pawl_cost_usd_total{WHERE}[$__range])))", "currencyUSD")]),
    "latency": ("Pawl: latency", [
        lines("Steps, p50 to p99", [(f"histogram_quantile({q}, sum by (le) (rate(pawl_latency_seconds_bucket{WHERE}{EVERY})))", f"p{int(q * 100)}") for q in (0.5, 0.9, 0.95, 0.99)], "s", ""),
        lines("Steps by kind, p95", quantile(0.95, "pawl_latency_seconds", "kind"), "s", "{{kind}}"),
        lines("Time to the first token by model, p95", quantile(0.95, "pawl_ttft_seconds", "model"), "s", "{{model}}"),
        lines("Mean of steps by agent", ratio("pawl_latency_seconds_sum", "pawl_latency_seconds_count"), "s", "{{agent}}"),
        lines("Time of a trace that no call covers", f"pawl_overhead_seconds{WHERE}", "s", "{{agent}} {{environment}}")]),
    "tools": ("Pawl: tools and guardrails", [
        lines("Calls by tool", count("pawl_tool_calls_total", "tool"), "short", "{{tool}}", True), lines("Error rate by tool", ratio("pawl_tool_errors_total", "pawl_tool_calls_total", "tool"), "percentunit", "{{tool}}"),
        table("What fails", f"topk(20, sum by (tool, error_type) (increase(pawl_tool_errors_total{WHERE}[$__range])) > 0)", "short"),
        lines("Guardrails that blocked", count("pawl_guardrail_triggers_total"), "short", "{{agent}}", True)]),
}


def variable(name, label):
    return {"type": "query", "name": name, "label": label, "datasource": SOURCE, "query": {"query": f"label_values({name})", "refId": name}, "definition": f"label_values({name})",
            "includeAll": True, "multi": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}, "refresh": 2, "sort": 1}


def dashboard(uid, title, panels):
    across = down = 0
    for number, panel in enumerate(panels, 1):
        width, height = (6, 4) if panel["type"] == "stat" else (12, 8)
        if across + width > 24:
            across, down = 0, down + (4 if panels[number - 2]["type"] == "stat" else 8)
        panel.update(id=number, datasource=SOURCE, gridPos={"x": across, "y": down, "w": width, "h": height})
        for target in panel["targets"]:
            target["datasource"] = SOURCE
        across += width
    return {"uid": f"pawl-{uid}", "title": title, "tags": ["pawl"], "schemaVersion": 39, "editable": True, "refresh": "1m", "time": {"from": "now-24h", "to": "now"}, "timezone": "browser",
            "templating": {"list": [{"type": "datasource", "name": "source", "label": "Pawl", "query": "prometheus", "current": {}}, variable("agent", "Agent"), variable("environment", "Environment")]},
            "annotations": {"list": []}, "panels": panels}


for name, (heading, content) in DASHBOARDS.items():
    with open(os.path.join(HERE, f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump(dashboard(name, heading, content), file, indent=1)
        file.write("\n")
