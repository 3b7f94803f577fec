// What views are made of. Text from outside becomes text nodes and values of attributes, never markup.

const $ = id => document.getElementById(id)

// An element: its attributes (a function is a listener, true an attribute without a value), its children.
function h(tag, attributes, ...children) {
  const [name, ...classes] = tag.split(".")
  const element = document.createElement(name)
  if (classes.length) element.className = classes.join(" ")
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(key, value)
    else if (value === true) element.setAttribute(key, "")
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value)
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false))
  return element
}

const card = (title, ...children) => h("section.card", {}, title ? h("h2", {}, title) : null, ...children)

// Change the text of an element only where it differs: a screen reader speaks what changes.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text
}

let ids = 0

// A labelled input with its hint and the text of what is wrong with it: `field.input`, `field.wrong(text)`.
function field(label, input, hint) {
  const id = "f" + ++ids
  input.id = id
  const error = h("p.wrong", {id: id + "e", "aria-live": "polite"})
  const parts = [h("label", {for: id}, label), input]
  const tick = input.type === "checkbox"
  const root = h("div.field", {}, tick ? h("div.tick", {}, parts[1], parts[0]) : parts)
  if (hint) root.append(h("p.hint", {id: id + "h"}, hint))
  root.append(error)
  input.setAttribute("aria-describedby", (hint ? id + "h " : "") + id + "e")
  root.input = input
  root.wrong = text => {
    put(error, text || "")
    input.setAttribute("aria-invalid", text ? "true" : "false")
  }
  return root
}

const choice = (options, value, attributes) => h("select", attributes,
  options.map(([key, text]) => h("option", {value: key, selected: key === value}, text)))

// A button of which the work is awaited: it cannot be pressed twice, and what fails is told.
function button(text, work, kind) {
  const element = h("button" + (kind ? "." + kind : ""), {type: "button", click: () => run(element, work)}, text)
  return element
}

function form(fields, text, work) {
  const submit = h("button.main", {type: "submit"}, text)
  return h("form", {novalidate: true, submit: event => {
    event.preventDefault()
    run(submit, work)
  }}, fields, h("div.row", {}, submit))
}

async function run(element, work) {
  if (element.disabled) return
  element.disabled = true
  $("notice").hidden = true
  try {
    await work()
  } catch (error) {
    tell(error.message, true)
  } finally {
    element.disabled = false
  }
}

// Fill a card with what is asked of the charger.
async function load(root, work) {
  root.setAttribute("aria-busy", "true")
  try {
    await work()
  } catch (error) {
    if (error.status === 404) root.replaceChildren(root.firstChild, h("p.soft", {}, t("This charger does not have it.")))
    else tell(error.message, true)
  }
  root.removeAttribute("aria-busy")
}

let noticed = 0

function tell(text, bad) {
  const notice = $("notice")
  notice.setAttribute("role", bad ? "alert" : "status")
  notice.className = bad ? "notice bad" : "notice"
  notice.hidden = false
  notice.textContent = text
  clearTimeout(noticed)
  noticed = setTimeout(() => { notice.hidden = true }, bad ? 12000 : 6000)
}

const speak = text => put($("spoken"), text)

// Whether a person confirms what cannot be taken back.
function confirmed(text, yes) {
  const dialog = $("dialog")
  return new Promise(resolve => {
    const leave = value => () => { dialog.returnValue = value; dialog.close() }
    dialog.replaceChildren(
      h("p", {id: "question"}, text),
      h("div.row", {}, h("button", {type: "button", click: leave("")}, t("Cancel")),
        h("button.risky", {type: "button", click: leave("yes")}, yes)))
    dialog.returnValue = ""
    dialog.onclose = () => resolve(dialog.returnValue === "yes")
    dialog.showModal()
  })
}
