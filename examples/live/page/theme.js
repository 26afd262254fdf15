// The theme: the system's, until the button says otherwise.

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");
const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

// theme calls changed whenever colours do.
export function theme(changed) {
  const update = () => {
    button.textContent = dark() ? "Light theme" : "Dark theme";
    changed();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    update();
  });
  system.addEventListener("change", update);
  update();
}
