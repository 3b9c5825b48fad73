import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseWrk } from "../../bench/http.ts";

const printed = `Running 1s test @ http://127.0.0.1:40001/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.05ms  612.81us  18.36ms   96.21%
    Req/Sec    31.09k     2.10k   33.81k    80.00%
  Latency Distribution
     50%    0.98ms
     75%    1.05ms
     90%    1.25ms
     99%    2.95ms
  30932 requests in 1.00s, 3.69MB read
Requests/sec:  30921.22
Transfer/sec:      3.69MB
`;

describe("parseWrk", () => {
  it("finds throughput and 99th percentile", () => {
    assert.deepEqual(parseWrk(printed), { perSecond: 30921.22, p99Ms: 2.95 });
  });

  it("reads microseconds and seconds", () => {
    assert.equal(parseWrk(printed.replace("2.95ms", "950.00us")).p99Ms, 0.95);
    assert.equal(parseWrk(printed.replace("2.95ms", "1.20s ")).p99Ms, 1200);
  });

  it("refuses a run in which requests failed", () => {
    const failed = printed.replace("Requests/sec", "  Non-2xx or 3xx responses: 7\nRequests/sec");
    assert.throws(() => parseWrk(failed), new Error(`wrk says:\n${failed}`));
  });
});
