// The buttons, and the keys that press them.

// key names a click, so that it is done once however often it is sent.
const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");

const pause = ms => new Promise(done => setTimeout(done, ms));

// send posts a click, again when no answer comes. It returns whether it was done, and what to say.
async function send(path, to) {
  const init = { method: "POST", headers: { "Idempotency-Key": `"${key()}"` }, body: new URLSearchParams({ to }) };
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await fetch(path, init);
      const text = (await answer.text()).trim();
      return [answer.ok, answer.ok ? text : `Not done: ${text}.`];
    } catch {
      if (attempt === 3) return [false, "Not done: the program does not answer."];
      await pause(attempt * 300);
    }
  }
}

// What the buttons ask for that have two sides, and their labels.
const sides = {
  capacity: { half: "Halve the capacity", full: "Restore the capacity" },
  redis: { stop: "Stop Redis", start: "Start Redis" },
};

const label = (b, text) => {
  const span = b.querySelector("span");
  if (span.textContent !== text) span.textContent = text;
};

function turn(b, to) {
  b.dataset.to = to;
  label(b, sides[b.dataset.post][to]);
}

// press is one click. The button offers the opposite then, without waiting for a sample.
async function press(b, say) {
  const { post, to = "" } = b.dataset;
  const [done, text] = await send(post, to);
  say(text);
  if (done && post in sides) turn(b, Object.keys(sides[post]).find(side => side !== to));
}

// buttons makes the buttons work. They say what they did.
export function buttons(say) {
  for (const b of document.querySelectorAll("[data-post]")) {
    let last = Promise.resolve(); // clicks on a button are done one after the other
    b.addEventListener("click", () => { last = last.then(() => press(b, say)); });
  }
  shortcuts(document.getElementById("keys"));
}

// shortcuts has keys press buttons while the switch is on: whoever speaks to the computer, or
// hits keys by accident, needs them off.
function shortcuts(on) {
  const update = () => {
    for (const b of document.querySelectorAll("[data-key]")) b.ariaKeyShortcuts = on.checked ? b.dataset.key : null;
  };
  on.addEventListener("change", update);
  update();
  document.addEventListener("keydown", e => {
    if (!on.checked || e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
    const b = document.querySelector(`[data-key="${CSS.escape(e.key.toLowerCase())}"]`);
    if (b && !b.disabled) b.click();
  });
}

// offer has the buttons offer what there is to do after a sample.
export function offer(s) {
  const [capacity, redis, callers] = ["capacity", "redis", "callers"].map(name => document.querySelector(`[data-post="${name}"]`));
  turn(capacity, s.halved ? "full" : "half");
  turn(redis, s.store === "stopped" ? "start" : "stop");
  redis.disabled = s.store === "memory" || s.store === "yours";
  label(callers, `Add ${s.herd} callers`);
}
