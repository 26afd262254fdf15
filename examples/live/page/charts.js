// The charts: the last minute, drawn by uPlot from the samples that there are.

const minute = 60;

// A scale of rates ends here, in multiples of the full capacity: what is beyond would make
// the rest too small to read.
const tallest = 6;
const ends = `The scale ends at ${tallest} times the full capacity.`;

// The colours are the style sheet's, for the theme that is on.
const probe = document.createElement("i");
document.body.append(probe);
const colour = name => () => {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
};

const rates = [
  { label: "Arrivals per second", colour: "arrivals", width: 1.5, dash: [3, 3] },
  { label: "Completions per second", colour: "completions", width: 3 },
  { label: "Capacity", colour: "capacity", width: 2, dash: [8, 5], paths: uPlot.paths.stepped({ align: 1 }) },
];

const crowds = [
  { label: "Full jitter", colour: "jitter", width: 2, dash: [8, 5] },
  { label: "Slots", colour: "slots", width: 2.5 },
];

// legend names the series of a chart.
function legend(caption, series, note) {
  for (const { label, colour } of series) {
    const entry = document.createElement("span");
    entry.dataset.colour = colour;
    entry.textContent = label;
    caption.append(entry);
  }
  caption.append(note);
}

// chart makes a chart of series, with their names below it. top is where its scale ends.
function chart(name, series, top, note = "") {
  const frame = document.querySelector(`[data-chart="${name}"]`);
  legend(frame.nextElementSibling, series, note);
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const size = () => ({ width: frame.clientWidth, height: frame.clientHeight });
  const plot = new uPlot({
    ...size(),
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 12, 0, 0],
    scales: { x: { time: false, range: [-minute, 0] }, y: { range: () => [0, top()] } },
    axes: [
      { ...axis, values: (_, at) => at.map(v => v === 0 ? "now" : `${v} s`), space: 60, size: 28 },
      { ...axis, values: (_, at) => at.map(v => v.toLocaleString("en")), size: 52 },
    ],
    series: [{}, ...series.map(s => ({ ...s, stroke: colour(s.colour), points: { show: false } }))],
  }, [[], ...series.map(() => [])], frame);
  new ResizeObserver(() => plot.setSize(size())).observe(frame);
  return plot;
}

// charts returns a function that draws samples, which end now.
export function charts() {
  let samples = [];
  const most = of => samples.reduce((peak, s) => Math.max(peak, ...s.fleets.map(of)), 0);
  // Both fleets have the same scale: they are there to be compared.
  const top = () => {
    const full = samples.at(-1)?.full ?? 100;
    return Math.min(tallest * full, Math.max(1.5 * full, 1.1 * most(f => f.arrivals)));
  };
  const fleets = ["jitter", "slots"].map(name => chart(name, rates, top, ends));
  const waiting = chart("waiting", crowds, () => Math.max(50, 1.1 * most(f => f.waiting)));

  function draw(all) {
    samples = all;
    const now = samples.at(-1)?.time ?? 0;
    const times = samples.map(s => s.time - now);
    fleets.forEach((plot, i) => plot.setData([
      times,
      samples.map(s => s.fleets[i].arrivals),
      samples.map(s => s.fleets[i].served),
      samples.map(s => s.capacity),
    ]));
    waiting.setData([times, ...[0, 1].map(i => samples.map(s => s.fleets[i].waiting))]);
  }
  return draw;
}
