import assert from "node:assert/strict";
import { createRequire } from "node:module";
import client, * as tallystick from "tallystick";
import * as core from "tallystick/core";
import exercise from "./exercise.cjs";

await exercise(tallystick);
await exercise(core);
await exercise(client);

// A program may well hold both builds: what one registers by default, a scrape of the other shows.
const other = createRequire(import.meta.url)("tallystick");
assert.notEqual(other.Counter, tallystick.Counter);
new tallystick.Counter({ name: "from_esm_total", help: "Made by the ES module." }).inc();
assert.match(await other.register.metrics(), /^from_esm_total 1$/m);
