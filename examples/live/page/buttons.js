// The buttons, and the keys that press them.

// key names a click, so that it is done once however often it is sent.
const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");

const pause = ms => new Promise(done => setTimeout(done, ms));

// send posts a click, again when no answer comes.
async function send(path, to) {
  const init = { method: "POST", headers: { "Idempotency-Key": `"${key()}"` }, body: new URLSearchParams({ to }) };
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await fetch(path, init);
      const text = (await answer.text()).trim();
      return answer.ok ? text : `Not done: ${text}.`;
    } catch {
      if (attempt === 3) return "Not done: the program does not answer.";
      await pause(attempt * 300);
    }
  }
}

// buttons makes the buttons work. They say what they did.
export function buttons(say) {
  for (const b of document.querySelectorAll("[data-post]")) {
    b.addEventListener("click", async () => say(await send(b.dataset.post, b.dataset.to ?? "")));
  }
  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.repeat) return;
    const b = document.querySelector(`[aria-keyshortcuts="${CSS.escape(e.key.toLowerCase())}"]`);
    if (b && !b.disabled) b.click();
  });
}

const label = (b, text) => {
  const span = b.querySelector("span");
  if (span.textContent !== text) span.textContent = text;
};

// offer has the buttons offer what there is to do after a sample.
export function offer(s) {
  const [capacity, redis] = ["capacity", "redis"].map(name => document.querySelector(`[data-post="${name}"]`));
  capacity.dataset.to = s.halved ? "full" : "half";
  label(capacity, s.halved ? "Restore the capacity" : "Halve the capacity");
  redis.dataset.to = s.store === "stopped" ? "start" : "stop";
  label(redis, s.store === "stopped" ? "Start Redis" : "Stop Redis");
  redis.disabled = s.store === "memory" || s.store === "yours";
}
