// The page: samples come by server-sent events, four in a second, and are shown.

import { buttons, offer } from "./buttons.js";
import { charts } from "./charts.js";
import { show } from "./figures.js";
import { theme } from "./theme.js";

const kept = 240; // samples: a minute
const again = 2000; // ms until a stream that was refused is asked for again
const entries = 50; // of the log

let samples = [];
let shown = []; // of them, which are fewer while the display is paused
let paused = false;
let drawn = 0; // when
let stream, retry;

const draw = charts();
const log = document.getElementById("log");

// say writes into the log, the newest first.
function say(text) {
  const entry = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString("en-GB");
  entry.append(time, " ", text);
  log.prepend(entry);
  while (log.children.length > entries) log.lastChild.remove();
}

// tell logs what changed from one sample to the next.
function tell(was, is) {
  if (!was) return;
  if (was.away > 0 && is.away === 0) say("The outage is over.");
  const [before, now] = [was.fleets[1].adrift > 0, is.fleets[1].adrift > 0];
  if (!before && now) say("Redis does not answer: the fleet with slots waits at random.");
  if (before && !now) say("Redis answers: the fleet with slots takes turns again.");
}

// The charts move once a second for those who want less motion.
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function update() {
  const last = samples.at(-1);
  if (!last) return;
  offer(last);
  if (paused || (calm.matches && last.time - drawn < 1 && last.time >= drawn)) return;
  drawn = last.time;
  shown = samples;
  show(last);
  draw(shown);
}

function connection(text, bad) {
  const state = document.querySelector('[data-state="page"]');
  state.textContent = text;
  state.classList.toggle("bad", bad);
  document.body.classList.toggle("stale", bad); // what is shown is old
}

// listen has a stream while the page is seen: browsers allow few connections to a server.
function listen() {
  clearTimeout(retry);
  stream?.close();
  if (document.hidden) return connection("out of sight, not connected", true);
  stream = new EventSource("events");
  stream.addEventListener("history", e => {
    samples = JSON.parse(e.data);
    connection("connected", false);
    update();
  });
  stream.addEventListener("message", e => {
    const sample = JSON.parse(e.data);
    tell(samples.at(-1), sample);
    samples = [...samples, sample].slice(-kept);
    update();
  });
  stream.addEventListener("error", () => {
    connection("not connected, trying again", true);
    if (stream.readyState === EventSource.CLOSED) retry = setTimeout(listen, again); // else it does so itself
  });
}

const pause = document.getElementById("pause");
pause.addEventListener("click", () => {
  paused = !paused;
  pause.querySelector("span").textContent = paused ? "Go on" : "Pause the display";
  update();
});

buttons(say);
theme(() => draw(shown));
document.addEventListener("visibilitychange", listen);
listen();
