import { Registry } from "./registry.ts";

const key = Symbol.for("tallystick.registry/1");

const shared = globalThis as { [key]?: Registry };
shared[key] ??= new Registry();

/**
 * The registry that metrics are registered with unless told otherwise. All copies of the library in a process share
 * it: an ES module and a CommonJS build, two versions, or one loaded anew.
 */
export const register: Registry = shared[key];
