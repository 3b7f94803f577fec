// The sessions that the charger remembers.

const PAGE = 25
const REASONS = {  // of OCPP
  DeAuthorized: "Card refused", EmergencyStop: "Emergency stop", EVDisconnected: "Vehicle unplugged", HardReset: "Restart",
  Local: "Ended here", Other: "Other", PowerLoss: "Power failure", Reboot: "Restart", Remote: "Ended by the central system",
  SoftReset: "Restart", UnlockCommand: "Cable unlocked",
}
const SESSION_COLUMNS = [  // title, its text, whether it is a number
  ["Begin", row => moment(row.start), false],
  ["Outlet", row => number(row.outlet, 0), true],
  ["Card", row => textOf(row.id_tag), false],
  ["Energy", row => scaled(row.wh, 1000, 2, "kWh"), true],
  ["Highest power", row => scaled(row.max_w, 1000, 1, "kW"), true],
  ["Duration", row => duration(row.stop && row.start ? new Date(row.stop) - new Date(row.start) : null), true],
  ["Reason", row => t(REASONS[row.reason] || textOf(row.reason)), false],
]

function sessionsView() {
  const body = h("tbody", {})
  const heads = SESSION_COLUMNS.map(([name, , kind]) => h("th" + (kind ? ".number" : ""), {scope: "col"}, t(name)))
  const note = h("p.soft", {role: "status"}, t("Loading …"))
  const table = h("div.table", {tabindex: 0, role: "region", "aria-label": t("Sessions"), hidden: true},
    h("table", {}, h("thead", {}, h("tr", {}, heads)), body))
  let from = 0
  const more = button(t("Show more"), next)
  more.hidden = true
  async function next() {
    const rows = await api("GET", `sessions?from=${from}&count=${PAGE}`)
    from += rows.length
    for (const row of rows) body.append(h("tr", {}, SESSION_COLUMNS.map(([, cell, kind]) => h("td" + (kind ? ".number" : ""), {}, cell(row)))))
    more.hidden = rows.length < PAGE
    table.hidden = !from
    note.hidden = from > 0
    put(note, t("No session yet."))
  }
  const csv = h("a.button", {href: "/api/sessions.csv", download: "sessions.csv"}, t("Download as CSV"))
  const root = card(t("Sessions"), h("div.row", {}, csv), note, table, h("div.row", {}, more))
  load(root, next)
  return {root}
}
