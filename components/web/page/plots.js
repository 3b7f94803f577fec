// Plots of a session: their history is kept here, in the page, in at most LENGTH samples.

const LENGTH = 600
const WIDTH = 1000
const HEIGHT = 200
const SERIES = [  // class, name, key, divisor, decimals, unit, what the scale includes
  ["v", "Voltage", "terminal_voltage_mv", 1000, 1, "V", []],
  ["a", "Current", "terminal_current_ma", 1000, 1, "A", [0]],
  ["w", "Power", "power_mw", 1000000, 1, "kW", [0]],
  ["s", "Charge", "soc_permille", 10, 0, "%", [0, 100]],
]

// Samples of one session. Once there are too many, every second one goes, and later ones come half as often.
class History {
  constructor() {
    this.samples = []
    this.step = 0
  }

  add(ms, piece) {
    const samples = this.samples
    const sample = [ms, ...SERIES.map(([, , key, divisor]) => piece[key] === null ? null : piece[key] / divisor)]
    if (samples.length > 1 && ms - samples[samples.length - 2][0] < this.step) samples.pop()  // the last one is the newest
    samples.push(sample)
    if (samples.length > LENGTH) {
      this.samples = samples.filter((_, n) => n % 2 === 0 || n === samples.length - 1)
      this.step = 2 * (this.step || 1000)
    }
  }
}

// Three round values for a scale that has all of these.
function ticks(values) {
  let [low, high] = [Math.min(...values), Math.max(...values)]
  if (high - low < 1e-9) [low, high] = low ? [low - Math.abs(low) * .02, high + Math.abs(low) * .02] : [0, 1]
  const raw = (high - low) / 2
  const power = 10 ** Math.floor(Math.log10(raw))
  for (const factor of [1, 2, 2.5, 5, 10, 20]) {
    const step = factor * power
    const from = Math.floor(low / step + 1e-9) * step
    if (step >= raw && from + 2 * step >= high - 1e-9) return [from, from + step, from + 2 * step]
  }
  return [low, (low + high) / 2, high]
}

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}

// One plot. `cursor` is the sample that is pointed at, the same in all plots of an outlet; null: none.
class Plot {
  constructor(history, series, point) {
    this.history = history
    const [kind, name] = this.series = SERIES[series]
    this.index = series + 1
    this.value = h("b", {})
    this.marks = [0, 1, 2].map(() => h("span", {}))
    this.from = h("span", {})
    this.to = h("span", {})
    this.area = shape("path", {class: "area"})
    this.line = shape("path", {class: "line"})
    this.cursor = shape("line", {class: "cursor", y1: 0, y2: HEIGHT})
    this.dot = shape("path", {class: "dot"})
    this.svg = shape("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", tabindex: 0, role: "slider",
      "aria-label": t("{0} over the session", t(name)), "aria-valuemin": 0})
    const rules = [2, HEIGHT / 2, HEIGHT - 2].map(y => shape("line", {class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y}))
    this.svg.append(...rules, this.area, this.line, this.cursor, this.dot)
    this.svg.addEventListener("pointermove", event => point(this.at(event.offsetX / this.svg.clientWidth)))
    this.svg.addEventListener("pointerleave", () => point(null))
    this.svg.addEventListener("blur", () => point(null))
    this.svg.addEventListener("keydown", event => this.key(event, point))
    this.root = h("figure." + kind, {},
      h("figcaption", {}, h("span", {}, t(name)), this.value),
      h("div.plot", {}, h("div.ticks", {"aria-hidden": "true"}, this.marks), this.svg),
      h("div.times", {"aria-hidden": "true"}, this.from, this.to))
  }

  // The sample at a part of the width.
  at(part) {
    const samples = this.history.samples
    if (!samples.length) return null
    const ms = samples[0][0] + part * (samples[samples.length - 1][0] - samples[0][0])
    const after = samples.findIndex(sample => sample[0] >= ms)
    return after < 0 ? samples.length - 1 : after
  }

  key(event, point) {
    const last = this.history.samples.length - 1
    const at = this.pointed === null ? last : this.pointed
    const far = Math.max(1, Math.round(last / 10))
    const moves = {ArrowLeft: at - 1, ArrowRight: at + 1, PageDown: at - far, PageUp: at + far, Home: 0, End: last, Escape: null}
    if (!(event.key in moves) || last < 0) return
    event.preventDefault()
    const to = moves[event.key]
    point(to === null ? null : Math.min(last, Math.max(0, to)))
  }

  draw(pointed) {
    const samples = this.history.samples
    const [, , , , decimals, unit, included] = this.series
    const values = samples.map(sample => sample[this.index])
    const scale = ticks([...values.filter(value => value !== null), ...included].concat(values.some(value => value !== null) || included.length ? [] : [0]))
    const begin = samples.length ? samples[0][0] : 0
    const span = samples.length ? Math.max(1000, samples[samples.length - 1][0] - begin) : 1
    const x = n => (samples[n][0] - begin) / span * WIDTH
    const y = value => HEIGHT - 2 - (value - scale[0]) / (scale[2] - scale[0]) * (HEIGHT - 4)
    this.pointed = pointed !== null && pointed < samples.length ? pointed : null
    const [line, area] = paths(values, x, y)
    this.line.setAttribute("d", line)
    this.area.setAttribute("d", area)
    const fine = scale[1] - scale[0] < 1 ? 2 : scale[1] - scale[0] < 10 && scale[1] % 1 ? 1 : 0
    this.marks.forEach((mark, n) => {
      put(mark, number(scale[2 - n], fine, n ? "" : unit))
      mark.style.top = [6, 50, 94][n] + "%"
    })
    put(this.from, samples.length ? clock(begin) : "")
    put(this.to, samples.length ? clock(begin + span) : "")
    this.mark(values, samples, x, y, decimals, unit)
  }

  mark(values, samples, x, y, decimals, unit) {
    const at = this.pointed === null ? values.length - 1 : this.pointed
    const value = at < 0 ? null : values[at]
    const text = number(value, decimals, unit)
    const shown = this.pointed === null ? text : clock(samples[at][0]) + "  " + text
    put(this.value, shown)
    this.svg.setAttribute("aria-valuemax", Math.max(0, values.length - 1))
    this.svg.setAttribute("aria-valuenow", Math.max(0, at))
    this.svg.setAttribute("aria-valuetext", shown)
    this.cursor.setAttribute("visibility", this.pointed === null ? "hidden" : "visible")
    this.dot.setAttribute("d", value === null || value === undefined ? "" : `M${x(at)} ${y(value)}h0`)
    if (this.pointed !== null) for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, x(at))
  }
}

// The paths of a line and of the area below it; a value that is not known is a gap.
function paths(values, x, y) {
  let [line, area, open] = ["", "", null]
  const close = n => { if (open !== null) area += `L${x(n)} ${HEIGHT}L${x(open)} ${HEIGHT}Z` }
  values.forEach((value, n) => {
    if (value === null) {
      close(n - 1)
      open = null
      return
    }
    const point = `${x(n).toFixed(1)} ${y(value).toFixed(1)}`
    line += (open === null ? "M" : "L") + point
    area += (open === null ? "M" : "L") + point
    if (open === null) open = n
  })
  close(values.length - 1)
  return [line, area]
}
