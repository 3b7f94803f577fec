// The limits that are in force: which one rules, and one of our own.

function limitsCard() {
  const body = h("tbody", {})
  const none = h("p.soft", {}, t("Nothing limits the current from outside."))
  const heads = ["Source", "Where", "Limit", "Time left", "Afterwards", ""].map((name, n) =>
    h(n > 1 ? "th.number" : "th", {scope: "col"}, name && t(name)))
  const table = h("div.table", {tabindex: 0, role: "region", "aria-label": t("Limits")},
    h("table", {}, h("thead", {}, h("tr", {}, heads)), body))
  const form = may("operator") ? limitForm() : null
  const amperes = ma => ma === null || ma === undefined ? t("none") : scaled(ma, 1000, 1, "A")
  return {root: card(t("Limits"), none, table, form), show(state) {
    const limits = state.limits || []
    none.hidden = limits.length > 0
    table.hidden = !limits.length
    body.replaceChildren(...limits.map(limit => h("tr", {},
      h("td", {}, t(limit.source)),
      h("td", {}, limit.outlet ? t("Outlet {0}", limit.outlet) : t("Station")),
      h("td.number", {}, amperes(limit.ma)),
      h("td.number", {}, limit.left_ms === null || limit.left_ms === undefined ? "–" : duration(limit.left_ms)),
      h("td.number", {}, limit.fail_safe_ma === undefined || limit.fail_safe_ma === null ? "–" : amperes(limit.fail_safe_ma)),
      h("td.number", {}, limit.rules ? h("b", {}, t("rules")) : ""))))
  }}
}

function limitForm() {
  const input = attributes => h("input", {inputmode: "decimal", autocomplete: "off", ...attributes})
  const amperes = field(t("Limit in A"), input({}))
  const minutes = field(t("For minutes"), input({placeholder: t("until it is removed")}))
  const outlets = [[0, t("Station")]]
  for (let n = 1; n <= site.me.outlets; n++) outlets.push([n, t("Outlet {0}", n)])
  const where = field(t("Where"), choice(outlets, 0))
  const value = (one, needed) => {
    const text = one.input.value.trim().replace(",", ".")
    const right = text === "" ? !needed : Number(text) >= 0
    one.wrong(right ? "" : t("A number, please"))
    return right ? (text === "" ? null : Number(text)) : NaN
  }
  const put = async body => {
    await api("PUT", "limit", {...body, outlet: Number(where.input.value)})
    tell(t("The limit is changed"))
  }
  const set = async () => {
    const [a, min] = [value(amperes, true), value(minutes, false)]
    if (!isNaN(a) && !isNaN(min)) await put({ma: Math.round(a * 1000), life_ms: min === null ? null : Math.round(min * 60000)})
  }
  return h("div.row", {}, amperes, minutes, where, button(t("Set limit"), set, "main"),
    button(t("Remove limit"), () => put({ma: null, life_ms: null})))
}
