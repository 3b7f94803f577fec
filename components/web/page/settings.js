// settings.json, checked while one types; OCPP's variables.

const CHECK_MS = 400  // after the last key

// The value that a text stands for, and what is wrong with it.
function parsed(row, text) {
  if (text === "") return [null, ""]
  if (row.type === "bool") return [text === "true", ""]
  const known = limit => limit !== null && limit !== undefined
  const outside = size => known(row.lowest) && size < row.lowest || known(row.highest) && size > row.highest
  if (row.type !== "int" && row.type !== "float") return [text, outside(text.length) ? bounds(row) : ""]
  if (row.type === "int" && !/^-?\d+$/.test(text)) return [text, t("A whole number, please")]
  if (isNaN(Number(text))) return [text, t("A number, please")]
  return [Number(text), outside(Number(text)) ? bounds(row) : ""]
}

function bounds(row) {
  const known = value => value !== null && value !== undefined
  const [low, high] = [known(row.lowest) && !(row.type === "str" && row.lowest === 0), known(row.highest)]
  const words = !low && !high ? "" : !high ? t("at least {0}", row.lowest) : !low ? t("at most {0}", row.highest)
    : t("{0} to {1}", row.lowest, row.highest)
  return words && row.type === "str" ? t("{0} characters", words) : words
}

function textOf(value) {
  return value === null || value === undefined ? "" : Array.isArray(value) ? value.join(", ") : String(value)
}

// The fields of the settings; `changes` has what differs from the charger's.
class Settings {
  constructor(rows, changed) {
    this.rows = rows.sort((one, other) => one.name < other.name ? -1 : 1)
    this.changed = changed
    this.changes = {}
    this.wrong = {}
    this.fields = {}
    this.timer = 0
  }

  sections() {
    const sections = new Map()
    for (const row of this.rows) {
      const at = row.name.lastIndexOf(".")
      const section = row.name.slice(0, Math.max(0, at))
      if (!sections.has(section)) sections.set(section, [])
      sections.get(section).push(this.field(row, row.name.slice(at + 1)))
    }
    return [...sections].map(([section, fields]) => [h("h3", {}, section), h("div.grid", {}, fields)]).flat()
  }

  field(row, label) {
    const shown = textOf(row.value)
    const options = row.choices ? row.choices.map(value => [textOf(value), textOf(value)])
      : row.type === "bool" ? [["true", t("yes")], ["false", t("no")]] : null
    const input = options ? choice([["", t("default")], ...options], row.set ? shown : "")
      : h("input", {type: row.secret ? "password" : "text", autocomplete: row.secret ? "new-password" : "off",
        autocapitalize: "off", spellcheck: "false", inputmode: row.type === "int" ? "numeric" : null})
    if (input.tagName === "INPUT" && row.set) input.value = shown
    const value = row.type === "bool" ? t(row.default ? "yes" : "no") : textOf(row.default)
    const hints = [row.secret ? (row.set ? t("is set, and never shown") : t("is not set")) : "", bounds(row),
      value !== "" && !row.secret ? t("default: {0}", value) : "", row.required ? t("required") : "",
      row.fixed ? t("fixed by the device") : ""]
    input.disabled = Boolean(row.fixed)
    const one = field(label, input, hints.filter(Boolean).join("; "))
    input.name = row.name
    const before = input.value
    input.addEventListener("input", () => this.type(row, one, input.value === before ? undefined : input.value))
    if (row.secret && row.set) one.append(button(t("Remove"), () => this.type(row, one, ""), "link"))
    this.fields[row.name] = one
    return one
  }

  // A text was typed; undefined: it is as it was.
  type(row, one, text) {
    const [value, wrong] = text === undefined ? [null, ""] : parsed(row, text.trim())
    delete this.wrong[row.name]
    if (text === undefined) delete this.changes[row.name]
    else this.changes[row.name] = value
    if (wrong) this.wrong[row.name] = wrong
    one.classList.toggle("changed", text !== undefined)
    one.wrong(wrong)
    this.changed()
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.check().catch(error => tell(error.message, true)), CHECK_MS)
  }

  // Have the charger check them; returns whether all is right.
  async check(method = "POST", path = "settings/check") {
    const asked = JSON.stringify(this.changes)
    let fields = {}
    try {
      if (asked !== "{}" && !Object.keys(this.wrong).length) await api(method, path, this.changes)
    } catch (error) {
      if (!error.data || !error.data.fields) throw error
      fields = error.data.fields
    }
    if (asked !== JSON.stringify(this.changes)) return false  // what was typed since is checked next
    return this.tell({...fields, ...this.wrong})
  }

  tell(wrong) {
    const others = []
    for (const [name, one] of Object.entries(this.fields)) one.wrong(name in wrong ? words(wrong[name]) : "")
    for (const name of Object.keys(wrong)) if (!(name in this.fields)) others.push(`${name}: ${wrong[name]}`)
    if (others.length) tell(others.join("; "), true)
    return !Object.keys(wrong).length
  }
}

function settingsView() {
  const root = card(t("Settings"), h("p.soft", {role: "status"}, t("Loading …")))
  load(root, show)
  async function show() {
    const settings = new Settings(await api("GET", "settings"), () => {
      save.disabled = !Object.keys(settings.changes).length
    })
    const fields = settings.sections()
    const save = button(t("Save"), async () => {
      if (!await settings.check("PUT", "settings")) {
        const first = root.querySelector("[aria-invalid=true]")
        if (first) first.focus()
        return
      }
      await show()
      root.prepend(restartBox())
    }, "main")
    save.disabled = true
    root.replaceChildren(h("h2", {}, t("Settings")), h("p.soft", {}, t("They are in force after a restart.")), ...fields,
      h("div.row", {}, save, button(t("Discard"), show)))
  }
  return {root}
}

function restartBox() {
  return h("div.box", {role: "status"}, h("p", {}, t("Saved. It is in force after a restart.")),
    h("div.row", {}, button(t("Restart now"), () => restart("Soft"))))
}

function variablesView() {
  const body = h("tbody", {})
  const filter = field(t("Filter"), h("input", {type: "search", autocomplete: "off"}))
  filter.input.addEventListener("input", () => {
    const wanted = filter.input.value.toLowerCase()
    for (const row of body.children) row.hidden = !row.dataset.name.includes(wanted)
  })
  const heads = ["Name", "Value"].map(name => h("th", {scope: "col"}, t(name)))
  const root = card(t("Variables"), filter, h("div.table.pairs", {}, h("table", {}, h("thead", {}, h("tr", {}, heads)), body)))
  load(root, async () => {
    const rows = await api("GET", "variables")
    body.replaceChildren(...rows.map(row => h("tr", {"data-name": row.name.toLowerCase()},
      h("td", {}, row.name), h("td", {}, row.readonly ? textOf(row.value) : variable(row)))))
  })
  return {root}
}

function variable(row) {
  const input = h("input", {"aria-label": row.name, autocomplete: "off", spellcheck: "false"})
  input.value = textOf(row.value)
  const set = button(t("Set"), async () => {
    input.setAttribute("aria-invalid", "true")
    const refused = error => error.data && error.data.status ? error.data : Promise.reject(error)
    const {status, reason} = await api("PUT", "variables", {name: row.name, value: input.value}).catch(refused)
    if (status !== "Accepted" && status !== "RebootRequired") throw new Error(`${row.name}: ${words(reason || status)}`)
    input.setAttribute("aria-invalid", "false")
    tell(t(status === "RebootRequired" ? "{0}: accepted, in force after a restart" : "{0}: accepted", row.name))
  })
  return h("form.inline", {submit: event => { event.preventDefault(); set.click() }}, input, set)
}
