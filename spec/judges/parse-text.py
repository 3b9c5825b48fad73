"""Reads expositions in text 0.0.4 with prometheus_client's own parser, many in one process.

Standard input has one exposition a line, as a JSON string. For each, standard output gets one line of JSON:
{"families": [{"name", "type", "help", "samples": [[name, {label: value}, value, timestamp]]}]} or {"error": "…"}.
Values are Python's spelling of the number, which reads back to the same double.
"""
import json
import sys

from prometheus_client.parser import text_string_to_metric_families


def read(text):
    families = []
    for family in text_string_to_metric_families(text):
        samples = [[s.name, s.labels, repr(s.value), s.timestamp] for s in family.samples]
        families.append({"name": family.name, "type": family.type, "help": family.documentation, "samples": samples})
    return {"families": families}


for line in sys.stdin.buffer:
    try:
        answer = read(json.loads(line))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer))
