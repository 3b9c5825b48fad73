import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Authorization, CredentialCheck } from "../../lib/transports/authorization.ts";

describe("CredentialCheck", () => {
  const bearer = new CredentialCheck({ type: "bearer", token: "s3cret" });
  const basic = new CredentialCheck({ type: "basic", username: "prometheus", password: "pä:ss wörd" });
  const encoded = Buffer.from("prometheus:pä:ss wörd").toString("base64");

  it("accepts the credentials, whatever the case of the scheme", () => {
    assert.equal(bearer.accepts("Bearer s3cret"), true);
    assert.equal(bearer.accepts("bearer  s3cret "), true);
    assert.equal(basic.accepts(`Basic ${encoded}`), true);
    assert.equal(basic.accepts(`BASIC ${encoded}`), true);
  });

  for (const [what, header] of [
    ["no header", undefined],
    ["no header, as fetch says it", null],
    ["an empty header", ""],
    ["the scheme alone", "Bearer"],
    ["the scheme and a blank", "Bearer "],
    ["the token alone", "s3cret"],
    ["another scheme", "Basic s3cret"],
    ["the beginning of the token", "Bearer s3cre"],
    ["more than the token", "Bearer s3crets"],
    ["the token twice", "Bearer s3crets3cret"],
    ["another token of that length", "Bearer s3creT"],
    ["another case", "Bearer S3CRET"],
  ] as const) {
    it(`refuses ${what}`, () => assert.equal(bearer.accepts(header), false));
  }

  it("refuses another user and another password", () => {
    for (const pair of ["prometheus:", ":pä:ss wörd", "prometheus:pä:ss word", "Prometheus:pä:ss wörd"]) {
      assert.equal(basic.accepts(`Basic ${Buffer.from(pair).toString("base64")}`), false, pair);
    }
    assert.equal(basic.accepts("Basic prometheus:pä:ss wörd"), false);
  });

  it("says by what a client may authorize itself", () => {
    assert.equal(bearer.challenge, 'Bearer realm="metrics"');
    assert.equal(basic.challenge, 'Basic realm="metrics", charset="UTF-8"');
  });

  for (const [authorization, error] of [
    [
      { type: "bearer", token: "" },
      new RangeError('Authorization: "token" must be visible ASCII characters without blanks, and not empty.'),
    ],
    [
      { type: "bearer", token: "a b" },
      new RangeError('Authorization: "token" must be visible ASCII characters without blanks, and not empty.'),
    ],
    [{ type: "bearer" }, new TypeError('Authorization: "token" must be a string, but got undefined.')],
    [
      { type: "basic", username: "a:b", password: "" },
      new RangeError('Authorization: "username" can\'t hold ":", which ends it in the header.'),
    ],
    [{ type: "basic", username: "a" }, new TypeError('Authorization: "password" must be a string, but got undefined.')],
    [{ type: "digest" }, new TypeError('Authorization: "type" must be "bearer" or "basic", but got "digest".')],
  ] as const) {
    it(`can't be made of ${JSON.stringify(authorization)}`, () => {
      assert.throws(() => new CredentialCheck(authorization as unknown as Authorization), error);
    });
  }
});
