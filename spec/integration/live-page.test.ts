// The live page in a real browser: what was counted is shown, and nothing that a label holds is more than text.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import {
  Counter,
  Gauge,
  Histogram,
  Info,
  type MetricsServer,
  Registry,
  StateSet,
  Summary,
  startMetricsServer,
} from "../../lib/index.ts";
import { deferred } from "../deferred.ts";
import { launchBrowser } from "./browser.ts";
import { eventually, freePort, missing, root } from "./harness.ts";

const packages = createRequire(join(root, "spec/package.json"));

const hostile = ['"><img src=x onerror="window.pwned=1">', "<script>window.pwned=1</script>", "a".repeat(10_000)];

describe("The live page in a browser", { skip: missing("chromium") }, () => {
  let browser: Browser;
  let server: MetricsServer | undefined;
  /** One for all: making one takes longer than most specs. */
  let page: Page;
  const asked: string[] = [];
  const failures: string[] = [];

  before(async () => {
    browser = await launchBrowser();
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    page.on("request", (request) => asked.push(request.url()));
    page.on("pageerror", (error) => failures.push(error.message));
  });
  afterEach(() => assert.deepEqual(failures.splice(0), []));
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const registry = new Registry({ onError: () => {} });
  const registers = [registry];
  const requests = new Counter({
    name: "app_requests_total",
    help: "Requests that were answered.",
    labelNames: ["route", "status", "worker"],
    registers,
  });
  const latency = new Histogram({ name: "app_latency_seconds", help: "How long they took.", registers });
  const users = new Gauge({ name: "app_active_users", help: "Users.", registers });
  const wait = new Summary({ name: "app_wait_seconds", help: "Waiting.", percentiles: [0.5], registers });
  const phase = new StateSet({ name: "app_phase", help: "Phase.", states: ["starting", "ready"], registers });
  const build = new Info({ name: "build_info", help: "What runs.", registers });
  const text = new Gauge({ name: "hostile", help: hostile.slice(0, 2).join(" "), labelNames: ["v"], registers });
  requests.inc({ route: "/", status: 200, worker: 0 }, 40);
  requests.inc({ route: "/", status: 500, worker: 1 }, 2);
  for (let i = 0; i < 100; i++) latency.observe(0.2);
  users.set(7);
  wait.observe(0.5);
  phase.switchTo("ready");
  build.set({ version: "1.4.0" });
  for (const v of hostile) text.set({ v }, 1);
  registry.registerMetric({
    name: "broken",
    collect() {
      throw new Error("broken");
    },
  });

  async function open({
    viewport = { width: 1_280, height: 720 },
    colorScheme = "light",
  }: Pick<BrowserContextOptions, "viewport" | "colorScheme"> = {}): Promise<Page & { readonly asked: string[] }> {
    server ??= await startMetricsServer({ port: await freePort(), registry });
    if (viewport !== null) await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    // What a page asked that is being left is nobody's business.
    await page.goto("about:blank");
    asked.length = 0;
    await page.goto(new URL("/", server.url).href);
    await page.locator('#state[data-state="live"]').waitFor();
    return Object.assign(page, { asked });
  }

  const card = (page: Page, name: string) => page.locator(`article[data-name="${name}"]`);
  /** The rows of a card's table. What a rate is depends on the moment. */
  const rows = async (page: Page, name: string) => {
    await card(page, name).scrollIntoViewIfNeeded();
    await card(page, name).locator("tbody tr").first().waitFor();
    const cells = await card(page, name).evaluate((element) =>
      [...element.querySelectorAll("tbody tr")].map((row) => [...row.children].map(({ textContent }) => textContent)),
    );
    return cells.map((row) =>
      row
        .join(" ")
        .replace(/,? (?:[\d.]+\/s|–(?:\/s)?)/, " rate")
        .replace(/^(observations \d+) rate$/, "$1"),
    );
  };
  // What is done on the page shows a little later, at the latest with the next answer that it gets.
  const hasRows = (page: Page, name: string, expected: readonly string[]) =>
    eventually(async () => assert.deepEqual(await rows(page, name), expected));
  /** Text as it is in the document: the browser lays out cards that are out of sight when it finds the time. */
  const shows = (page: Page, names: readonly string[]) =>
    eventually(async () => assert.deepEqual(await page.locator("article h2").allTextContents(), names));
  /** What an element says, as people see it. */
  const says = (page: Page, selector: string, expected: RegExp) =>
    eventually(async () =>
      assert.match((await page.locator(selector).innerText()).replace(/\s+/g, " ").trim(), expected),
    );

  it("shows what was counted, by the type of each metric", async () => {
    const page = await open();
    await hasRows(page, "app_requests_total", [
      "route=/ status=200 worker=0 rate 40",
      "route=/ status=500 worker=1 rate 2",
    ]);
    await hasRows(page, "app_active_users", ["value 7"]);
    await hasRows(page, "app_phase", ["ready on", "starting off"]);
    await hasRows(page, "build_info", ["version 1.4.0"]);
    await hasRows(page, "app_latency_seconds", [
      "p50 since the start 175 ms",
      "p90 since the start 235 ms",
      "p99 since the start 249 ms",
      "observations 100",
    ]);
    await says(page, "#facts", /^8 metrics \d+ series [\d.]+ (?:KiB|B) \d+ ms for a scrape$/);
    await says(page, "#failing", /^Collectors that failed: broken$/);
  });

  it("follows what changes, with the rate of a counter", async () => {
    const page = await open();
    await page.locator("#every").selectOption("1000");
    await rows(page, "app_active_users");
    users.set(9);
    await card(page, "app_active_users").getByText("9", { exact: true }).waitFor();
    // The rate is that of the last second, so the requests go on until somebody has seen it.
    const traffic = setInterval(() => requests.inc({ route: "/", status: 200, worker: 0 }, 12), 200);
    try {
      await card(page, "app_requests_total")
        .getByText(/^[1-9][\d.]*\/s$/)
        .waitFor();
    } finally {
      clearInterval(traffic);
    }
    requests.reset();
    requests.inc({ route: "/", status: 200, worker: 0 }, 40);
    requests.inc({ route: "/", status: 500, worker: 1 }, 2);
    users.set(7);
  });

  it("finds metrics by words, and series by labels", async () => {
    const page = await open();
    await page.keyboard.press("/");
    await page.keyboard.type("latency");
    await shows(page, ["app_latency_seconds"]);
    await page.locator("#search").fill("status=500");
    await shows(page, ["app_requests_total"]);
    await hasRows(page, "app_requests_total", ["route=/ status=500 worker=1 rate 2"]);
    await page.locator("#search").fill("nowhere");
    await says(page, "#list", /^Nothing fits what is looked for\.$/);
    await page.locator("#search").fill("");
    await page.locator("nav button", { hasText: "build" }).click();
    await shows(page, ["build_info"]);
  });

  it("keeps the list of groups below the header, however many lines that takes", async () => {
    for (const width of [900, 1_280, 1_600]) {
      const page = await open({ viewport: { width, height: 500 } });
      await page.evaluate("scrollTo(0, 100000)");
      const gap =
        "document.querySelector('nav').getBoundingClientRect().top - document.querySelector('header').offsetHeight";
      await eventually(async () => assert.equal(await page.evaluate(gap), 16, `${width} pixels wide`));
    }
  });

  it("adds series up by a label, and shows one worker alone", async () => {
    const page = await open();
    await rows(page, "app_requests_total");
    await page.getByLabel("How to group app_requests_total").selectOption("route");
    await hasRows(page, "app_requests_total", ["/ rate 42"]);
    await page.getByLabel("Worker").selectOption("1");
    await hasRows(page, "app_requests_total", ["/ rate 2"]);
  });

  it("takes everything that comes from labels and help texts for text", async () => {
    const page = await open();
    await eventually(async () => {
      const names = await rows(page, "hostile");
      assert.deepEqual(names.map((row) => row.slice(0, 40)).sort(), [
        'v="><img src=x onerror="window.pwned=1">'.slice(0, 40),
        "v=<script>window.pwned=1</script> 1",
        `v=${"a".repeat(38)}`,
      ]);
      assert.equal(await card(page, "hostile").locator(".help").innerText(), hostile.slice(0, 2).join(" "));
    });
    assert.equal(await page.evaluate("window.pwned"), undefined);
    assert.deepEqual(await page.evaluate("[document.images.length, document.scripts.length]"), [0, 1]);
  });

  it("asks nobody but its own server, and not for everything each time", async (t) => {
    const many = new Counter({ name: "many_total", help: "Ten thousand series.", labelNames: ["id"], registers });
    t.after(() => registry.unregister(many));
    for (let id = 0; id < 10_000; id++) many.inc({ id }, id);
    const page = await open();
    await says(page, "#facts", /10,\d{3} series/);
    await page.locator("#every").selectOption("1000");
    await rows(page, "many_total");
    const before = page.asked.length;
    while (page.asked.length < before + 4) await page.waitForRequest(/metrics/);
    assert.deepEqual(new Set(page.asked.map((url) => new URL(url).origin)), new Set([new URL(page.url()).origin]));
    assert.equal(page.asked.filter((url) => url.endsWith("/metrics")).length, 1);
    const nodes = (await page.evaluate("document.querySelectorAll('*').length")) as number;
    assert.ok(nodes < 1_500, `${nodes} elements for ten thousand series`);
  });

  it("says when it lost the server, and goes on when that is back", async () => {
    const page = await open();
    await page.locator("#every").selectOption("1000");
    const { port } = server as MetricsServer;
    await (server as MetricsServer).close();
    await page.locator('#state[data-state="lost"]').waitFor();
    await says(page, "#say", /^Lost the server at .+, trying again$/);
    server = await startMetricsServer({ port, registry });
    await page.locator('#state[data-state="live"]').waitFor();
    await says(page, "#say", /^Live$/);
  });

  it("stops asking while it is paused", async () => {
    const page = await open();
    await page.locator("#every").selectOption("1000");
    await page.getByRole("button", { name: "Pause" }).click();
    await says(page, "#say", /^Paused$/);
    const before = page.asked.length;
    await page.waitForTimeout(1_500);
    assert.equal(page.asked.length, before);
  });

  it("stays paused when the answer comes that it was waiting for", async () => {
    const page = await open();
    await rows(page, "app_active_users");
    const [isAsked, mayGo] = [deferred(), deferred()];
    await page.route(/metrics/, async (route) => {
      isAsked.resolve();
      await mayGo.promise;
      await route.continue();
    });
    users.set(8);
    await page.locator("#every").selectOption("1000");
    await isAsked.promise;
    await page.getByRole("button", { name: "Pause" }).click();
    mayGo.resolve();
    await card(page, "app_active_users").getByText("8", { exact: true }).waitFor();
    await says(page, "#say", /^Paused$/);
    await page.unroute(/metrics/);
    users.set(7);
  });

  it("fills every card that a large screen shows, what the service does before what its process is made of", async (t) => {
    const scope = registry.scoped({ prefix: "process_part_" });
    const parts = Array.from({ length: 60 }, (_, i) => new Gauge({ name: `g${i}`, help: "G.", registers: [scope] }));
    t.after(() => {
      for (const part of parts) scope.unregister(part);
    });
    const page = await open({ viewport: { width: 1_600, height: 7_000 } });
    await page.locator("#every").selectOption("1000");
    await eventually(async () => {
      const names = await page
        .locator("article:has(tbody tr)")
        .evaluateAll((cards) => cards.map((one) => one.getAttribute("data-name")));
      assert.equal(names.length, 68);
      assert.deepEqual(
        names.slice(7, -1),
        parts.map((_, i) => `process_part_g${i}`),
      );
    });
  });

  it("reads the metrics also when the password was in the address, and behind the prefix of a proxy", async () => {
    const authorization = { type: "basic", username: "u", password: "p" } as const;
    const guarded = await startMetricsServer({ port: 0, registry, authorization });
    const { port } = guarded;
    const proxy = createServer((incoming, outgoing) => {
      const { method, headers } = incoming;
      const path = (incoming.url as string).replace("/some/service", "");
      request({ port, path, method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode as number, answer.headers);
        answer.pipe(outgoing);
      }).end();
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    try {
      for (const path of [`${port}/`, `${(proxy.address() as AddressInfo).port}/some/service/`]) {
        await page.goto(`http://u:p@127.0.0.1:${path}`);
        await page.locator('#state[data-state="live"]').waitFor();
      }
    } finally {
      await page.goto("about:blank");
      await guarded.close();
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  const axe = readFileSync(packages.resolve("axe-core/axe.min.js"), "utf8");
  for (const width of [400, 1_600]) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`is usable by everybody, ${width} pixels wide and ${colorScheme}`, async () => {
        const page = await open({ viewport: { width, height: 900 }, colorScheme });
        await rows(page, "app_requests_total");
        assert.equal(await page.locator("html").getAttribute("data-theme"), colorScheme);
        // A look in the middle of a change sees colours that are neither the old ones nor the new ones.
        await eventually(async () => {
          const violations = await page.evaluate(
            `${axe}; axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`,
          );
          assert.deepEqual(violations, []);
          assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
        }, 15_000);
      });
    }
  }
});
