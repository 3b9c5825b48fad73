import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupingPath } from "../../lib/transports/grouping-key.ts";

/** What a Pushgateway reads of a path, by its documentation and in other words than ours. */
function groupOf(path: string): Record<string, string> {
  const parts = path.slice(1).split("/");
  const group: Record<string, string> = {};
  for (let i = 0; i < parts.length; i += 2) {
    const [name = "", encoding] = (parts[i] as string).split("@");
    const text = decodeURIComponent(parts[i + 1] as string);
    group[name] = encoding === "base64" ? Buffer.from(text, "base64").toString() : text;
  }
  return group;
}

describe("groupingPath", () => {
  // The first rows are those of the documentation of the Pushgateway and of the Go client.
  const cases: readonly [what: string, path: string, job: string, groupings?: Record<string, string | number>][] = [
    ["a job alone", "/job/some_job", "some_job"],
    ["a job and a label", "/job/some_job/instance/some_instance", "some_job", { instance: "some_instance" }],
    ["a slash in the job", "/job@base64/bXkvam9i", "my/job"],
    ["a slash in a value", "/job/directory_cleaner/path@base64/L3Zhci90bXA", "directory_cleaner", { path: "/var/tmp" }],
    ["an empty value", "/job/titan/name@base64/=", "titan", { name: "" }],
    ["a slash and a space", "/job/a/b@base64/YS8geg", "a", { b: "a/ z" }],
    ["letters of other alphabets", "/job/titan/name/%CE%A0%CF%81%CE%BF%CE%BC", "titan", { name: "Προμ" }],
    ["a space, which a plus sign does not stand for", "/job/a%20b%2Bc", "a b+c"],
    ["the name of this folder, and of the one above", "/job@base64/Lg/a@base64/Li4", ".", { a: ".." }],
    ["what has dots among others", "/job/.../a/.b", "...", { a: ".b" }],
    ["what begins a query or a fragment, or is escaped already", "/job/a%3Fb%23c%2525", "a?b#c%25"],
    ["bytes of any kind", "/job/%00%0A%22%5C", '\0\n"\\'],
    ["half a surrogate pair, as label values are written", "/job/a%EF%BF%BD", "a\ud800"],
    ["numbers", "/job/a/shard/7", "a", { shard: 7 }],
    ["a name that is no legacy one", "/job/a/U__host_2e_name/x", "a", { "host.name": "x" }],
  ];
  for (const [what, path, job, groupings] of cases) {
    it(`spells ${what}`, () => assert.equal(groupingPath(job, groupings), path));
  }

  it("leaves out labels that are undefined or null, and no others", () => {
    assert.equal(groupingPath("a", { b: undefined, c: null, d: false }), "/job/a/d/false");
  });

  it("is read as what it was made of, whatever that is", () => {
    const pieces = [
      "",
      "/",
      ".",
      "..",
      "a",
      "%2F",
      "@base64",
      "=",
      "+",
      " ",
      "\n",
      "😀",
      "__proto__",
      "a/b",
      "?",
      "#",
      ";",
    ];
    for (const first of pieces) {
      for (const second of pieces) {
        const job = `x${first}${second}`;
        const value = first + second;
        assert.deepEqual(groupOf(groupingPath(job, { value })), { job, value });
      }
    }
  });

  it("refuses what can't name a group", () => {
    const refuses = (run: () => unknown, message: string, kind: typeof RangeError | typeof TypeError = RangeError) =>
      assert.throws(run, (error: Error) => error instanceof kind && error.message === message);
    refuses(() => groupingPath(""), "The name of the job is empty; a Pushgateway files groups by it.");
    refuses(
      () => groupingPath("a", { job: "b" }),
      'The grouping key can\'t have the label "job": it is the name of the job.',
    );
    refuses(
      () => groupingPath("a", { __name__: "b" }),
      'The grouping key can\'t have the label "__name__": Prometheus reserves names in "__".',
    );
    refuses(() => groupingPath("a", { "": "b" }), "Label name is empty.");
    refuses(
      () => groupingPath("a", { b: {} as unknown as string }),
      'Label "b" must be a string, number or boolean, but got an object.',
      TypeError,
    );
  });
});
