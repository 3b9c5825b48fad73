"""Reads expositions with prometheus_client's own parsers, many in one process: in text 0.0.4 or, given the argument
"openmetrics", in OpenMetrics text.

Standard input has one exposition a line, as a JSON string. For each, standard output gets one line of JSON:
{"families": [{"name", "type", "help", "samples": [[name, {label: value}, value, timestamp, exemplar]]}]} or {"error": "…"}.
Values are Python's spelling of the number, which reads back to the same double; an exemplar is [{label: value}, value,
timestamp].
"""
import json
import sys

import prometheus_client.openmetrics.parser
import prometheus_client.parser

module = prometheus_client.openmetrics.parser if "openmetrics" in sys.argv else prometheus_client.parser


def seconds(timestamp):
    return None if timestamp is None else float(timestamp)


def read_exemplar(exemplar):
    return None if exemplar is None else [exemplar.labels, repr(exemplar.value), seconds(exemplar.timestamp)]


def read(text):
    families = []
    for family in module.text_string_to_metric_families(text):
        samples = [
            [s.name, s.labels, repr(s.value), seconds(s.timestamp), read_exemplar(s.exemplar)] for s in family.samples
        ]
        families.append({"name": family.name, "type": family.type, "help": family.documentation, "samples": samples})
    return {"families": families}


for line in sys.stdin.buffer:
    try:
        answer = read(json.loads(line))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer))
