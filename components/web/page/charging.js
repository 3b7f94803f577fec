// What the outlets do, in words, figures and plots; why one does not charge; start and stop.

const STATES = {
  Available: "Free", Preparing: "Preparing", Charging: "Charging", SuspendedEV: "Paused by the vehicle",
  SuspendedEVSE: "Paused by the charger", Finishing: "Finished", Reserved: "Reserved", Unavailable: "Out of service",
  Faulted: "Fault",
}

const ERRORS = {  // of OCPP
  ConnectorLockFailure: "The lock of the connector has failed", EVCommunicationError: "No communication with the vehicle",
  GroundFailure: "Ground fault", HighTemperature: "Too hot", InternalError: "Internal fault", OtherError: "Fault",
  OverCurrentFailure: "Current too high", OverVoltage: "Voltage too high", PowerMeterFailure: "The meter has failed",
  PowerSwitchFailure: "The power module does not stop", UnderVoltage: "Voltage too low",
}

const histories = []  // by outlet: {history, number of its transaction}

// "Charging, 2.2 kW, 36 %"
function described(outlet) {
  const parts = [t(STATES[outlet.state] || outlet.state)]
  if (outlet.state === "Charging" && outlet.power_mw !== null) parts.push(scaled(outlet.power_mw, 1e6, 1, "kW"))
  if (outlet.plugged && outlet.soc_permille !== null) parts.push(scaled(outlet.soc_permille, 10, 0, "%"))
  return parts.join(", ")
}

// Keep what an event tells of the sessions, whatever view is shown.
function remember(outlets) {
  outlets.forEach((outlet, n) => {
    if (!histories[n]) histories[n] = {history: new History(), number: null}
    const number = outlet.transaction ? outlet.transaction.number : null
    if (number === null) return
    if (number !== histories[n].number) histories[n] = {history: new History(), number}
    histories[n].history.add(Date.now(), outlet)
  })
}

// A line of `why`: whether it blocks (null: neither), and its text, without what is to be typed at the console.
function reason(line) {
  const found = /^(ok|BLOCKS)\s+(.*?)(?:: (?:s releases|see components).*?)?( \(unknown\))?$/.exec(line)
  if (!found) return [null, words(line)]
  return [found[1] === "BLOCKS", found[3] ? t("{0} (unknown)", t(found[2])) : t(found[2])]
}

class OutletView {
  constructor(n, count) {
    this.n = n
    this.state = h("p.state", {})
    this.error = h("p.box.bad", {hidden: true})
    this.bar = h("i", {})
    this.figures = {}
    const figure = (key, name) => h("div", {}, h("dt", {}, t(name)), this.figures[key] = h("dd", {}))
    this.reasons = h("ul.why", {})
    this.title = h("h3", {})
    this.checks = h("ul.why", {})
    this.session = h("p.soft", {})
    this.none = h("p.soft", {}, t("The plots begin with a session."))
    this.plots = h("div.plots", {})
    this.root = card(count > 1 ? t("Outlet {0}", n + 1) : t("Outlet"),
      this.state, h("div.charge", {"aria-hidden": "true"}, this.bar), this.session, this.error, this.title, this.reasons,
      h("dl.figures", {}, figure("voltage", "Voltage"), figure("current", "Current"), figure("power", "Power"),
        figure("charge", "Charge"), figure("energy", "Energy")),
      this.controls(), this.none, this.plots,
      h("details", {}, h("summary", {}, t("All conditions")), this.checks))
  }

  controls() {
    if (!may("operator")) return null
    const tag = h("input", {maxlength: 20, autocomplete: "off", autocapitalize: "off", spellcheck: "false"})
    const outlet = this.n + 1
    const send = path => async () => {
      if (!tag.value.trim()) {
        tag.focus()
        throw new Error(t("Type the number of a card first"))
      }
      answered(await api("POST", path, path === "start" ? {tag: tag.value.trim(), outlet} : {tag: tag.value.trim()}))
    }
    this.begin = button(t("Start"), send("start"), "main")
    this.stop = button(t("Stop"), async () => {
      await api("POST", "stop", {outlet})
      tell(t("The session ends"))
    })
    return h("div.row", {}, field(t("Card"), tag), this.begin, this.stop, button(t("Present card"), send("card")))
  }

  show(outlet) {
    put(this.state, described(outlet))
    this.state.className = "state" + (outlet.state === "Charging" ? " on" : outlet.state === "Faulted" ? " off" : "")
    this.bar.style.width = (outlet.plugged && outlet.soc_permille || 0) / 10 + "%"
    const error = outlet.error && outlet.error !== "NoError"
      ? [t(ERRORS[outlet.error] || outlet.error), words(outlet.info || "")].filter(Boolean).join(": ") : ""
    put(this.error, error)
    this.error.hidden = !error
    put(this.figures.voltage, scaled(outlet.terminal_voltage_mv, 1000, 1, "V"))
    put(this.figures.current, scaled(outlet.terminal_current_ma, 1000, 1, "A"))
    put(this.figures.power, scaled(outlet.power_mw, 1e6, 2, "kW"))
    put(this.figures.charge, scaled(outlet.soc_permille, 10, 0, "%"))
    put(this.figures.energy, scaled(outlet.session_mwh, 1e6, 3, "kWh"))
    const running = outlet.transaction
    put(this.session, running ? t("Session {0}, card {1}", running.id === null ? "–" : running.id, running.id_tag) : "")
    if (this.begin) [this.begin.hidden, this.stop.hidden] = [Boolean(running), !running]
    this.explain(outlet)
    this.draw()
  }

  explain(outlet) {
    const lines = outlet.why.filter(line => !/^(connector \d|charging is |error: )/.test(line)).map(reason)
    const blocking = lines.filter(([blocks]) => blocks)
    put(this.title, blocking.length ? t("Why it does not charge") : "")
    this.title.hidden = !blocking.length
    fill(this.reasons, blocking)
    fill(this.checks, lines)
  }

  draw() {
    const kept = histories[this.n]
    const some = kept && kept.history.samples.length > 0
    this.none.hidden = some
    if (!some) return
    if (this.drawn !== kept) {
      this.drawn = kept
      this.pointed = null
      const point = at => {
        this.pointed = at
        this.all.forEach(plot => plot.draw(at))
      }
      this.all = SERIES.map((_, n) => new Plot(kept.history, n, point))
      this.plots.replaceChildren(...this.all.map(plot => plot.root))
    }
    this.all.forEach(plot => plot.draw(this.pointed))
  }
}

// Change a list only where it differs.
function fill(list, lines) {
  const shown = JSON.stringify(lines)
  if (list.shown === shown) return
  list.shown = shown
  list.replaceChildren(...lines.map(([blocks, text]) => h("li" + (blocks ? ".bad" : blocks === false ? ".ok" : ""), {}, text)))
}

// What became of a card.
function answered(data) {
  tell(t("Card {0}: {1}", data.tag, words(data.text)))
}

function overview() {
  const root = h("div.views")
  let views = []
  const limits = limitsCard()
  const station = h("ul.why.box.bad", {hidden: true})
  return {root, show(state) {
    fill(station, (state.why || []).map(line => [null, words(line)]))
    station.hidden = !station.children.length
    if (views.length !== state.outlets.length) {
      views = state.outlets.map((_, n) => new OutletView(n, state.outlets.length))
      root.replaceChildren(station, ...views.map(view => view.root), limits.root)
    }
    views.forEach((view, n) => view.show(state.outlets[n]))
    limits.show(state)
  }}
}
