// Asks the hub, signed with this phone's key; and learns from each answer what time it is.
import { base64, keep, kept, phoneKey } from "./keep.js";

const WAIT_MS = 15000;
let synced = null; // the hub's time at a moment of the steady clock, once it is known

/** The hub has said no; `slug` says which way. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.detail || problem.title);
    this.slug = String(problem.type || "").split("/").pop();
    this.status = problem.status;
    this.problem = problem;
  }
}

/** Posts a question; throws Refused, or TypeError and the like without a network. */
export async function ask(path, question) {
  const key = await phoneKey();
  const body = new TextEncoder().encode(JSON.stringify({ ...question, device: key.point }));
  const head = new TextEncoder().encode(`VX1 holder\0${path}\0`);
  const message = new Uint8Array([...head, ...body]);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.sign, message);
  const before = Date.now();
  const answer = await fetch(path, {
    method: "POST", body, cache: "no-store", credentials: "omit",
    signal: AbortSignal.timeout(WAIT_MS),
    headers: {
      "Content-Type": "application/json",
      "Device-Signature": base64(new Uint8Array(signature)),
    },
  });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said);
  await learnTime(said.hub_time_s, before, Date.now());
  return said;
}

async function learnTime(hubTimeS, beforeMs, afterMs) {
  // The hub's clock was read between the two, and it says whole seconds.
  const offMs = hubTimeS * 1000 + 500 - (beforeMs + afterMs) / 2;
  synced = { hubMs: afterMs + offMs, steadyMs: performance.now() };
  await keep("clock", { offMs, atMs: afterMs });
}

/** Returns what time it is, Unix seconds, and how far this phone's own clock is off. */
export async function now() {
  const clock = await kept("clock");
  if (synced) {
    const ms = synced.hubMs + performance.now() - synced.steadyMs;
    return { atS: ms / 1000, offS: (ms - Date.now()) / 1000, known: true };
  }
  const offMs = clock?.offMs ?? 0;
  return { atS: (Date.now() + offMs) / 1000, offS: offMs / 1000, known: Boolean(clock) };
}

/** Forgets the steady clock, which may have slept with the phone. */
export function wokeUp() {
  synced = null;
}
