#!/usr/bin/env bash
# corpus.sh FOLDER: what each fuzzer starts from, made from tests/fixtures: FOLDER/NAME_fuzz/*.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
mkdir -p "$out"/{imports_fuzz,otlp_json_fuzz,otlp_protobuf_fuzz,compress_fuzz,secrets_fuzz,filter_fuzz,promql_fuzz,rewrite_fuzz,prices_fuzz,segment_fuzz}
for file in tests/fixtures/otlp/*/*.zst; do
  name=$(basename "$(dirname "$file")")-$(basename "$file" .zst)
  [ "$(stat -c %s "$file")" -gt 6000 ] && continue   # small ones teach faster
  case $file in
    *.pb.zst) zstd -dcqf "$file" >"$out/otlp_protobuf_fuzz/$name" ;;
    *.json.zst) zstd -dcqf "$file" >"$out/otlp_json_fuzz/$name" ;;
  esac
  cp "$file" "$out/compress_fuzz/$name"
done
printf '%s' '{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":{"kvlistValue":{"values":[{"key":"b","value":{"arrayValue":{"values":[{"intValue":"7"},{"doubleValue":1e9},{"bytesValue":"AQID"}]}}}]}}}]},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat","startTimeUnixNano":"1760000000000000000","endTimeUnixNano":"1760000001000000000","attributes":[],"events":[{"name":"e"}],"links":[]}]}]}]}' >"$out/otlp_json_fuzz/small"
printf '%s' 'agent=refunds model~gpt status=error cost>0.05 duration>=10s (tool=issue_refund or attr.tenant=acme) -tag=test "card declined" is:error has:score' >"$out/filter_fuzz/all"
printf '%s' 'sk-ant-api03-abc ghp_0123456789abcdefghijklmnopqrstuvwxyz AKIAIOSFODNN7EXAMPLE eyJhbGciOiJIUzI1NiJ9.e30.x' >"$out/secrets_fuzz/some"
printf '%s' 'sum by (agent) (rate(a{b=~"c.*",d!="e"}[5m] offset 1h)) / on(agent) group_left(x) max_over_time(b[1h:5m]) > bool -1.5e3 ^ 2 and label_replace(c, "d", "$1", "e", "(.*)") or topk(3, histogram_quantile(0.9, a))' >"$out/promql_fuzz/all"
printf '%s' "WITH a AS (SELECT agent, count(DISTINCT user) n FROM spans s LEFT JOIN logs USING (trace_id) WHERE start >= now() - INTERVAL 1 DAY AND tool NOT IN ('x', 'y') GROUP BY 1 HAVING n > -1.5e3) SELECT *, CASE WHEN n = 1 THEN CAST(n AS Nullable(String)) ELSE tags[1]::String END, quantile(0.9)(n) FROM a ORDER BY n DESC NULLS LAST LIMIT 5, 6 UNION ALL SELECT 1 FORMAT JSON" >"$out/rewrite_fuzz/all"
mkdir -p "$out/stats_requests_fuzz"
for file in tests/fixtures/quality/*.json.zst; do   # a request of each function
  zstd -dcqf "$file" | python3 -c '
import json, sys
for one in {c.get("fn"): c for c in json.load(sys.stdin).get("cases", []) if ("in" in c or "actual" in c) and len(json.dumps(c)) < 4000}.values():
    fn = one.get("fn", "trajectory")
    given = one.get("in") or {"actual": one["actual"], "expected": one["expected"]}
    open(f"{sys.argv[1]}/{fn}", "w").write(json.dumps({"id": 1, "fn": fn, "in": given}))' "$out/stats_requests_fuzz"
done
mkdir -p "$out"/{rows_fuzz,suites_fuzz,yaml_fuzz,zip_fuzz}
cp tests/fixtures/quality/formats/inspect-log.eval "$out/zip_fuzz/zstd"
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED).writestr("header.json", "{\"eval\": {}}" * 9)' "$out/zip_fuzz/deflate"
cp tests/fixtures/quality/formats/{promptfooconfig.yaml,openai-graders.json,inspect-log.json} "$out/suites_fuzz"
cp tests/fixtures/quality/formats/{promptfooconfig.yaml,openai-graders.json} "$out/yaml_fuzz"
printf '%s\n' 'a: &x {b: [1, "c\u00e9"], <<: *y}' '? k' 'd: |+2' '   e' 'f: >-' '  g' '  h' "i: 'j''k'" '- *x' >"$out/yaml_fuzz/all"
printf '%s\n' 'q,__expected,__expected2,__threshold,__metadata:tags[]' '"a",contains:b,not-regex:c,0.5,"d,e"' >"$out/suites_fuzz/csv"
cp tests/fixtures/quality/formats/inspect-log.json "$out/rows_fuzz/inspect"
cp tests/fixtures/quality/formats/inspect-log.eval "$out/suites_fuzz/zip"
printf '%s' '{"type":"multi","name":"m","calculate_output":"0.5 * a + max(a, b) / 2","graders":{"a":{"type":"string_check","operation":"eq","input":"{{sample.output_text}}","reference":"x"},"b":{"type":"text_similarity","evaluation_metric":"rouge_l","input":"{{sample.output_text}}","reference":"y"}}}' >"$out/suites_fuzz/multi"
printf '%s\n' '{"case":"a","trial":0,"status":"ok","scores":{"ok":1,"leak":false,"tone":0.5,"none":null},"cost_usd":"0.0125","latency_ms":812,"cluster":"f","slice":"s","dataset":"d@1"}' '{"case":7,"trial":1,"status":"infra_error"}' '{"case":"b","trial":0,"scores":{"ok":0}}' >"$out/rows_fuzz/one"
{ cat "$out/rows_fuzz/one"; printf '\f'; cat "$out/rows_fuzz/one"; } >"$out/rows_fuzz/both"
printf '\x10\x00%s\n' '{"data":[{"id":"t","timestamp":"2024-01-02T03:04:05Z","observations":[{"id":"o","startTime":"2024-01-02T03:04:05Z","usage":{"input":"1"}}]}]}' >"$out/imports_fuzz/langfuse"
printf '\x10\x00%s\n' '{"id":"r","run_type":"llm","start_time":"2024-01-02T03:04:05","prompt_tokens":7,"completion_tokens":1,"extra":"{\"metadata\":{}}","child_runs":[{"id":"k","run_type":"tool","start_time":1}]}' >"$out/imports_fuzz/langsmith"
printf '\x10\x00%s\n' '{"info":{"trace_id":"tr-5fa05e186aca53bb2f57155be74fcd44","assessments":[{"assessment_id":"a","assessment_name":"n","trace_id":"tr-5fa05e186aca53bb2f57155be74fcd44","create_time":1,"feedback":{"value":true}}]},"data":{"spans":[{"trace_id":"X6BeGGrKU7svVxVb50/NRA==","span_id":"zpGqFhK2vSg=","name":"x","start_time_unix_nano":1795305287783662956,"attributes":{"a":"\"b\""},"events":[{"name":"e"}]}]}}' >"$out/imports_fuzz/mlflow"
printf '\x10\x01%s' $'id,"trace_id",start_time\n1,"a ""b"",\nc",2024-01-02 03:04:05\n' >"$out/imports_fuzz/csv"
printf '\x10\x02%s\n' 'COPY public.traces (id, timestamp, tags) FROM stdin;' >"$out/imports_fuzz/dump"
