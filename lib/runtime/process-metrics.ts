// What the operating system knows of the process. Where Prometheus and prom-client have names for what is measured, those
// are the names, help texts aside. OpenTelemetry's come beside them or in their stead. What neither Prometheus nor
// prom-client names has OpenTelemetry's name in any case, so that it is there only once.
import type { Collect } from "./setup.ts";
import { attempt } from "./sources.ts";

export const processCollectors = {
  processCpuTotal({ instruments, reader: { usage }, prometheus, openTelemetry }) {
    if (prometheus) {
      instruments.counter(
        { name: "process_cpu_user_seconds_total", help: "CPU time spent in user mode." },
        usage,
        ({ userCPUTime }) => userCPUTime / 1e6,
      );
      instruments.counter(
        { name: "process_cpu_system_seconds_total", help: "CPU time spent in the system." },
        usage,
        ({ systemCPUTime }) => systemCPUTime / 1e6,
      );
      instruments.counter(
        { name: "process_cpu_seconds_total", help: "CPU time spent in user mode and in the system." },
        usage,
        ({ userCPUTime, systemCPUTime }) => (userCPUTime + systemCPUTime) / 1e6,
      );
    }
    if (openTelemetry) {
      instruments.counters(
        { name: "process_cpu_time_seconds_total", help: "CPU time spent, by mode." },
        "cpu_mode",
        usage,
        ({ userCPUTime, systemCPUTime }, tell) => {
          tell("user", userCPUTime / 1e6);
          tell("system", systemCPUTime / 1e6);
        },
      );
    }
  },

  processStartTime({ instruments, sources, reader, prometheus, openTelemetry }) {
    if (prometheus) {
      // Once and for all, or it would move whenever the wall clock is set.
      const started = attempt(() => Math.round(sources.now() - sources.uptimeSeconds() * 1000) / 1000);
      instruments.gauge(
        { name: "process_start_time_seconds", help: "When the process began, in Unix time.", aggregator: "min" },
        () => started,
        (time) => time,
      );
    }
    if (openTelemetry) {
      instruments.gauge(
        { name: "process_uptime_seconds", help: "How long the process has been running.", aggregator: "max" },
        reader.uptimeSeconds,
        (time) => time,
      );
    }
  },

  osMemoryHeap({ instruments, reader: { status, limits }, prometheus, openTelemetry }) {
    if (prometheus) {
      instruments.gauge(
        { name: "process_resident_memory_bytes", help: "Resident memory." },
        status,
        ({ residentBytes }) => residentBytes,
      );
      instruments.gauge(
        { name: "process_virtual_memory_bytes", help: "Virtual memory." },
        status,
        ({ virtualBytes }) => virtualBytes,
      );
      instruments.gauge(
        {
          name: "process_virtual_memory_max_bytes",
          help: "The most virtual memory that the process may have, where that is limited.",
        },
        limits,
        ({ process }) => process.addressSpaceBytes,
      );
      instruments.gauge(
        { name: "process_heap_bytes", help: "The data segment: all memory that is private and writable." },
        status,
        ({ dataBytes }) => dataBytes,
      );
    }
    if (openTelemetry) {
      instruments.gauge(
        { name: "process_memory_usage_bytes", help: "Resident memory." },
        status,
        ({ residentBytes }) => residentBytes,
      );
      instruments.gauge(
        { name: "process_memory_virtual_bytes", help: "Virtual memory." },
        status,
        ({ virtualBytes }) => virtualBytes,
      );
    }
  },

  processOpenFileDescriptors({ instruments, reader: { openFds }, prometheus, openTelemetry }) {
    const help = "File descriptors that are open.";
    const names = [
      ...(prometheus ? ["process_open_fds"] : []),
      ...(openTelemetry ? ["process_unix_file_descriptor_count"] : []),
    ];
    for (const name of names) instruments.gauge({ name, help }, openFds, (count) => count);
  },

  processMaxFileDescriptors({ instruments, reader: { limits }, prometheus }) {
    if (!prometheus) return;
    instruments.gauge(
      { name: "process_max_fds", help: "The most file descriptors that may be open." },
      limits,
      ({ process }) => process.openFiles,
    );
  },

  processThreads({ instruments, reader: { status }, prometheus, openTelemetry }) {
    const help = "Threads of the process, those of V8 and libuv included.";
    const names = [...(prometheus ? ["process_threads"] : []), ...(openTelemetry ? ["process_thread_count"] : [])];
    for (const name of names) instruments.gauge({ name, help }, status, ({ threads }) => threads);
  },

  processContextSwitches({ instruments, sources, reader: { usage } }) {
    // Windows does not count them, and libuv makes that 0.
    if (sources.platform === "win32") return;
    instruments.counters(
      {
        name: "process_context_switches_total",
        help: "How often a thread of the process gave its processor away, or had it taken away.",
      },
      "process_context_switch_type",
      usage,
      ({ voluntaryContextSwitches, involuntaryContextSwitches }, tell) => {
        tell("voluntary", voluntaryContextSwitches);
        tell("involuntary", involuntaryContextSwitches);
      },
    );
  },

  processPageFaults({ instruments, sources, reader: { usage } }) {
    // Windows counts both kinds as one.
    if (sources.platform === "win32") return;
    instruments.counters(
      {
        name: "process_paging_faults_total",
        help: "Page faults: major ones had to read from a disk, minor ones had not.",
      },
      "system_paging_fault_type",
      usage,
      ({ minorPageFault, majorPageFault }, tell) => {
        tell("minor", minorPageFault);
        tell("major", majorPageFault);
      },
    );
  },

  processDiskIo({ instruments, sources, reader: { usage } }) {
    // Elsewhere operations are counted, and not blocks.
    if (sources.platform !== "linux") return;
    instruments.counters(
      { name: "process_disk_io_bytes_total", help: "Bytes that were read from and written to disks." },
      "disk_io_direction",
      usage,
      ({ fsRead, fsWrite }, tell) => {
        tell("read", fsRead * 512);
        tell("write", fsWrite * 512);
      },
    );
  },

  processNetwork({ instruments, reader: { network }, prometheus, openTelemetry }) {
    if (prometheus) {
      instruments.counter(
        {
          name: "process_network_receive_bytes_total",
          help: "Bytes received over the network interfaces that the process can see.",
        },
        network,
        ({ received }) => received,
      );
      instruments.counter(
        {
          name: "process_network_transmit_bytes_total",
          help: "Bytes sent over the network interfaces that the process can see.",
        },
        network,
        ({ transmitted }) => transmitted,
      );
    }
    if (openTelemetry) {
      instruments.counters(
        {
          name: "process_network_io_bytes_total",
          help: "Bytes received and sent over the network interfaces that the process can see.",
        },
        "network_io_direction",
        network,
        ({ received, transmitted }, tell) => {
          tell("receive", received);
          tell("transmit", transmitted);
        },
      );
    }
  },

  processCgroupLimits({ instruments, reader: { limits } }) {
    instruments.gauge(
      {
        name: "process_cgroup_memory_limit_bytes",
        help: "The memory that the container may have, where that is limited.",
        aggregator: "max",
      },
      limits,
      ({ cgroup }) => cgroup.memoryBytes,
    );
    instruments.gauge(
      {
        name: "process_cgroup_cpu_limit_cores",
        help: "How many processors' time the container may use, where that is limited.",
        aggregator: "max",
      },
      limits,
      ({ cgroup }) => cgroup.cpuCores,
    );
    instruments.gauge(
      {
        name: "process_cgroup_pids_limit",
        help: "How many processes and threads the container may have, where that is limited.",
        aggregator: "max",
      },
      limits,
      ({ cgroup }) => cgroup.pids,
    );
  },
} satisfies Readonly<Record<string, Collect>>;
