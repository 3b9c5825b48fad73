// Four worker processes of node:cluster and one exposition of all they have counted.
import { fork } from "node:child_process";
import { once } from "node:events";
import { type Case, type LoneCase, type Settings, sizeName, type Target, type Unit } from "./case.ts";
import { type ContenderName, ours, rival } from "./contenders.ts";

const figures: readonly {
  readonly name: string;
  readonly unit: Unit;
  readonly title: string;
  readonly targets: readonly Target[];
  /** @default all that aggregate; those that the targets are about where more would take too long */
  readonly contenders?: readonly ContenderName[];
}[] = [
  { name: "scrape", unit: "ms", title: "scrape", targets: [{ type: "faster", than: rival, times: 10 }] },
  { name: "block", unit: "ms", title: "longest block of the primary's event loop in a second", targets: [] },
  {
    name: "fold",
    unit: "ms",
    title: "longest block of the primary's event loop in the second after a worker was killed",
    targets: [{ type: "at most", value: 5 }],
    // The others forget what it had counted.
    contenders: [ours],
  },
  { name: "bytes", unit: "bytes", title: "bytes between the processes in a second", targets: [] },
];

const all: readonly ContenderName[] = [ours, rival, "prom-client"];

/** The largest scrapes of the peers take them five seconds and more, or fail after so long. */
function roundsOf(series: number, { quick }: Settings): number {
  if (quick) return 1;
  return series >= 100_000 ? 3 : 5;
}

function clusterCase(figure: (typeof figures)[number], series: number, settings: Settings): LoneCase {
  return {
    type: "lone",
    name: `cluster/${figure.name}/${sizeName(series)}`,
    title: `${figure.title}, 4 processes of ${series.toLocaleString("en-US")} series each, 1 % changed a second`,
    unit: figure.unit,
    contenders: figure.contenders ?? (settings.full || figure.name === "scrape" ? all : [ours, rival]),
    processes: 1,
    targets: figure.targets,
    async measure(_, name) {
      const args = [name, String(series), figure.name, String(roundsOf(series, settings))];
      const child = fork(new URL("cluster-primary.ts", import.meta.url), args, { execArgv: ["--import", "tsx"] });
      const failed = once(child, "exit").then(([code]) => {
        throw new Error(`The primary process of ${name} with ${series} series ended with ${code}.`);
      });
      const [samples] = (await Promise.race([once(child, "message"), failed])) as [number[]];
      failed.catch(() => {});
      child.kill("SIGKILL");
      return samples;
    },
  };
}

export function cases(settings: Settings): readonly Case[] {
  const sizes = settings.quick ? [1_000] : settings.full ? [10_000, 100_000] : [10_000];
  const shown = figures.filter(({ name }) => settings.quick || settings.full || name !== "bytes");
  return sizes.flatMap((size) => shown.map((figure) => clusterCase(figure, size, settings)));
}
