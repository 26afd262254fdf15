// The figures: the last sample, in words and numbers.

const names = ["jitter", "slots"];

const whole = n => Math.round(n).toLocaleString("en");
const seconds = s => `${Math.abs(s) < .005 ? "" : s < 0 ? "\u2212" : "+"}${Math.abs(s).toFixed(2)}`;

const rows = [
  ["arrivals", "Arrivals", f => [whole(f.arrivals), "per second"]],
  ["served", "Completions", f => [whole(f.served), "per second"]],
  ["waiting", "Callers who wait", f => [whole(f.waiting)]],
  ["ratio", "Attempts per success", f => [ratio(f), "last minute"]],
  ["prevented", "Duplicates prevented", f => [whole(f.prevented), "since the start"]],
  ["gaveUp", "Gave up", f => [whole(f.gaveUp), "since the start"]],
];

// ratio is of the attempts and the callers served in the last minute.
function ratio(f) {
  if (f.minuteServed > 0) return (f.minuteAttempts / f.minuteServed).toFixed(2);
  return f.minuteAttempts > 0 ? "\u221e" : "\u2013";
}

for (const name of names) {
  document.querySelector(`[data-fleet="${name}"] .figures`).append(...rows.map(([key, label]) => {
    const row = document.createElement("div");
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = label;
    value.dataset.figure = key;
    row.append(term, value);
    return row;
  }));
}

// set writes a value, and its unit smaller, where there is something new.
function set(element, value, unit = "", bad = false) {
  const text = unit ? `${value} ${unit}` : value;
  element.classList.toggle("bad", bad);
  if (element.textContent === text) return;
  element.textContent = value;
  if (unit) {
    const small = document.createElement("small");
    small.textContent = unit;
    element.append(" ", small);
  }
}

const store = {
  running: ["running"],
  stopped: ["stopped", true],
  yours: ["yours; not stopped from here"],
  memory: ["not installed: turns in this program's memory"],
};

const modes = {
  clear: "No trouble: everybody goes at once.",
  down: "Away: one probe at a time goes, the others stand in line.",
  ramp: "It answers again: the queue finds out how much it can do.",
  paced: "Taking turns, at the pace of the service.",
};

// how is what a fleet does now. It asks Redis again only after some seconds.
function how(f, store) {
  if (!f.mode) return ["Waits at random, for up to 0.1 s at first and 10 s in the end."];
  if (f.adrift > 0 && store === "running") return ["Waits at random until Redis has been asked again.", true];
  if (f.adrift > 0) return [`Redis does not answer: waits at random (${whole(f.fellBack)} times so far).`, true];
  return [modes[f.mode]];
}

// show writes a sample.
export function show(s) {
  const state = name => document.querySelector(`[data-state="${name}"]`);
  set(state("services"), ...(s.away > 0 ? [`away for ${Math.ceil(s.away)} s`, "", true] : ["open", "", false]));
  set(state("capacity"), whole(s.capacity), "per second", s.capacity < s.full);
  const [text, bad] = store[s.store];
  set(state("redis"), text, "", bad);
  set(state("clock"), s.clock === "unknown" ? "not known yet" : `${seconds(s.offset - s.uncertainty)} to ${seconds(s.offset + s.uncertainty)} s`);
  names.forEach((name, i) => {
    const figure = key => document.querySelector(`[data-fleet="${name}"] [data-figure="${key}"]`);
    for (const [key, , value] of rows) set(figure(key), ...value(s.fleets[i]));
    const [doing, trouble] = how(s.fleets[i], s.store);
    set(figure("how"), doing, "", trouble);
  });
}
